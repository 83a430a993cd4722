// Element-wise functions of stored tensors as tables, clips as clip ranges, constants per channel.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

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

const ModelBuilder::QuantSpec kIn{0.0625f, true, 3}, kOut{0.03125f, true, -7};

/// The table of `op` between two quantisers against the function itself.
void check_table(const std::string& op, const std::function<double(double)>& f,
                 const ModelBuilder::Attributes& attributes = {}) {
  CAPTURE(op);
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 4}), kIn);
  b.output(b.quant("oq", b.node(op, "f", {x}, attributes), kOut));
  const LayerGraph g = lowered(b);
  REQUIRE(boost::num_vertices(g.dag) == 1);
  const auto& map = std::get<Table>(g.dag[0].op).map;
  for (int a = 0; a < 256; ++a) {
    const double y = std::nearbyint(f((a - 128 - 3) * 0.0625) / 0.03125 - 7);
    CHECK(int{map[static_cast<std::size_t>(a)]} == std::clamp(y, -128.0, 127.0) + 128);
  }
}

Quantisation output_range(const std::function<std::string(ModelBuilder&, const std::string&)>& activation) {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 3}), {0.25f});
  const auto w = b.quant("wq", b.floats("w", {3, 2}, {1, 2, 3, 4, 5, 6}), {1});
  b.output(b.quant("oq", activation(b, b.node("MatMul", "mm", {x, w})), {0.1f, true, 5}));
  const LayerGraph g = lowered(b);
  REQUIRE(boost::num_vertices(g.dag) == 1);
  return g.tensors.back().q;
}

}  // namespace

TEST_CASE("import: every function of a stored tensor is a table") {
  check_table("Relu", [](double x) { return x > 0 ? x : 0; });
  check_table("LeakyRelu", [](double x) { return x < 0 ? 0.25 * x : x; }, {{"alpha", 0.25}});
  check_table("Elu", [](double x) { return x < 0 ? 2 * (std::exp(x) - 1) : x; }, {{"alpha", 2.0}});
  check_table("Selu",
              [](double x) { return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * (std::exp(x) - 1) : x); });
  check_table("HardSigmoid", [](double x) { return std::min(1.0, std::max(0.0, 0.2 * x + 0.5)); });
  check_table("HardSwish", [](double x) { return x * std::min(1.0, std::max(0.0, x / 6 + 0.5)); });
  check_table("Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); });
  check_table("Tanh", [](double x) { return std::tanh(x); });
  check_table("Gelu", [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); });
  check_table("Gelu",
              [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); },
              {{"approximate", std::string("tanh")}});
  check_table("Softplus", [](double x) { return std::log(1 + std::exp(x)); });
  check_table("Exp", [](double x) { return std::exp(x); });
  check_table("Abs", [](double x) { return std::abs(x); });
  check_table("Neg", [](double x) { return -x; });
  check_table("Clip", [](double x) { return std::min(2.0, std::max(-1.0, x)); }, {{"min", -1.0}, {"max", 2.0}});
}

TEST_CASE("import: a function that does not exist at an input is refused") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 4}), kIn);
  b.output(b.quant("oq", b.node("Log", "log", {x}), kOut));
  const auto g = test::run_pipeline(b.model);
  REQUIRE(!g);
  CHECK(g.error().what.find("not a number") != std::string::npos);
}

TEST_CASE("import: functions written out compose to one table") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 4}), kIn);
  const auto erf = b.node("Erf", "erf", {b.node("Div", "div", {x, b.scalar(1.4142135f)})});
  const auto product = b.node("Mul", "mul", {x, b.node("Add", "add", {erf, b.scalar(1)})});
  const auto half = b.node("Mul", "half", {product, b.scalar(0.5f)});
  const auto top = b.node("Min", "min", {half, b.scalar(3)});
  b.output(b.quant("oq", b.node("Pow", "pow", {top, b.scalar(2)}), {0.0625f, false}));
  const LayerGraph g = lowered(b);
  REQUIRE(boost::num_vertices(g.dag) == 1);
  const auto& map = std::get<Table>(g.dag[0].op).map;
  for (int a = 0; a < 256; ++a) {
    const double v = (a - 131) * 0.0625, gelu = std::min(3.0, 0.5 * v * (1 + std::erf(v / double{1.4142135f})));
    CHECK(int{map[static_cast<std::size_t>(a)]} == std::clamp(std::nearbyint(gelu * gelu / 0.0625), 0.0, 255.0));
  }
}

TEST_CASE("import: a clip of a sum is the clip range of its Quant") {
  const Quantisation relu6 = output_range([](ModelBuilder& b, const std::string& x) {
    return b.node("Clip", "clip", {x, b.scalar(0), b.scalar(6)});
  });
  CHECK(relu6.lo == 133);
  CHECK(relu6.hi == 193);
  const Quantisation tanh = output_range([](ModelBuilder& b, const std::string& x) {
    return b.node("Clip", "clip", {x}, {{"min", -1.0}, {"max", 1.0}});
  });
  CHECK(tanh.lo == 123);
  CHECK(tanh.hi == 143);
  const Quantisation min = output_range([](ModelBuilder& b, const std::string& x) {
    return b.node("Min", "min", {b.node("Relu", "relu", {x}), b.scalar(2)});
  });
  CHECK(min.lo == 133);
  CHECK(min.hi == 153);
  const Quantisation scaled = output_range([](ModelBuilder& b, const std::string& x) {
    return b.node("Mul", "mul", {b.node("Relu", "relu", {x}), b.scalar(-1)});
  });
  CHECK(scaled.lo == 0);
  CHECK(scaled.hi == 133);
  const Quantisation hard =
      output_range([](ModelBuilder& b, const std::string& x) { return b.node("HardSigmoid", "hs", {x}); });
  CHECK(hard.lo == 133);
  CHECK(hard.hi == 143);
}

TEST_CASE("import: a constant per channel on a stored tensor is a depthwise layer") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 3, 2, 2}), {0.5f});
  const auto scaled = b.node("Mul", "mul", {x, b.floats("gain", {1, 3, 1, 1}, {1, -2, 0.5f})});
  const auto moved = b.node("Add", "add", {scaled, b.floats("shift", {3, 1, 1}, {0, 1, 2})});
  b.output(b.quant("oq", moved, {0.25f}));
  const LayerGraph g = lowered(b);
  REQUIRE(boost::num_vertices(g.dag) == 1);
  const auto& layer = std::get<Weighted>(g.dag[0].op);
  CHECK(layer.groups == 3);
  std::vector<float> in;
  for (int i = 0; i < 12; ++i) in.push_back(static_cast<float>(i - 6) / 2);
  const auto data = run(g, std::vector{quantise_input(g, 0, in)});
  const auto y = dequantise_output(g, 0, data.back());
  for (std::size_t i = 0; i < 12; ++i) {
    const double gain[] = {1, -2, 0.5}, shift[] = {0, 1, 2};
    CHECK(y[i] == in[i] * gain[i / 4] + shift[i / 4]);
  }
}

TEST_CASE("import: a constant per feature of tokens, and where there is none per channel") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 2, 3}), {0.5f});
  b.output(b.quant("oq", b.node("Mul", "mul", {b.floats("gain", {3}, {1, 2, 4}), x}), {0.5f}));
  const LayerGraph g = lowered(b);
  const auto data = run(g, std::vector{quantise_input(g, 0, std::vector<float>{1, 2, 3, -1, -2, -3})});
  CHECK(dequantise_output(g, 0, data.back()) == std::vector<float>{1, 4, 12, -1, -4, -12});
  ModelBuilder c;
  const auto y = c.quant("iq", c.input("x", {1, 2, 3}), {0.5f});
  c.output(c.quant("oq", c.node("Mul", "mul", {y, c.floats("gain", {2, 1}, {1, 2})}), {0.5f}));
  const auto refused = test::run_pipeline(c.model);
  REQUIRE(!refused);
  CHECK(refused.error().what.find("only one value per channel") != std::string::npos);
}

TEST_CASE("import: a Pad of zeros becomes the padding of the Conv after it") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 1, 3, 3}), {0.5f, true, 2});
  const auto p = b.node("Pad", "pad", {x, b.ints("pads", {0, 0, 1, 0, 0, 0, 0, 2})});
  const auto w = b.quant("wq", b.floats("w", {1, 1, 2, 2}, {1, 2, 3, 4}), {1});
  b.output(b.quant("oq", b.node("Conv", "conv", {p, w}, {{"pads", Ints{0, 1, 0, 0}}}), {0.5f}));
  const LayerGraph g = lowered(b);
  REQUIRE(boost::num_vertices(g.dag) == 1);
  const Window expected{2, 2, 1, 1, 1, 1, 1, 1, 0, 2};
  CHECK(std::get<Weighted>(g.dag[0].op).window == expected);
  const auto data = run(g, std::vector{quantise_input(g, 0, std::vector<float>(9, 1))});
  const auto y = dequantise_output(g, 0, data.back());
  CHECK(std::vector<float>(y.begin(), y.begin() + 5) == std::vector<float>{4, 7, 7, 3, 0});
}

TEST_CASE("import: a Pad before a MaxPool needs values that are none below 0") {
  for (const bool positive : {true, false}) {
    ModelBuilder b;
    const auto x = b.quant("iq", b.input("x", {1, 1, 3, 3}), {0.5f, !positive});
    const auto p = b.node("Pad", "pad", {x, b.ints("pads", {0, 0, 1, 1, 0, 0, 0, 0})});
    b.output(b.node("MaxPool", "pool", {p}, {{"kernel_shape", Ints{2, 2}}}));
    const auto g = test::run_pipeline(b.model);
    REQUIRE(g.has_value() == positive);
    if (g) {
      const Window expected{2, 2, 1, 1, 1, 1, 1, 1, 0, 0};
      CHECK(std::get<MaxPool>(g->dag[0].op).window == expected);
    } else {
      CHECK(g.error().what.find("can win") != std::string::npos);
    }
  }
}
