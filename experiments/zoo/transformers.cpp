// Transformers and their parts.
#include <fmt/format.h>

#include "core/builder/transformer.hpp"
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

ModelGraph layernorm_basic(ModelBuilder& b) {
  const Value x = b.quant("input_quant", b.input("input", {1, 1, 28, 28}));
  const Value flat = b.quant("flat_quant", b.reshape("", x, {1, -1}));
  return b.finish({b.linear("classifier", b.quant("norm_quant", norm(b, "norm", flat)), {.out = 10})});
}

ModelGraph gelu_basic(ModelBuilder& b) {
  const Value flat = b.quant("input_quant", b.reshape("", b.input("input", {1, 1, 28, 28}), {1, -1}));
  const Value y = b.quant("gelu_quant", b.gelu("gelu", b.linear("fc1", flat, {.out = 64})));
  return b.finish({b.linear("fc2", y, {.out = 10})});
}

/// Non-overlapping patches of one row each, as quantised tokens.
Value patches(ModelBuilder& b, Shape shape, int64_t width, int64_t features) {
  const Value x = b.quant("input_quant", b.input("input", std::move(shape)));
  const Value y = b.conv("patch", x, {.out = features, .kernel = {1, width}, .stride = {1, width}});
  return b.quant("patch_quant", tokens(b, "", y));
}

/// Last norm, mean over the tokens, classifier.
ModelGraph head(ModelBuilder& b, const Value& x, int64_t classes, NormKind kind = NormKind::layer) {
  const Value mean = b.mean("", b.quant("norm_quant", norm(b, "norm", x, kind)), 1);
  return b.finish({b.linear("classifier", b.quant("mean_quant", mean), {.out = classes})});
}

/// The last norm and the mean without a Quant between them.
ModelGraph float_head(ModelBuilder& b, const Value& x, int64_t classes) {
  const Value mean = b.quant("mean_quant", b.mean("", norm(b, "norm", x), 1));
  return b.finish({b.linear("classifier", mean, {.out = classes})});
}

Value blocks(ModelBuilder& b, Value x, int count, const TransformerSpec& spec) {
  for (int i = 0; i < count; ++i) x = transformer_block(b, fmt::format("block{}", i), x, spec);
  return x;
}

ModelGraph transformer_simple(ModelBuilder& b) {
  const Value x = patches(b, {1, 1, 4, 196}, 4, 64);
  return head(b, blocks(b, x, 1, {.attention = {.heads = 2}, .hidden = 128}), 10);
}

ModelGraph multiblock_transformer(ModelBuilder& b) {
  const Value x = patches(b, {1, 1, 4, 196}, 4, 128);
  return head(b, blocks(b, x, 4, {.attention = {.heads = 4}, .hidden = 256}), 10);
}

ModelGraph tinymyo(ModelBuilder& b, int64_t channels, int64_t samples, int count) {
  const Value x = patches(b, {1, 1, channels, samples}, 20, 192);
  const TransformerSpec spec{.attention = {.heads = 3}, .hidden = 768, .float_residual = true};
  return float_head(b, blocks(b, x, count, spec), 7);
}

ModelGraph tinymyo_tiny(ModelBuilder& b) { return tinymyo(b, 5, 200, 1); }
ModelGraph tinymyo_8ch_400tok(ModelBuilder& b) { return tinymyo(b, 8, 1000, 8); }

ModelGraph linear3d_bench(ModelBuilder& b) {
  const Value x = b.quant("input_quant", b.input("input", {1, 400, 192}));
  const Value y = b.quant("fc2_quant", gelu_mlp(b, "mlp", x, 768));
  return b.finish({b.linear("classifier", b.quant("mean_quant", b.mean("", y, 1)), {.out = 7})});
}

ModelGraph llama(ModelBuilder& b, int64_t length, const TransformerSpec& spec) {
  const Value x = b.quant("input_quant", b.input("input", {1, length, 64}));
  return head(b, transformer_block(b, "block0", x, spec), 4, NormKind::rms);
}

ModelGraph llama_minimal(ModelBuilder& b) {
  return llama(b, 32, {.attention = {.heads = 4}, .hidden = 256, .norm = NormKind::rms});
}

ModelGraph llama_swiglu(ModelBuilder& b) {
  return llama(b, 16, {.attention = {.heads = 4}, .hidden = 172, .norm = NormKind::rms, .swiglu = true});
}

/// Tokens of 14 channels times 8 time steps; blocks attend over channels and over time in turn.
ModelGraph cerebro_original(ModelBuilder& b) {
  constexpr int64_t channels = 14, steps = 8;
  const Value input = b.quant("input_quant", b.input("input", {1, channels, steps}));
  const Value embedded = b.quant("embed_quant", b.linear("embed", b.transpose("", input, {0, 2, 1}), {.out = 180}));
  Value x = b.concat("", std::vector<Value>(channels, embedded), 1);
  for (int i = 0; i < 6; ++i) {
    const bool over_channels = i % 2 == 0;
    const AttentionSpec attention{
        .heads = 5, .fused = true, .sequences = over_channels ? steps : channels, .interleaved = over_channels};
    x = transformer_block(b, fmt::format("block{}", i), x, {.attention = attention, .hidden = 720});
  }
  return head(b, x, 4);
}

const Network kNetworks[] = {
    {"layernorm_basic", 11, "layer norm and a linear layer", layernorm_basic},
    {"gelu_basic", 12, "two linear layers and a GELU", gelu_basic},
    {"transformer_simple", 13, "one block of 2 heads on 196 tokens of 64", transformer_simple},
    {"multiblock_transformer", 14, "four blocks of 4 heads on 196 tokens of 128", multiblock_transformer},
    {"tinymyo_tiny", 15, "one block of 3 heads on 50 tokens of 192", tinymyo_tiny},
    {"tinymyo_8ch_400tok", 26, "eight blocks of 3 heads on 400 tokens of 192", tinymyo_8ch_400tok},
    {"linear3d_bench", 27, "two linear layers and a GELU on 400 tokens", linear3d_bench},
    {"llama_minimal", 42, "RMS norms and one block of 4 heads on 32 tokens of 64", llama_minimal},
    {"cerebro_original", 43, "six blocks that attend over channels and time in turn", cerebro_original},
    {"llama_swiglu", 44, "as llama_minimal with a gated layer, 16 tokens", llama_swiglu},
};

}  // namespace

std::span<const Network> transformers() { return kNetworks; }

}  // namespace ares::zoo
