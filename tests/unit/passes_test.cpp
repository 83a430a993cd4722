// From models written down node by node to integer layers.
#include <doctest/doctest.h>

#include <cmath>

#include "core/reference/engine.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using test::layer_named;
using test::ModelBuilder;
using test::output_of;
using test::run_pipeline;
using Ints = std::vector<int64_t>;

const Weighted& weighted(const LayerGraph& g, const std::string& name) {
  return std::get<Weighted>(layer_named(g, name).op);
}

LayerGraph lowered(const ModelBuilder& b, std::vector<std::string>* notices = nullptr) {
  auto g = run_pipeline(b.model, RequantPolicy::exact, notices);
  REQUIRE_MESSAGE(g, (g ? "" : g.error().what));
  return *g;
}

std::string error_of(const ModelBuilder& b) {
  const auto g = run_pipeline(b.model);
  return g ? "" : g.error().what;
}

/// Input [1, 3] at scale 1/4, a Gemm with two outputs on top; `bias` may be empty.
std::string gemm(ModelBuilder& b, const ModelBuilder::QuantSpec& weights, std::vector<float> w,
                 const std::string& bias) {
  const auto x = b.quant("iq", b.input("x", {1, 3}), {0.25f});
  const auto q = b.quant("wq", b.floats("w", {2, 3}, std::move(w)), weights);
  std::vector<std::string> inputs{x, q};
  if (!bias.empty()) inputs.push_back(bias);
  return b.node("Gemm", "fc", inputs, {{"transB", int64_t{1}}});
}

}  // namespace

TEST_CASE("passes: Gemm without a Quant gives int32 logits") {
  ModelBuilder b;
  b.output(gemm(b, {0.5f}, {0.5f, -1, 1.5f, 2, 0, -0.5f}, b.floats("bias", {2}, {1, -2})));
  const LayerGraph g = lowered(b);
  const Weighted& fc = weighted(g, "fc");
  CHECK(fc.linear);
  CHECK(fc.weights == std::vector<int8_t>{1, -2, 3, 4, 0, -1});
  CHECK(fc.requant.form == RequantForm::raw);
  const Tensor& out = output_of(g, layer_named(g, "fc"));
  CHECK(out.type == ElementType::s32);
  CHECK(out.q.scale == 0.125);
  const std::vector<float> x{0.5f, -0.25f, 1};
  const auto data = run(g, std::vector{quantise_input(g, 0, x)});
  const auto y = dequantise_output(g, 0, data[static_cast<std::size_t>(g.outputs[0].tensor)]);
  CHECK(y == std::vector<float>{0.25f + 0.25f + 1.5f + 1, 1 - 0.5f - 2});
}

TEST_CASE("passes: a ReLU becomes the lower end of the clip range") {
  for (const bool is_signed : {true, false}) {
    ModelBuilder b;
    const auto relu = b.node("Relu", "relu", {gemm(b, {0.5f}, {1, 1, 1, 1, 1, 1}, "")});
    b.output(b.quant("oq", relu, {1, is_signed, is_signed ? -3.0f : 5.0f}));
    const LayerGraph g = lowered(b);
    const Quantisation& q = output_of(g, layer_named(g, "fc")).q;
    CHECK(q.zero_point == (is_signed ? 125 : 5));
    CHECK(q.lo == q.zero_point);
    CHECK(q.hi == 255);
    CHECK(boost::num_vertices(g.dag) == 1);
  }
}

TEST_CASE("passes: narrow and sub-byte quantisers narrow the clip range") {
  ModelBuilder b;
  b.output(b.quant("oq", gemm(b, {0.5f}, {1, 1, 1, 1, 1, 1}, ""), {1, true, 0, 4, true}));
  const Quantisation q = output_of(lowered(b), layer_named(lowered(b), "fc")).q;
  CHECK(q.lo == 128 - 7);
  CHECK(q.hi == 128 + 7);
  CHECK(q.bits == 4);
}

TEST_CASE("passes: unsigned weights move to the signed range with their zero point") {
  ModelBuilder b;
  b.output(gemm(b, {0.5f, false, 128}, {0, 63.5f, -64, 1, 2, 3}, ""));
  const LayerGraph g = lowered(b);
  const Weighted& fc = weighted(g, "fc");
  CHECK(fc.weights == std::vector<int8_t>{0, 127, -128, 2, 4, 6});
  CHECK(fc.weight_zero.empty());
  ModelBuilder c;
  c.output(gemm(c, {0.5f, false, 3, 4}, {0, 6, -1.5f, 1, 2, 3}, ""));
  const LayerGraph h = lowered(c);
  CHECK(weighted(h, "fc").weights == std::vector<int8_t>{-5, 7, -8, -3, -1, 1});
  CHECK(weighted(h, "fc").weight_zero == std::vector<int32_t>{-5, -5});
}

TEST_CASE("passes: swapped signed and narrow of weights are repaired with a warning") {
  ModelBuilder b;
  b.output(gemm(b, {0.5f, false, 0, 8, true}, {-64, 63.5f, 1, 1, 1, 1}, ""));
  std::vector<std::string> notices;
  const LayerGraph g = lowered(b, &notices);
  CHECK(weighted(g, "fc").weights == std::vector<int8_t>{-128, 127, 2, 2, 2, 2});
  REQUIRE(notices.size() == 2);
  CHECK(notices[0].find("warning: test.qonnx: node 'wq'") == 0);
  CHECK(notices[1] == "requantisation (exact): of 1 requantised layers 0 narrow, 0 wide, 1 raw");
}

TEST_CASE("passes: a quantised bias enters as its quantised value") {
  ModelBuilder b;
  const auto bias = b.quant("bq", b.floats("bias", {2}, {1.03f, -2.2f}), {0.125f, true, 0, 32});
  b.output(gemm(b, {0.5f}, {1, 1, 1, 1, 1, 1}, bias));
  const LayerGraph g = lowered(b);
  const Weighted& fc = weighted(g, "fc");
  CHECK(fc.bias_quantised);
  CHECK(fc.bias == std::vector<double>{1, -2.25});
}

TEST_CASE("passes: every dialect of Quant is the same node") {
  for (const char* domain : {"qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general", "qonnx", ""}) {
    ModelBuilder b;
    b.output(gemm(b, {0.5f}, {1, 1, 1, 1, 1, 1}, ""));
    for (auto& node : b.model.nodes) {
      if (node.op != "Quant") continue;
      node.domain = domain;
      if (*domain == 'o') node.op = "IntQuant";
      if (*domain == 'f') node.attributes["rounding_mode"] = std::string("round");
    }
    CAPTURE(domain);
    CHECK(error_of(b) == "");
  }
  ModelBuilder b;
  b.output(gemm(b, {0.5f}, {1, 1, 1, 1, 1, 1}, ""));
  b.model.nodes[0].domain = "elsewhere";
  CHECK(error_of(b).find("of domain 'elsewhere' is not supported") != std::string::npos);
}

TEST_CASE("passes: Transpose, MatMul and Add with the bias first are one linear layer") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 4, 3}), {0.25f});
  const auto q = b.quant("wq", b.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6}), {1});
  const auto y = b.node("MatMul", "mm", {x, b.node("Transpose", "t", {q}, {{"perm", Ints{1, 0}}})});
  b.output(b.node("Add", "add", {b.floats("bias", {2}, {1, 2}), y}));
  const LayerGraph g = lowered(b);
  const Weighted& mm = weighted(g, "mm");
  CHECK(mm.weights == std::vector<int8_t>{1, 2, 3, 4, 5, 6});
  CHECK(mm.bias == std::vector<double>{1, 2});
  CHECK(g.tensors[0].dims == Dims{1, 4, 3});
  CHECK(output_of(g, layer_named(g, "mm")).dims == Dims{1, 4, 2});
  CHECK(g.outputs[0].view.shape == Ints{1, 4, 2});
}

TEST_CASE("passes: BatchNormalization folds, a negative gain flips weights and not the scale") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 1, 2, 2}), {0.25f});
  const auto q = b.quant("wq", b.floats("w", {3, 1, 1, 1}, {3, 3, -128}), {1});
  const auto y = b.node("Conv", "conv", {x, q, b.floats("cb", {3}, {1, 1, 1})});
  const auto p = [&](const char* name, std::vector<float> v) { return b.floats(name, {3}, std::move(v)); };
  const auto n =
      b.node("BatchNormalization", "bn",
             {y, p("g", {2, -2, -2}), p("s", {1, 1, 1}), p("m", {3, 3, 3}), p("v", {4, 4, 4})}, {{"epsilon", 0.0}});
  b.output(b.quant("oq", n, {1}));
  const LayerGraph g = lowered(b);
  const Weighted& conv = weighted(g, "conv");
  CHECK(conv.weights == std::vector<int8_t>{3, -3, -128});
  CHECK(conv.weight_scale == std::vector<double>{1, 1, -1});
  CHECK(conv.bias == std::vector<double>{-1, 3, 3});
}

TEST_CASE("passes: a linear layer after Flatten reads device order, with and without a Quant between") {
  for (const bool between : {false, true}) {
    ModelBuilder b;
    auto x = b.quant("iq", b.input("x", {1, 2, 2, 3}), {1});
    x = b.node("MaxPool", "pool", {x}, {{"kernel_shape", Ints{1, 1}}});
    x = b.node("Flatten", "flat", {x});
    if (between) x = b.quant("fq", x, {2});
    std::vector<float> w(12);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i);
    const auto q = b.quant("wq", b.floats("w", {1, 12}, w), {1});
    b.output(b.node("Gemm", "fc", {x, q}, {{"transB", int64_t{1}}}));
    const LayerGraph g = lowered(b);
    CHECK(weighted(g, "fc").weights == std::vector<int8_t>{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11});
    const auto order = execution_order(g);
    CHECK(input_dims(g, order.back()) == Dims{1, 1, 12});
    CHECK(g.tensors[0].dims == Dims{2, 3, 2});
    std::vector<float> in(12);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 5) * 2;
    const auto data = run(g, std::vector{quantise_input(g, 0, in)});
    double expected = 0;
    for (std::size_t i = 0; i < in.size(); ++i) expected += in[i] * w[i];
    CHECK(dequantise_output(g, 0, data.back())[0] == expected);
  }
}

TEST_CASE("passes: functions of one stored tensor become one table") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 4}), {0.5f, false});
  const auto shifted = b.node("Sub", "sub", {x, b.scalar(10)});
  const auto product = b.node("Mul", "mul", {shifted, b.node("Relu", "relu", {shifted})});
  b.output(b.quant("oq", b.node("Div", "div", {product, b.scalar(8)}), {1, false}));
  const LayerGraph g = lowered(b);
  REQUIRE(boost::num_vertices(g.dag) == 1);
  const auto& map = std::get<Table>(g.dag[0].op).map;
  for (int a = 0; a < 256; ++a) {
    const double v = a * 0.5 - 10;
    CHECK(map[static_cast<std::size_t>(a)] == std::min(255.0, std::nearbyint(v * std::max(v, 0.0) / 8)));
  }
}

TEST_CASE("passes: a float input may be reshaped before its quantiser") {
  ModelBuilder b;
  const auto r = b.node("Transpose", "t", {b.input("x", {-1, 2, 3})}, {{"perm", Ints{0, 2, 1}}});
  b.output(b.quant("iq", r, {1}));
  const LayerGraph g = lowered(b);
  CHECK(g.inputs[0].view.shape == Ints{1, 2, 3});
  CHECK(g.tensors[0].view.shape == Ints{1, 3, 2});
  const auto stored = quantise_input(g, 0, std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(model_integers(g.tensors[0], stored) == std::vector<int32_t>{0, 3, 1, 4, 2, 5});
}

TEST_CASE("passes: what cannot be lowered says which node, tensor and why") {
  const auto contains = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
    CHECK(text.find("test.qonnx: ") == 0);
  };
  ModelBuilder float_input;
  float_input.output(float_input.node(
      "Gemm", "fc",
      {float_input.input("x", {1, 3}), float_input.quant("wq", float_input.floats("w", {3, 1}, {1, 1, 1}), {1})}));
  contains(error_of(float_input), "node 'fc' (Gemm): the model's input reaches it in float ('x')");
  ModelBuilder float_weights;
  const auto x = float_weights.quant("iq", float_weights.input("x", {1, 3}), {1});
  float_weights.output(float_weights.node("Gemm", "fc", {x, float_weights.floats("w", {3, 1}, {1, 1, 1})}));
  contains(error_of(float_weights), "its weights 'w' are no quantised constant");
  ModelBuilder absurd;
  absurd.output(absurd.quant("iq", absurd.input("x", {1, 1 << 20, 1 << 20}), {1}));
  contains(error_of(absurd), "more than 16777216 elements");
  ModelBuilder symbolic;
  symbolic.output(symbolic.quant("iq", symbolic.input("x", {1, -1}), {1}));
  contains(error_of(symbolic), "axis 1 of input 'x' has no fixed extent");
  ModelBuilder bad_scale;
  bad_scale.output(bad_scale.quant("iq", bad_scale.input("x", {1, 2}), {-1}));
  contains(error_of(bad_scale), "node 'iq' (Quant): its scale -1 is not positive");
  ModelBuilder wide;
  wide.output(wide.quant("iq", wide.input("x", {1, 2}), {1, true, 0, 16}));
  contains(error_of(wide), "16-bit activations are not supported");
  ModelBuilder far_zero;
  far_zero.output(gemm(far_zero, {1, true, 1000}, {1, 1, 1, 1, 1, 1}, ""));
  contains(error_of(far_zero), "weight zero point 1000 lies outside their 8 bits");
  ModelBuilder unquantised;
  const auto fc = gemm(unquantised, {1}, {1, 1, 1, 1, 1, 1}, "");
  const auto w2 = unquantised.quant("w2q", unquantised.floats("w2", {2, 1}, {1, 1}), {1});
  unquantised.output(unquantised.node("Gemm", "fc2", {fc, w2}));
  contains(error_of(unquantised), "node 'fc2' (Gemm): its input 'fc:0' is not quantised");
}

TEST_CASE("passes: a model whose accumulator can overflow int32 is refused") {
  ModelBuilder b;
  const int64_t n = 70000;
  const auto x = b.quant("iq", b.input("x", {1, n}), {1, false});
  const auto q = b.quant("wq", b.floats("w", {1, n}, std::vector<float>(static_cast<std::size_t>(n), 127)), {1});
  b.output(b.node("Gemm", "fc", {x, q}, {{"transB", int64_t{1}}}));
  const std::string what = error_of(b);
  CHECK(what.find("layer 'fc'") != std::string::npos);
  CHECK(what.find("overflow") != std::string::npos);
}
