// LUNA: features of patches of an EEG, unified over its channels by learned queries, then rotary transformer blocks.
#include <fmt/format.h>

#include "core/builder/transformer.hpp"
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

constexpr int64_t kChannels = 22, kTimes = 32, kSamples = 40;  // patches of each channel, samples of a patch
constexpr int64_t kPatches = kChannels * kTimes, kEmbed = 64, kDim = 256;

/// 704 patches of 40 samples, a channel's one behind the other.
Value patches(ModelBuilder& b) {
  const Value input = b.input("input", {1, kChannels, kTimes * kSamples});
  return b.quant("input_quant", b.reshape("", input, {1, kPatches, kSamples}));
}

Value normal(ModelBuilder& b, const std::string& path, const Value& x) {
  return b.quant(path + "_quant", norm(b, path, x));
}

/// Spectra of the patches to embeddings.
Value frequency_branch(ModelBuilder& b, const Value& x) {
  const Value bins = b.quant("spectrum_quant", spectrum(b, "spectrum", x));
  const Value inner = b.quant("freq.fc1_quant", b.linear("freq.fc1", bins, {.out = 168}));
  const Value curved = b.quant("freq.gelu_quant", b.gelu("freq.gelu", inner));
  return b.quant("freq.fc2_quant", b.linear("freq.fc2", curved, {.out = kEmbed}));
}

/// Of each channel, the same for all its patches, as the table's rows repeated.
Value channel_embedding(ModelBuilder& b) {
  std::vector<float> values;
  for (int64_t c = 0; c < kChannels * kEmbed; ++c) values.push_back(static_cast<float>(b.draws().normal() * 0.5));
  std::vector<int64_t> rows;
  for (int64_t p = 0; p < kPatches; ++p) rows.push_back(p / kTimes);
  const std::string table = b.constant("channels.weight", {{kChannels, kEmbed}, std::move(values)});
  const std::string numbers = b.constant("/channels/rows", qonnx::make_integers({1, kPatches}, std::move(rows)));
  return b.node("Gather", "channels", {table, numbers}, {{"axis", int64_t{0}}}).front();
}

Value with_channels(ModelBuilder& b, const Value& x) {
  return b.quant("channels.sum_quant", quant_add(b, "channels.sum", x, channel_embedding(b)));
}

/// Eight blocks of rotary attention on 32 tokens, and the last norm.
Value rotary_blocks(ModelBuilder& b, Value x) {
  const TransformerSpec spec{.attention = {.heads = 8, .rotary = true}, .hidden = 1024};
  for (int i = 0; i < 8; ++i) x = transformer_block(b, fmt::format("block{}", i), x, spec);
  return normal(b, "norm", x);
}

/// One learned query over all tokens.
Value pooled(ModelBuilder& b, const Value& x) {
  return cross_attention(b, "pool", learned_tokens(b, "pool.query", 1, kDim), x, {.heads = 8});
}

ModelGraph luna_base(ModelBuilder& b) {
  const Value features = b.transpose("", frequency_branch(b, patches(b)), {0, 2, 1});
  const Value scaled = b.quant("group_norm_quant", group_norm(b, "group_norm", features, 4));
  const Value curved = b.quant("group_gelu_quant", b.gelu("group_gelu", scaled));
  const Value tokens = with_channels(b, b.transpose("", curved, {0, 2, 1}));
  const Value queries = learned_tokens(b, "unify.queries", 4 * kTimes, kEmbed);
  const Value unified = cross_attention(b, "unify", queries, tokens, {.heads = 2});
  const Value x = b.quant("unify_quant", b.reshape("", unified, {1, kTimes, kDim}));
  const Value pool = b.quant("pool_quant", pooled(b, rotary_blocks(b, x)));
  return b.finish({b.linear("classifier", pool, {.out = 5})});
}

/// Convolutions within each patch.
Value patch_branch(ModelBuilder& b, const Value& x) {
  Value y = b.reshape("cnn", x, {1, 1, kPatches, kSamples});
  const auto layer = [&](int i, const ConvSpec& spec) {
    const std::string path = fmt::format("cnn.{}", i);
    const Value sums = b.quant(path + ".quant", b.conv(path + ".conv", y, spec));
    const Value scaled = b.quant(path + ".norm_quant", group_norm(b, path + ".norm", sums, 4));
    y = b.quant(path + ".gelu_quant", b.gelu(path + ".gelu", scaled));
  };
  layer(0, {.out = 16, .kernel = {1, 19}, .stride = {1, 10}, .pads = {0, 9, 0, 9}});
  for (const int i : {1, 2}) layer(i, {.out = 16, .kernel = {1, 3}, .pads = {0, 1, 0, 1}});
  // A Quant of their own makes rows of the tokens.
  const Value turned = b.transpose("cnn", y, {0, 2, 3, 1});
  return b.quant("cnn.token_quant", b.reshape("cnn", turned, {1, kPatches, kEmbed}));
}

/// Four learned queries for each of the 32 times look at the 22 channels, then at each other.
Value unified(ModelBuilder& b, const Value& tokens) {
  constexpr int64_t queries = 4, hidden = 256;
  const Value learned = learned_tokens(b, "unify.queries", queries, kEmbed);
  const Value all = b.concat("unify", std::vector<Value>(kTimes, learned), 1);
  const Value q = normal(b, "unify.norm_q", all), kv = normal(b, "unify.norm_kv", tokens);
  const AttentionSpec cross{.heads = 2, .sequences = kTimes, .interleaved = true, .queries_apart = true};
  const Value seen = b.quant("unify.cross_quant", cross_attention(b, "unify.cross", q, kv, cross));
  Value x = b.quant("unify.sum_quant", quant_add(b, "unify.sum", seen, gelu_mlp(b, "unify.mlp", seen, hidden)));
  const TransformerSpec spec{.attention = {.heads = 2, .sequences = kTimes}, .hidden = hidden};
  for (int i = 0; i < 3; ++i) x = transformer_block(b, fmt::format("unify.block{}", i), x, spec);
  return x;
}

ModelGraph luna_full(ModelBuilder& b) {
  const Value x = patches(b);
  const Value convolved = patch_branch(b, x);
  const Value features = b.quant("features_quant", quant_add(b, "features", convolved, frequency_branch(b, x)));
  const Value y = unified(b, with_channels(b, features));
  const Value tokens = b.quant("unify_quant", b.reshape("", y, {1, kTimes, kDim}));
  const Value pool = b.quant("pool_quant", pooled(b, rotary_blocks(b, tokens)));
  const Value inner = b.gelu("head.gelu", b.linear("head.fc1", pool, {.out = 1024}));
  return b.finish({b.linear("head.fc2", b.quant("head.gelu_quant", inner), {.out = 2})});
}

const Network kNetworks[] = {
    {"luna_base", 29, "spectra of 704 patches, 128 learned queries, eight rotary blocks", luna_base},
    {"luna_full", 31, "spectra and convolutions, learned queries per time step, eight rotary blocks", luna_full},
};

}  // namespace

std::span<const Network> luna_networks() { return kNetworks; }

}  // namespace ares::zoo
