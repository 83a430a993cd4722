// Fourier features, rotary embeddings in both spellings, lookups by an input of the model.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/builder/transformer.hpp"
#include "core/compare/layers.hpp"
#include "tests/support/random_models.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using builder::Value;

/// Every layer is what the model means, and at most 0.1 % of the elements differ; the graph.
LayerGraph judged(const qonnx::ModelGraph& model, int samples = 8) {
  const auto g = test::run_pipeline(model, RequantPolicy::exact);
  REQUIRE_MESSAGE(g, (g ? "" : g.error().what));
  const auto evaluation = value_or_throw(qonnx::Evaluation::create(model));
  Judgement judgement;
  for (int seed = 1; seed <= samples; ++seed)
    judge_layers(*g, value_or_throw(evaluation.run(test::random_sample(static_cast<uint64_t>(seed), model))),
                 judgement);
  for (const std::string& finding : judgement.findings) FAIL_CHECK(finding);
  for (const auto& [kind, d] : judgement.by_kind) {
    CAPTURE(kind);
    MESSAGE(kind, ": ", d.differing, " of ", d.elements);
    CHECK(static_cast<double>(d.differing) <= std::max(1.0, bound_of(kind).share * static_cast<double>(d.elements)));
  }
  return *g;
}

template <class Op>
std::vector<Op> layers_of(const LayerGraph& g) {
  std::vector<Op> all;
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v)
    if (const auto* op = std::get_if<Op>(&g.dag[*v].op)) all.push_back(*op);
  return all;
}

std::string refusal(const qonnx::ModelGraph& model) {
  const auto g = test::run_pipeline(model);
  REQUIRE_FALSE(g);
  return g.error().what;
}

qonnx::Node& node_of(qonnx::ModelGraph& model, const char* op) {
  const auto at = std::find_if(model.nodes.begin(), model.nodes.end(), [&](const auto& n) { return n.op == op; });
  REQUIRE(at != model.nodes.end());
  return *at;
}

qonnx::ModelGraph spectra(int64_t length, int64_t signals = 30) {
  builder::ModelBuilder b("spectra", {.seed = 4});
  const Value x = b.quant("iq", b.input("x", {1, signals, length}));
  return b.finish({b.quant("oq", builder::spectrum(b, "spectrum", x))});
}

/// Queries of 3 heads of 8 on 10 tokens, turned.
qonnx::ModelGraph turned(bool interleaved, bool standard) {
  constexpr int64_t heads = 3, tokens = 10, depth = 8;
  builder::ModelBuilder b("turned", {.seed = 5});
  const Value x = b.quant("iq", b.input("x", {1, tokens, heads * depth}));
  const Value split =
      b.transpose("", b.reshape("", b.linear("q", x, {.out = heads * depth}), {1, tokens, heads, depth}), {0, 2, 1, 3});
  const Value q = b.quant("qq", split);
  if (!standard && !interleaved) return b.finish({b.quant("oq", builder::rotary_embedding(b, "rotary", q))});
  std::vector<float> cosines, sines;
  for (int64_t i = 0; i < tokens * depth / 2; ++i) {
    cosines.push_back(static_cast<float>(std::cos(0.1 * static_cast<double>(i))));
    sines.push_back(static_cast<float>(std::sin(0.1 * static_cast<double>(i))));
  }
  if (standard) {
    const std::string cos = b.constant("cos", {{1, tokens, depth / 2}, cosines});
    const std::string sin = b.constant("sin", {{1, tokens, depth / 2}, sines});
    const Value y =
        b.node("RotaryEmbedding", "rotary", {q.name, cos, sin}, {{"interleaved", int64_t{interleaved}}}).front();
    return b.finish({b.quant("oq", y)});
  }
  // Neighbours turned by slices of step 2, put side by side and flattened.
  std::vector<float> each_cosine, each_sine;
  for (std::size_t i = 0; i < 2 * cosines.size(); ++i)
    each_cosine.push_back(cosines[i / 2]), each_sine.push_back(sines[i / 2]);
  const std::string cos = b.constant("cos", {{tokens, depth}, each_cosine});
  const std::string sin = b.constant("sin", {{tokens, depth}, each_sine});
  const qonnx::Shape pairs{1, heads, tokens, depth / 2, 1};
  const Value even = b.reshape("r", b.slice("r", q, 3, 0, depth, 2), pairs);
  const Value odd = b.reshape("r", b.slice("r", q, 3, 1, depth, 2), pairs);
  const Value across =
      b.reshape("r", b.concat("r", {b.node("Neg", "r", {odd.name}).front(), even}, 4), {1, heads, tokens, depth});
  const Value straight = b.node("Mul", "r", {q.name, cos}).front();
  return b.finish({b.quant("oq", b.add("r", b.node("Mul", "r", {across.name, sin}).front(), straight))});
}

/// An input of numbers picks rows of an embedding, a norm follows.
qonnx::ModelGraph embedding(int64_t rows) {
  builder::ModelBuilder b("embedding", {.seed = 6});
  const Value numbers = b.input("numbers", {1, 12});
  std::vector<float> values;
  for (int64_t i = 0; i < rows * 16; ++i) values.push_back(static_cast<float>(b.draws().normal()));
  const Value table = b.quant("table_quant", {b.constant("table", {{rows, 16}, values}), {rows, 16}});
  const Value y = b.node("Gather", "embedding", {table.name, numbers.name}, {{"axis", int64_t{0}}}).front();
  return b.finish({b.quant("oq", builder::norm(b, "norm", y))});
}

}  // namespace

TEST_CASE("a DFT of real signals is a transform of rows within the bounds") {
  for (const int64_t length : {40, 1, 7, 64, 130}) {
    CAPTURE(length);
    const LayerGraph g = judged(spectra(length), 3);
    const auto all = layers_of<Transform>(g);
    REQUIRE(all.size() == 1);
    CHECK(all[0].columns == length);
    CHECK(all[0].outputs == 2 * (length / 2 + 1));
    CHECK(macs(g, execution_order(g)[0]) == 30 * length * 2 * (length / 2 + 1));
  }
}

TEST_CASE("transforms that are not of real signals along the last axis are refused") {
  qonnx::ModelGraph model = spectra(8);
  node_of(model, "DFT").attributes["inverse"] = int64_t{1};
  CHECK(refusal(model).find("inverse") != std::string::npos);
  model = spectra(8, 8);
  node_of(model, "DFT").attributes["axis"] = int64_t{1};
  CHECK(refusal(model).find("axis before the last") != std::string::npos);
}

TEST_CASE("rotary embeddings are found in both spellings, halves and neighbours") {
  for (const bool interleaved : {false, true}) {
    for (const bool standard : {false, true}) {
      CAPTURE(interleaved);
      CAPTURE(standard);
      const LayerGraph g = judged(turned(interleaved, standard), 40);
      const auto all = layers_of<Rotary>(g);
      REQUIRE(all.size() == 1);
      CHECK(all[0].interleaved == interleaved);
      CHECK(all[0].heads == 3);
      CHECK(all[0].depth == 8);
      CHECK(layers_of<Rearrange>(g).empty());
    }
  }
}

TEST_CASE("a rotary attention with several sequences of tokens side by side") {
  const builder::AttentionSpec spec{.heads = 2, .sequences = 3, .rotary = true};
  builder::ModelBuilder own("attention", {.seed = 7});
  const Value in = own.quant("iq", own.input("x", {1, 12, 16}));
  judged(own.finish({own.quant("oq", builder::self_attention(own, "attention", in, spec))}));
}

TEST_CASE("attention with several sequences of tokens row by row beside each other") {
  constexpr int64_t sequences = 3, keys = 60, features = 16;
  for (const bool rotary : {false, true}) {
    for (const int64_t queries : {int64_t{12}, 2 * keys}) {
      CAPTURE(rotary);
      CAPTURE(queries);
      const builder::AttentionSpec spec{
          .heads = 2, .sequences = sequences, .interleaved = true, .rotary = rotary, .queries_apart = true};
      builder::ModelBuilder b("attention", {.seed = 8});
      const Value x = b.quant("iq", b.input("x", {1, keys, features}));
      const Value q = builder::learned_tokens(b, "tokens", queries, features);
      const LayerGraph g = judged(b.finish({b.quant("oq", builder::cross_attention(b, "attention", q, x, spec))}));
      // The fewer queries go to the keys' order and what they make back, or keys and values to that of the queries.
      const auto moves = layers_of<Rearrange>(g);
      CHECK(moves.size() == (queries < keys ? 1 : 2));
      for (const Rearrange& op : moves) CHECK(op.pieces.size() <= sequences);
    }
  }
}

TEST_CASE("rotary attention with sequences beside each other moves nothing before the heads' products") {
  const builder::AttentionSpec spec{.heads = 2, .sequences = 3, .interleaved = true, .rotary = true};
  builder::ModelBuilder b("attention", {.seed = 9});
  const Value x = b.quant("iq", b.input("x", {1, 60, 16}));
  const LayerGraph g = judged(b.finish({b.quant("oq", builder::self_attention(b, "attention", x, spec))}));
  for (const Rotary& op : layers_of<Rotary>(g)) CHECK(op.heads == 6);
  CHECK(layers_of<Rearrange>(g).empty());
}

TEST_CASE("rotary embeddings that turn a part of a head, or by factors of the input, are refused") {
  qonnx::ModelGraph model = turned(false, true);
  node_of(model, "RotaryEmbedding").attributes["rotary_embedding_dim"] = int64_t{4};
  CHECK(refusal(model).find("turns 4 of 8 elements") != std::string::npos);
  model = turned(false, true);
  node_of(model, "RotaryEmbedding").inputs[1] = node_of(model, "RotaryEmbedding").inputs[0];
  CHECK(refusal(model).find("not constant") != std::string::npos);
}

TEST_CASE("numbers given at run time pick rows of a table on the device") {
  for (const int64_t rows : {22, 300}) {
    CAPTURE(rows);
    const qonnx::ModelGraph model = embedding(rows);
    const auto g = test::run_pipeline(model, RequantPolicy::exact);
    REQUIRE_MESSAGE(g, (g ? "" : g.error().what));
    const auto all = layers_of<Lookup>(*g);
    REQUIRE(all.size() == 1);
    CHECK(all[0].rows == rows);
    CHECK(g->tensors[static_cast<std::size_t>(g->inputs[0].tensor)].type ==
          (rows > 256 ? ElementType::s16 : ElementType::u8));
    std::vector<float> numbers{0, 1, 2, 3, 21, 20, 5, 5, 5, -4, 1e6F, static_cast<float>(rows - 1)};
    const auto data = run(*g, std::vector{quantise_input(*g, 0, numbers)});
    numbers[9] = 0;  // clipped to the table
    numbers[10] = static_cast<float>(rows - 1);
    const auto evaluation = value_or_throw(qonnx::Evaluation::create(model));
    const auto real =
        value_or_throw(evaluation.run({{"numbers", qonnx::real_tensor({1, 12}, std::span<const float>(numbers))}}));
    const auto y = dequantise_output(*g, 0, data[static_cast<std::size_t>(g->outputs[0].tensor)]);
    const double scale = g->tensors[static_cast<std::size_t>(g->outputs[0].tensor)].q.scale;
    int differing = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double steps = std::abs(y[i] - real.at("output").values[i]) / scale;
      CHECK(steps < 1.5);
      differing += steps > 0.5;
    }
    CHECK(differing <= 1);
  }
}
