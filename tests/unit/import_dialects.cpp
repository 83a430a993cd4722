// Dialects of Quant and its relatives: bipolar weights, rounding modes, Trunc, equal scales per channel.
#include <doctest/doctest.h>

#include <cmath>

#include "core/reference/engine.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using test::ModelBuilder;
using Ints = std::vector<int64_t>;

LayerGraph lowered(const ModelBuilder& b) {
  auto g = test::run_pipeline(b.model, RequantPolicy::exact);
  REQUIRE_MESSAGE(g, (g ? "" : g.error().what));
  return *g;
}

std::vector<float> outputs(const LayerGraph& g, const std::vector<float>& x) {
  const auto data = run(g, std::vector{quantise_input(g, 0, x)});
  return dequantise_output(g, 0, data[static_cast<std::size_t>(g.outputs[0].tensor)]);
}

std::vector<float> ramp(std::size_t n) {
  std::vector<float> x;
  for (std::size_t i = 0; i < n; ++i) x.push_back(static_cast<float>(i));
  return x;
}

}  // namespace

TEST_CASE("import: bipolar weights, as Quant of one signed bit and as BipolarQuant") {
  for (const bool own : {true, false}) {
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 3}), {1});
    const auto w = b.floats("w", {3, 2}, {0.3f, -0.2f, 0, -5, -0.1f, 7});
    const auto q = own ? b.node("BipolarQuant", "wq", {w, b.scalar(0.5f)}) : b.quant("wq", w, {0.5f, true, 0, 1});
    b.output(b.node("MatMul", "mm", {x, q}));
    const LayerGraph g = lowered(b);
    CHECK(std::get<Weighted>(g.dag[0].op).weights == std::vector<int8_t>{1, 1, -1, -1, -1, 1});
    CHECK(outputs(g, {1, 2, 4}) == std::vector<float>{-0.5f, 0.5f});
  }
}

TEST_CASE("import: rounding modes of weights and of functions of a stored tensor") {
  const struct {
    const char* mode;
    float expected[4];
  } rows[] = {{"round", {2, -2, 1, 0}}, {"FLOOR", {1, -2, 0, 0}},     {"CEIL", {2, -1, 1, 1}},
              {"UP", {2, -2, 1, 1}},    {"HALF_DOWN", {1, -1, 1, 0}}, {"ROUND_TO_ZERO", {1, -1, 0, 0}}};
  for (const auto& row : rows) {
    CAPTURE(row.mode);
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 4}), {0.25f});
    b.output(b.quant("oq", x, {1}));
    b.model.nodes.back().attributes["rounding_mode"] = std::string(row.mode);
    const auto y = outputs(lowered(b), {1.5f, -1.5f, 0.75f, 0.25f});
    CHECK(y == std::vector<float>(row.expected, row.expected + 4));
    ModelBuilder c;
    const auto one = c.quant("iq", c.input("x", {1, 1}), {1});
    const auto w = c.quant("wq", c.floats("w", {1, 4}, {1.5f, -1.5f, 0.75f, 0.25f}), {1});
    c.model.nodes.back().attributes["rounding_mode"] = std::string(row.mode);
    c.output(c.node("MatMul", "mm", {one, w}));
    CHECK(outputs(lowered(c), {1}) == std::vector<float>(row.expected, row.expected + 4));
  }
  ModelBuilder b;
  b.output(b.quant("iq", b.input("x", {1, 4}), {0.25f}));
  b.model.nodes.back().attributes["rounding_mode"] = std::string("FLOOR");
  const auto refused = test::run_pipeline(b.model);
  REQUIRE(!refused);
  CHECK(refused.error().what.find("use ROUND") != std::string::npos);
}

TEST_CASE("import: Trunc of an average, both versions") {
  for (const bool second : {true, false}) {
    CAPTURE(second);
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 1, 4, 4}), {0.5f, false});
    const auto pool = b.node("AveragePool", "pool", {x}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
    if (second) {
      b.output(b.node("Trunc", "trunc",
                      {pool, b.scalar(0.125f), b.scalar(0), b.scalar(10), b.scalar(0.5f), b.scalar(8)},
                      {{"signed", int64_t{0}}}));
    } else {
      const auto sum = b.node("Mul", "mul", {pool, b.scalar(4)});
      b.output(b.node("Trunc", "trunc", {sum, b.scalar(0.5f), b.scalar(0), b.scalar(10), b.scalar(8)}));
    }
    std::vector<float> in = ramp(16);
    for (float& v : in) v /= 2;
    // sums of the stored values 0..15 over 2x2: 10, 18, 42, 50; floor of a quarter: 2, 4, 10, 12
    CHECK(outputs(lowered(b), in) == std::vector<float>{1, 2, 5, 6});
  }
}

TEST_CASE("import: equal scales per channel are one scale") {
  ModelBuilder b;
  const auto x = b.input("x", {1, 2});
  b.output(b.node("Quant", "iq", {x, b.floats("s", {1, 2}, {0.5f, 0.5f}), b.scalar(0), b.scalar(8)}));
  CHECK(outputs(lowered(b), {1.2f, -3}) == std::vector<float>{1, -3});
  b.model.constants["s"] = {{1, 2}, std::vector<float>{0.5f, 0.25f}};
  CHECK_FALSE(test::run_pipeline(b.model));
}

TEST_CASE("import: BatchNormalization of a stored tensor and of an average") {
  for (const bool pooled : {false, true}) {
    ModelBuilder b;
    auto x = b.quant("iq", b.input("x", {1, 2, 2, 2}), {0.5f});
    if (pooled) x = b.node("GlobalAveragePool", "pool", {x});
    const auto p = [&](const char* name, std::vector<float> v) { return b.floats(name, {2}, std::move(v)); };
    x = b.node("BatchNormalization", "bn", {x, p("g", {1, -2}), p("s", {1, 1}), p("m", {0, 2}), p("v", {1, 4})},
               {{"epsilon", 0.0}});
    b.output(b.quant("oq", x, {0.25f}));
    const auto y = outputs(lowered(b), {0, 1, 2, 3, 4, 5, 6, 7});
    if (pooled) CHECK(y == std::vector<float>{2.5f, -2.5f});
    if (!pooled) CHECK(y == std::vector<float>{1, 2, 3, 4, -1, -2, -3, -4});
  }
}
