// Norms, softmax, products of activations, token means and tensors that are kept in 16 bits.
#include <doctest/doctest.h>

#include <cmath>

#include "core/builder/transformer.hpp"
#include "core/compare/layers.hpp"
#include "core/evaluate/evaluate.hpp"
#include "tests/support/random_models.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using test::ModelBuilder;
using Ints = std::vector<int64_t>;

const ModelBuilder::QuantSpec kIn{0.0625f, true, 3}, kOut{0.03125f};

LayerGraph lowered(const qonnx::ModelGraph& model, std::vector<std::string>* notices = nullptr) {
  auto g = test::run_pipeline(model, RequantPolicy::exact, notices);
  REQUIRE_MESSAGE(g, (g ? "" : g.error().what));
  return *g;
}

std::string refusal(const ModelBuilder& b) {
  const auto g = test::run_pipeline(b.model);
  REQUIRE_FALSE(g);
  return g.error().what;
}

std::string row(ModelBuilder& b, const std::string& name, int64_t n, float first) {
  std::vector<float> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(first + 0.25f * static_cast<float>(i));
  return b.floats(name, {n}, values);
}

/// (x - mean) / sqrt(mean of squares + e), by Div and Pow or by other operators of the same meaning.
std::string primitive_norm(ModelBuilder& b, const std::string& x, bool centred, bool otherwise) {
  const ModelBuilder::Attributes last{{"axes", Ints{-1}}};
  const auto from = centred ? b.node("Sub", "a", {x, b.node("ReduceMean", "b", {x}, last)}) : x;
  const auto square = otherwise ? b.node("Mul", "c", {from, from}) : b.node("Pow", "c", {from, b.scalar(2)});
  const auto mean = b.node("ReduceMean", "d", {square}, last);
  const auto epsilon = b.scalar(0.001f);
  const auto root =
      b.node("Sqrt", "f", {otherwise ? b.node("Add", "e", {epsilon, mean}) : b.node("Add", "e", {mean, epsilon})});
  if (!otherwise) return b.node("Div", "g", {from, root});
  return b.node("Mul", "h", {b.node("Reciprocal", "g", {root}), from});
}

const Norm& only_norm(const LayerGraph& g) {
  REQUIRE(boost::num_vertices(g.dag) == 1);
  return std::get<Norm>(g.dag[0].op);
}

builder::Value quantised_input(builder::ModelBuilder& b, qonnx::Shape shape) {
  return b.quant("iq", b.input("x", std::move(shape)));
}

/// Every layer within a step of real numbers, one in a thousand off.
void judge(const qonnx::ModelGraph& model) {
  const LayerGraph g = lowered(model);
  const auto evaluation = value_or_throw(qonnx::Evaluation::create(model));
  Judgement judgement;
  for (uint64_t seed = 1; seed <= 8; ++seed)
    judge_layers(g, value_or_throw(evaluation.run(test::random_sample(seed, model))), judgement);
  for (const std::string& finding : judgement.findings) FAIL_CHECK(finding);
  int64_t elements = 0, differing = 0;
  for (const auto& [kind, d] : judgement.by_kind) elements += d.elements, differing += d.differing;
  CHECK(elements > 0);
  CHECK(differing * 1000 <= elements);
}

}  // namespace

TEST_CASE("import: norms are found in primitive operators by what they compute") {
  for (const bool centred : {true, false}) {
    for (const bool otherwise : {true, false}) {
      CAPTURE(centred);
      CAPTURE(otherwise);
      ModelBuilder b;
      const auto x = b.quant("iq", b.input("x", {1, 5, 8}), kIn);
      const auto y = b.node("Mul", "m", {row(b, "gain", 8, 0.5f), primitive_norm(b, x, centred, otherwise)});
      b.output(b.quant("oq", centred ? b.node("Add", "s", {y, row(b, "bias", 8, -1)}) : y, kOut));
      const LayerGraph g = lowered(b.model);
      const Norm& norm = only_norm(g);
      CHECK(norm.centred == centred);
      CHECK(norm.channels == 8);
      CHECK(norm.epsilon == doctest::Approx(0.001));
      CHECK(norm.gain == std::vector<double>{0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25});
      CHECK(norm.bias.size() == (centred ? 8 : 0));
    }
  }
}

TEST_CASE("import: operators that only look like a norm are none") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 5, 8}), kIn);
  const auto z = b.quant("zq", x, kOut);
  const ModelBuilder::Attributes last{{"axes", Ints{-1}}};
  const auto from = b.node("Sub", "a", {x, b.node("ReduceMean", "b", {z}, last)});  // the mean of another tensor
  const auto mean = b.node("ReduceMean", "d", {b.node("Pow", "c", {from, b.scalar(2)})}, last);
  const auto root = b.node("Sqrt", "f", {b.node("Add", "e", {mean, b.scalar(0.001f)})});
  b.output(b.quant("oq", b.node("Div", "g", {from, root}), kOut));
  CHECK(refusal(b).rfind("test.qonnx: node ", 0) == 0);
}

TEST_CASE("import: a group norm is an instance norm between reshapes") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 6, 2, 2}), kIn);
  const auto grouped = b.node("Reshape", "r", {x, b.ints("to", {1, 3, -1})});
  const auto normal = b.node("InstanceNormalization", "n",
                             {grouped, b.floats("one", {3}, {1, 1, 1}), b.floats("zero", {3}, {0, 0, 0})});
  const auto back = b.node("Reshape", "k", {normal, b.ints("from", {1, 6, 2, 2})});
  b.output(b.quant("oq", b.node("Mul", "m", {back, b.floats("gain", {6, 1, 1}, {1, 2, 3, 4, 5, 6})}), kOut));
  const Norm norm = only_norm(lowered(b.model));
  CHECK(norm.across);
  CHECK(norm.groups == 3);
  CHECK(norm.gain == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("import: a norm takes its gains in device order, and refuses tokens that do not lie together") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 5, 8}), kIn);
  const auto turned = b.quant("tq", b.node("Transpose", "t", {x}, {{"perm", Ints{0, 2, 1}}}), kIn);
  b.node("MatMul", "unused", {x, x});
  b.model.nodes.pop_back();
  const auto w = b.quant("wq", b.floats("w", {8, 2}, std::vector<float>(16, 1)), {1});
  const auto first = b.quant("mq", b.node("MatMul", "mm", {x, w}), kOut);
  b.output(first);
  b.output(b.quant("oq", b.node("LayerNormalization", "n", {turned, row(b, "gain", 5, 1)}), kOut));
  CHECK(refusal(b).find("its tokens are not contiguous") != std::string::npos);
}

TEST_CASE("import: the sum of two Quants before a norm is kept in 16 bits, exact where they share a scale") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 5, 8}), kIn);
  const auto sum = b.node("Add", "s", {x, b.quant("sq", x, kIn)});
  b.output(b.quant("oq", b.node("LayerNormalization", "n", {sum, row(b, "gain", 8, 1)}), kOut));
  std::vector<std::string> notices;
  const LayerGraph g = lowered(b.model, &notices);
  const Tensor& inner = test::output_of(g, test::layer_named(g, "s"));
  CHECK(inner.type == ElementType::s16);
  CHECK(inner.q.scale == 0.0625);
  CHECK(inner.q.lo == -2 * 131);
  CHECK(inner.q.hi == 2 * 124);
  CHECK(std::count(notices.begin(), notices.end(), "tensor 's:0' has no Quant and is kept in 16 bits, scale 0.0625") ==
        1);
}

TEST_CASE("import: in exact policy a sum at two scales that only a norm reads is kept in 32 bits") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 5, 8}), kIn);
  const auto sum = b.node("Add", "s", {x, b.quant("sq", x, kOut)});
  b.output(b.quant("oq", b.node("LayerNormalization", "n", {sum, row(b, "gain", 8, 1)}), kOut));
  const auto inner = [&](RequantPolicy policy) {
    const LayerGraph g = value_or_throw(test::run_pipeline(b.model, policy));
    return test::output_of(g, test::layer_named(g, "s"));
  };
  const Tensor exact = inner(RequantPolicy::exact), fast = inner(RequantPolicy::fast);
  CHECK(exact.type == ElementType::s32);
  CHECK(exact.q.hi - exact.q.lo > 1 << 24);
  CHECK(fast.type == ElementType::s16);
  b.output(b.quant("again", sum, kOut));  // adds the two stored tensors itself
  CHECK(inner(RequantPolicy::exact).type == ElementType::s32);
  b.output(b.quant("oq2", b.node("LayerNormalization", "n2", {sum, row(b, "gain2", 8, 1)}), kOut));
  CHECK(inner(RequantPolicy::exact).type == ElementType::s16);
}

TEST_CASE("import: self-attention is two products with heads side by side and a softmax") {
  builder::ModelBuilder b("test");
  const auto x = quantised_input(b, {1, 6, 16});
  const auto y = builder::self_attention(b, "a", x, {.heads = 4});
  const LayerGraph g = lowered(b.finish({b.quant("oq", y)}));
  std::vector<MatMul> products;
  int softmaxes = 0;
  for (const LayerId id : execution_order(g)) {
    if (const auto* p = std::get_if<MatMul>(&g.dag[id].op)) products.push_back(*p);
    softmaxes += std::holds_alternative<Softmax>(g.dag[id].op);
    CHECK_FALSE(std::holds_alternative<Rearrange>(g.dag[id].op));
  }
  REQUIRE(products.size() == 2);
  CHECK(softmaxes == 1);
  CHECK(products[0].transposed);
  CHECK(products[0].heads == 4);
  CHECK(products[0].depth == 4);
  CHECK(products[0].columns == 6);
  CHECK(products[0].factor == doctest::Approx(0.5));
  CHECK_FALSE(products[1].transposed);
  CHECK(products[1].depth == 6);
  CHECK(products[1].columns == 4);
}

TEST_CASE("import: blocks of transformers, layer by layer against real numbers") {
  for (const bool fused : {false, true}) {
    for (const auto& spec :
         {builder::TransformerSpec{.attention = {.heads = 2, .fused = fused}, .hidden = 24},
          builder::TransformerSpec{.attention = {.heads = 4, .fused = fused, .sequences = 2}, .hidden = 8},
          builder::TransformerSpec{.attention = {.heads = 2, .fused = fused, .sequences = 3, .interleaved = true},
          .hidden = 16},
          builder::TransformerSpec{.attention = {.heads = 2, .fused = fused},
          .hidden = 12,
          .norm = builder::NormKind::rms,
          .swiglu = true}}) {
      builder::ModelBuilder b("test");
      const auto x = quantised_input(b, {1, 6, 16});
      judge(b.finish({b.quant("oq", builder::transformer_block(b, "block", x, spec))}));
    }
  }
}

TEST_CASE("import: a token mean averages a norm that has no Quant") {
  builder::ModelBuilder b("test");
  const auto x = quantised_input(b, {1, 6, 16});
  judge(b.finish({b.linear("fc", b.quant("mq", b.mean("", builder::norm(b, "n", x), 1)), {.out = 3})}));
}

TEST_CASE("import: one token of a norm, a class token and positions") {
  builder::ModelBuilder b("test");
  const auto draw = [&](const std::string& name, qonnx::Shape shape) {
    std::vector<float> values(static_cast<std::size_t>(qonnx::element_count(shape).value()));
    for (float& v : values) v = static_cast<float>(b.draws().uniform(-1, 1));
    return builder::Value{b.constant(name, {shape, std::move(values)}), shape};
  };
  const auto x = b.linear("embed", quantised_input(b, {1, 6, 16}), {.out = 8});
  const auto all = b.add("", b.concat("", {draw("class", {1, 1, 8}), x}, 1), draw("positions", {1, 7, 8}));
  const auto stored = b.quant("aq", all);
  const std::string zero = b.constant("zero", qonnx::make_integers({}, {0}));
  const auto first = b.node("Gather", "", {builder::norm(b, "n", stored).name, zero}, {{"axis", int64_t{1}}}).front();
  const LayerGraph g = lowered(b.finish({b.linear("fc", b.quant("oq", first), {.out = 3})}));
  int moved = 0, sums = 0;
  for (const LayerId id : execution_order(g)) {
    moved += std::holds_alternative<Rearrange>(g.dag[id].op);
    sums += std::holds_alternative<Add>(g.dag[id].op);
  }
  CHECK(moved == 2);
  CHECK(sums == 1);
}

TEST_CASE("import: learned queries attend to tokens") {
  builder::ModelBuilder b("test");
  const auto x = quantised_input(b, {1, 6, 16});
  const auto y = builder::cross_attention(b, "a", builder::learned_tokens(b, "queries", 3, 16), x, {.heads = 4});
  const qonnx::ModelGraph model = b.finish({b.quant("oq", y)});
  const LayerGraph g = lowered(model);
  int constants = 0;
  for (const Tensor& t : g.tensors) constants += is_constant(t);
  CHECK(constants == 1);
  judge(model);
}

TEST_CASE("import: constants per token that a norm reads have one rounding") {
  builder::ModelBuilder b("test");
  const auto x = quantised_input(b, {1, 40, 24});
  std::vector<float> values;
  for (int64_t i = 0; i < 40 * 32; ++i) values.push_back(static_cast<float>(b.draws().normal() * 0.2));
  const builder::Value positions{b.constant("positions", {{1, 40, 32}, values}), {1, 40, 32}};
  const auto sum = b.add("", b.linear("embed", x, {.out = 32}), positions);
  const qonnx::ModelGraph model = b.finish({b.quant("nq", builder::norm(b, "norm", sum))});
  const LayerGraph g = lowered(model);
  int fine = 0;
  for (const Tensor& t : g.tensors) fine += t.type == ElementType::s32;
  CHECK(fine == 2);  // the accumulators and their sum
  judge(model);
}

TEST_CASE("import: a sum that a norm and a Quant read is as fine for the norm as one that it has to itself") {
  builder::ModelBuilder b("test");
  const auto x = quantised_input(b, {1, 40, 32});
  const auto sum = b.add("", x, b.quant("yq", b.linear("fc", x, {.out = 32})));
  const auto normal = b.quant("nq", builder::norm(b, "norm", sum));
  const qonnx::ModelGraph model = b.finish({b.quant("oq", b.add("out", b.quant("sq", sum), normal))});
  const LayerGraph g = lowered(model);
  int fine = 0, middle = 0;
  for (const Tensor& t : g.tensors) {
    fine += t.type == ElementType::s32;
    middle += t.type == ElementType::s16;
  }
  CHECK(fine == 1);
  CHECK(middle == 0);
  judge(model);
}
