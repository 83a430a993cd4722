// What fuzzing found, and what is near it.
#include <doctest/doctest.h>

#include <cmath>

#include "core/arithmetic/curve.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using test::ModelBuilder;
using Ints = std::vector<int64_t>;

std::string error_of(const ModelBuilder& b) {
  const auto g = test::run_pipeline(b.model);
  return g ? "" : g.error().what;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("fuzzed: channels padded on both sides are three pieces") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 3, 2, 2}), {1});
  const auto p = b.node("Pad", "pad", {x, b.ints("pads", {0, 1, 0, 0, 0, 4, 0, 0})});
  b.output(b.quant("oq", p, {2}));
  const auto g = test::run_pipeline(b.model);
  REQUIRE(g);
  const auto& moved = std::get<Rearrange>(test::layer_named(*g, "pad").op);
  REQUIRE(moved.pieces.size() == 3);
  const auto channels = [&](std::size_t i) { return moved.pieces[i].movement.axes[2]; };
  CHECK(channels(0) == MovedAxis{0, 3, 1, 1, 1});
  CHECK(channels(1) == MovedAxis{3, 1, 0, 1, 1});
  CHECK(channels(2) == MovedAxis{3, 4, 4, 1, 1});
}

TEST_CASE("fuzzed: a function of a sum where it has no value") {
  const auto root_of_sum = [](float bias) {
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 1, 2, 2}), {1, false, 0, 2});
    const auto w = b.quant("wq", b.floats("w", {1, 1, 1, 1}, {1}), {1});
    const auto sum = b.node("Conv", "conv", {x, w, b.floats("b", {1}, {bias})});
    b.output(b.quant("oq", b.node("Sqrt", "root", {sum}), {0.01f, false}));
    return error_of(b);
  };
  CHECK(root_of_sum(0) == "");
  CHECK(contains(root_of_sum(-2), "node 'oq' (Quant): the function has no value at -"));
}

TEST_CASE("fuzzed: a function of a sum that hardly changes leaves the sum a scale that requantisation can hold") {
  const Quantisation out{1, 0, 0, 1, false, 1};
  const auto constant = [](double) { return 5.0; };
  const auto near_zero = [](double x) { return std::abs(x) < 1e-9 ? 0.0 : 5.0; };
  CHECK(curve_input_scale(constant, -1000, 800, out) >= 1000.0 / 256 / 32767);
  CHECK(curve_input_scale(near_zero, -1000, 800, out) >= 1000.0 / 256 / 32767);
  CHECK(curve_input_scale(near_zero, -1000, 800, out) < 1000.0 / 200 / 32767);
}

TEST_CASE("fuzzed: attributes that an operator does not have") {
  for (const Ints& pads : {Ints{}, Ints{1}, Ints(9, 1)}) {
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 1, 4, 4}), {1});
    const auto pool = b.node("GlobalAveragePool", "pool", {x}, {{"ceil_mode", int64_t{1}}, {"pads", pads}});
    b.output(b.quant("oq", pool, {1}));
    CHECK(error_of(b) == "");
  }
}

TEST_CASE("fuzzed: constants and bounds that are no numbers") {
  for (const float constant : {std::nanf(""), INFINITY, -INFINITY}) {
    for (const char* op : {"Add", "Mul", "Div", "Sub"}) {
      CAPTURE(op);
      ModelBuilder b;
      const auto x = b.quant("iq", b.input("x", {1, 1, 2, 2}), {1, false, 0, 2});
      const auto w = b.quant("wq", b.floats("w", {1, 1, 1, 1}, {1}), {1});
      const auto sum = b.node("Conv", "conv", {x, w});
      b.output(b.quant("oq", b.node(op, "n", {sum, b.scalar(constant)}), {0.01f, false}));
      const bool divides = std::string(op) == "Div" && std::isinf(constant);  // the same zero everywhere
      CHECK((divides || contains(error_of(b), "(" + std::string(op) + "): its constant")));
    }
  }
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 1, 2, 2}), {1, false, 0, 2});
  const auto w = b.quant("wq", b.floats("w", {1, 1, 1, 1}, {1}), {1});
  const auto sum = b.node("Conv", "conv", {x, w});
  b.output(b.quant("oq", b.node("Clip", "clip", {sum, b.scalar(std::nanf(""))}), {0.01f, false}));
  CHECK(contains(error_of(b), "node 'clip' (Clip): its bounds are no numbers"));
}

TEST_CASE("fuzzed: whole numbers clipped between bounds that no whole number has") {
  const auto reshaped = [](float lo, float hi) {
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 1, 2, 2}), {1});
    const auto shape = b.node("Clip", "clip", {b.ints("shape", {1, 9}), b.scalar(lo), b.scalar(hi)});
    b.output(b.quant("oq", b.node("Reshape", "reshape", {x, shape}), {1}));
    return error_of(b);
  };
  CHECK(reshaped(-INFINITY, 4.5f) == "");
  CHECK(contains(reshaped(INFINITY, INFINITY), "node 'clip' (Clip): no integer lies within its bounds"));
  CHECK(contains(reshaped(-INFINITY, -INFINITY), "node 'clip' (Clip): no integer lies within its bounds"));
  CHECK(contains(reshaped(0, std::nanf("")), "node 'clip' (Clip): no integer lies within its bounds"));
}

TEST_CASE("fuzzed: a constant on a sum that was reshaped to fewer axes") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 1, 4}), {1});
  const auto w = b.quant("wq", b.floats("w", {4, 4}, std::vector<float>(16, 1)), {1});
  const auto sum = b.node("MatMul", "product", {x, w});
  const auto flat = b.node("Reshape", "flat", {sum, b.ints("shape", {4})});
  b.output(b.quant("oq", b.node("Mul", "half", {flat, b.floats("c", {1}, {0.5f})}), {1}));
  CHECK(contains(error_of(b), "node 'half' (Mul): follows a Reshape of an accumulator; move it before the Reshape"));
}

TEST_CASE("fuzzed: a norm whose gain is not finite, in fast policy") {
  const auto error_with = [](float gain) {
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 4, 8}), {0.1f});
    const auto scale = b.floats("scale", {8}, std::vector<float>(8, gain));
    const auto y = b.node("LayerNormalization", "norm", {x, scale}, {{"axis", int64_t{-1}}});
    b.output(b.quant("oq", y, {0.05f}));
    const auto g = test::run_pipeline(b.model, RequantPolicy::fast);
    return g ? "" : g.error().what;
  };
  CHECK(error_with(1) == "");
  CHECK(contains(error_with(INFINITY), "not finite"));
}

TEST_CASE("fuzzed: a constant on a mean that has no axis with channels") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 4, 2, 2}), {1});
  const auto mean = b.node("GlobalAveragePool", "mean", {x});
  const auto flat = b.node("Reshape", "flat", {mean, b.ints("shape", {4})});
  b.output(b.quant("oq", b.node("Mul", "half", {flat, b.floats("c", {1}, {0.5f})}), {1}));
  CHECK(contains(error_of(b), "no axis 1 with the channels"));
}
