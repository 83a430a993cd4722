// Inputs without a Quant; nodes of the channels-last domain.
#include <doctest/doctest.h>

#include "core/base/npy.hpp"
#include "core/reference/engine.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using test::ModelBuilder;
using Ints = std::vector<int64_t>;

struct Outcome {
  Result<LayerGraph> graph;
  bool needs_ranges = false;
};

Outcome import(const ModelBuilder& b, const std::string& ranges = "") {
  NetworkState state{b.model, {}, [](const std::string&) {}};
  state.ranges = ranges;
  for (const Pass& pass : pipeline()) {
    if (auto ok = pass.run(state); !ok) return {tl::unexpected(ok.error()), state.needs_ranges};
  }
  return {std::move(state.layers), state.needs_ranges};
}

std::string weights(ModelBuilder& b, const std::string& name, qonnx::Shape shape) {
  const auto count = static_cast<std::size_t>(*qonnx::element_count(shape));
  return b.quant(name + "q", b.floats(name, std::move(shape), std::vector<float>(count, 1)), {1});
}

std::vector<float> outputs(const LayerGraph& g, const std::vector<float>& x) {
  const auto data = run(g, std::vector{quantise_input(g, 0, x)});
  return dequantise_output(g, 0, data[static_cast<std::size_t>(g.outputs[0].tensor)]);
}

}  // namespace

TEST_CASE("import: a float input needs its range") {
  ModelBuilder b;
  const auto shifted = b.node("Sub", "sub", {b.input("x", {1, 2}), b.scalar(1)});
  b.output(b.node("MatMul", "mm", {shifted, weights(b, "w", {2, 1})}));
  const Outcome none = import(b);
  REQUIRE(!none.graph);
  CHECK(none.needs_ranges);
  CHECK(none.graph.error().what.find("--ranges LO:HI") != std::string::npos);
  const Outcome given = import(b, "1:256");
  REQUIRE(given.graph);
  CHECK(given.graph->tensors[0].q.scale == 1);
  CHECK_FALSE(given.graph->tensors[0].q.is_signed);
  CHECK(outputs(*given.graph, {11, 3.2f}) == std::vector<float>{12});
  const Outcome both = import(b, "-126:100");
  REQUIRE(both.graph);
  CHECK(both.graph->tensors[0].q.is_signed);
  for (const char* wrong : {"1:1", "a:b", "3", "1:inf", "/nonexistent.npy"}) {
    CAPTURE(wrong);
    const Outcome refused = import(b, wrong);
    REQUIRE(!refused.graph);
    CHECK(refused.graph.error().what.find("--ranges") != std::string::npos);
  }
}

TEST_CASE("import: nodes of the channels-last domain") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 2, 2, 2}), {1});
  const auto w = b.quant("wq", b.floats("w", {1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), {1});
  const auto conv = b.node("Conv", "conv", {x, w}, {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{0, 0, 1, 0}}});
  const auto q = b.quant("oq", conv, {2});
  b.output(b.node("MaxPool", "pool", {q}, {{"kernel_shape", Ints{2, 1}}}));
  for (auto& node : b.model.nodes) {
    if (node.op == "Conv" || node.op == "MaxPool") node.domain = "qonnx.custom_op.channels_last";
  }
  const Outcome o = import(b);
  REQUIRE_MESSAGE(o.graph, (o.graph ? "" : o.graph.error().what));
  CHECK(boost::num_vertices(o.graph->dag) == 2);
  CHECK(o.graph->tensors[0].dims == Dims{2, 2, 2});
  CHECK(o.graph->tensors[0].view.order.empty());  // stored as the model has it
  const auto y = outputs(*o.graph, {1, 1, 1, 1, 1, 0, 0, 1});
  CHECK(o.graph->outputs[0].view.shape == Ints{1, 1, 1, 1});
  CHECK(y == std::vector<float>{24});  // 1 + 2 + 3 + 4 + 5 + 8 = 23, to even steps of 2
}
