// Float nodes before the first Quant and after the last integer tensor run on the host.
#include <doctest/doctest.h>

#include <cmath>

#include "core/ir/graph_json.hpp"
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

std::string error_of(const ModelBuilder& b) {
  const auto g = test::run_pipeline(b.model);
  return g ? "" : g.error().what;
}

std::vector<float> outputs(const LayerGraph& g, const std::vector<float>& x) {
  const auto data = run(g, std::vector{quantise_input(g, 0, x)});
  return dequantise_output(g, 0, data[static_cast<std::size_t>(g.outputs[0].tensor)]);
}

/// Logits [1, 3] of a linear layer with weights that copy the input at scale 1/4.
std::string logits(ModelBuilder& b) {
  const auto x = b.quant("iq", b.input("x", {1, 3}), {0.25f});
  const auto w = b.quant("wq", b.floats("w", {3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1}), {1});
  return b.node("MatMul", "mm", {x, w});
}

}  // namespace

TEST_CASE("import: float nodes before the first Quant") {
  ModelBuilder b;
  const auto scaled = b.node("Mul", "mul", {b.input("x", {1, 2, 2, 2}), b.scalar(2)});
  const auto moved = b.node("Transpose", "t", {scaled}, {{"perm", Ints{0, 3, 1, 2}}});
  const auto shifted = b.node("Sub", "sub", {moved, b.floats("mean", {2, 1, 1}, {1, 10})});
  b.output(b.node("MaxPool", "pool", {b.quant("iq", shifted, {1})}, {{"kernel_shape", Ints{1, 1}}}));
  const LayerGraph g = lowered(b);
  REQUIRE(g.inputs[0].host);
  CHECK(g.inputs[0].view.shape == Ints{1, 2, 2, 2});
  CHECK(g.tensors[0].dims == Dims{2, 2, 2});
  const std::vector<float> y = outputs(g, {0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(y == std::vector<float>{-1, 3, 7, 11, -8, -4, 0, 4});
  const auto again = graph_from_json(graph_to_json(g));
  REQUIRE(again);
  CHECK(outputs(*again, {0, 1, 2, 3, 4, 5, 6, 7}) == y);
}

TEST_CASE("import: float nodes after the last integer tensor") {
  ModelBuilder b;
  const auto scores = b.node("Mul", "scale", {logits(b), b.scalar(2)});
  b.output(b.node("Softmax", "softmax", {scores}, {{"axis", int64_t{1}}}));
  const LayerGraph g = lowered(b);
  REQUIRE(boost::num_vertices(g.dag) == 1);
  CHECK(g.tensors.back().type == ElementType::s32);
  const auto y = outputs(g, {0.5f, 0.25f, -1});
  const double e[] = {std::exp(1.0), std::exp(0.5), std::exp(-2.0)};
  for (std::size_t i = 0; i < 3; ++i) CHECK(y[i] == doctest::Approx(e[i] / (e[0] + e[1] + e[2])));
}

TEST_CASE("import: an output of another shape, and one of several paths") {
  ModelBuilder b;
  b.output(b.node("ArgMax", "top", {logits(b)}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}));
  LayerGraph g = lowered(b);
  CHECK(output_shape(g.outputs[0]) == Ints{1});
  CHECK(outputs(g, {0.5f, 4, -1}) == std::vector<float>{1});
  ModelBuilder c;
  const auto x = logits(c);
  const auto erf = c.node("Erf", "erf", {c.node("Div", "div", {x, c.scalar(1.4142135f)})});
  const auto one = c.node("Add", "one", {erf, c.scalar(1)});
  c.output(c.node("Mul", "half", {c.node("Mul", "gelu", {x, one}), c.scalar(0.5f)}));
  g = lowered(c);
  CHECK(g.outputs[0].host->inputs == std::vector<std::string>{"mm:0"});
  const auto y = outputs(g, {1, -2, 0.25f});
  const double v[] = {1, -2, 0.25};
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(y[i] == doctest::Approx(0.5 * v[i] * (1 + std::erf(v[i] / std::sqrt(2.0)))));
}

TEST_CASE("import: a ReLU that no Quant follows, a function of a stored tensor") {
  ModelBuilder b;
  b.output(b.node("Relu", "relu", {logits(b)}));
  CHECK(outputs(lowered(b), {0.5f, -0.25f, 1}) == std::vector<float>{0.5f, 0, 1});
  ModelBuilder c;
  c.output(c.node("Exp", "exp", {c.quant("oq", logits(c), {0.5f})}));
  CHECK(outputs(lowered(c), {0.5f, -1, 0})[0] == doctest::Approx(std::exp(0.5)));
}

TEST_CASE("import: what neither the device nor the host can do names the node to quantise before") {
  ModelBuilder b;
  b.output(b.quant("oq", b.node("Softmax", "softmax", {logits(b)}), {0.01f}));
  CHECK(error_of(b) ==
        "test.qonnx: node 'oq' (Quant): its input depends on node 'softmax' (Softmax), which is no integer layer on a "
        "tensor that is not quantised; put a Quant before that node");
  ModelBuilder c;
  const auto w = c.quant("vq", c.floats("v", {3, 1}, {1, 1, 1}), {1});
  c.output(c.node("MatMul", "mm2", {c.node("Sigmoid", "s", {logits(c)}), w}));
  CHECK(error_of(c).find("is not quantised to 8 bits; put a Quant before it") != std::string::npos);
  ModelBuilder d;
  d.output(d.node("Relu", "relu", {d.input("x", {1, 3})}));
  d.quant("iq", "x", {1});
  d.output("iq:0");
  CHECK(error_of(d).find("output 'relu:0' is computed in float from the model's input 'x'") != std::string::npos);
}

TEST_CASE("import: the layout of an input follows from its first reader") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 2, 4}), {1});
  const auto w = b.quant("wq", b.floats("w", {1, 2, 2}, {1, 2, 3, 4}), {1});
  b.output(b.node("Conv", "conv", {x, w}));
  const LayerGraph g = lowered(b);
  CHECK(g.tensors[0].dims == Dims{1, 4, 2});
  CHECK(outputs(g, {1, 2, 3, 4, 5, 6, 7, 8}) == std::vector<float>{1 + 4 + 15 + 24, 2 + 6 + 18 + 28, 3 + 8 + 21 + 32});
  ModelBuilder c;
  const auto y = c.quant("iq", c.input("x", {1, 2, 2, 1}), {1});
  const auto t = c.node("Transpose", "t", {y}, {{"perm", Ints{0, 3, 1, 2}}});
  const auto v = c.quant("wq", c.floats("w", {1, 1, 2, 2}, {1, 2, 3, 4}), {1});
  c.output(c.node("Conv", "conv", {t, v}));
  CHECK(outputs(lowered(c), {1, 2, 3, 4}) == std::vector<float>{30});
}
