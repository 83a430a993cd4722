// State-space models: Mamba's parts and FEMBA.
#include <fmt/format.h>

#include "core/builder/mamba.hpp"
#include "core/builder/transformer.hpp"
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

Value input(ModelBuilder& b, Shape shape) { return b.quant("input_quant", b.input("input", std::move(shape))); }

/// Mean over the tokens, classifier.
ModelGraph head(ModelBuilder& b, const Value& x, int64_t classes) {
  return b.finish({b.linear("classifier", b.quant("mean_quant", b.mean("", x, 1)), {.out = classes})});
}

ModelGraph mamba_conv1d(ModelBuilder& b) {
  const Value y = b.quant("conv_quant", causal_conv(b, "conv1d", input(b, {1, 32, 64}), 4));
  const Value z = b.quant("silu_quant", b.silu("silu", y));
  const Value mean = b.quant("pool_quant", b.global_average_pool("pool", z));
  return b.finish({b.linear("classifier", b.flatten(mean), {.out = 10})});
}

ModelGraph mamba_ssm(ModelBuilder& b) {
  const Value y = selective_scan(b, "ssm", input(b, {1, 16, 32}), {.states = 4, .rank = 2});
  return head(b, b.quant("ssm_quant", y), 10);
}

constexpr MambaSpec kSmall{.inner = 64, .kernel = 4, .scan = {.states = 4, .rank = 4}};

ModelGraph mamba_stack(ModelBuilder& b, int count) {
  Value x = input(b, {1, 16, 32});
  for (int i = 0; i < count; ++i) {
    const std::string path = fmt::format("block{}", i);
    x = b.quant(path + ".quant", mamba_block(b, path, x, kSmall));
  }
  return head(b, x, 10);
}

ModelGraph mamba_block_alone(ModelBuilder& b) { return mamba_stack(b, 1); }
ModelGraph mamba_stacked(ModelBuilder& b) { return mamba_stack(b, 3); }

ModelGraph bidirectional(ModelBuilder& b) {
  const Value y = bidirectional_mamba(b, "block0", input(b, {1, 16, 32}), kSmall);
  return head(b, b.quant("block0.quant", y), 10);
}

/// Patches of `patch` rows and columns, 35 features each; a token holds a column of the grid. The image is turned
/// before it is quantised, so that a token's features are neighbours.
Value patches(ModelBuilder& b, Shape shape, Pair patch) {
  constexpr int64_t embed = 35;
  const Value turned = b.transpose("", b.input("input", std::move(shape)), {0, 1, 3, 2});
  const Pair window{patch[1], patch[0]};
  const Value y = b.conv("patch", b.quant("input_quant", turned), {.out = embed, .kernel = window, .stride = window});
  const Value grid = b.transpose("patch", b.quant("patch_quant", y), {0, 2, 3, 1});
  // A Quant of their own makes rows of the tokens.
  return b.quant("token_quant", b.reshape("", grid, {1, grid.shape[1], grid.shape[2] * embed}));
}

Value block(ModelBuilder& b, int i, const Value& x, const MambaSpec& spec) {
  const std::string path = fmt::format("block{}", i);
  return b.quant(path + ".quant", bidirectional_mamba(b, path, x, spec));
}

constexpr MambaSpec kCapped{.inner = 256, .kernel = 4, .scan = {.states = 4, .rank = 16}};

ModelGraph femba_patchembedder(ModelBuilder& b) {
  Value x = patches(b, {1, 1, 10, 32}, {2, 2});
  for (int i = 0; i < 2; ++i) x = block(b, i, x, kCapped);
  return head(b, x, 10);
}

/// Positional embedding at one shared scale; residual sums of two Quants and a norm behind each block.
ModelGraph femba(ModelBuilder& b, const Value& embedded, const MambaSpec& spec, int64_t classes) {
  std::vector<float> values;
  for (int64_t i = 0; i < embedded.shape[1] * embedded.shape[2]; ++i)
    values.push_back(static_cast<float>(b.draws().normal() * 0.5));
  const Value position{b.constant("position", {embedded.shape, std::move(values)}), embedded.shape};
  Value x = b.quant("position_quant", quant_add(b, "position", embedded, position));
  for (int i = 0; i < 2; ++i) {
    const std::string path = fmt::format("block{}", i);
    const Value sum = b.add(path + ".residual", x, block(b, i, x, spec));
    x = b.quant(path + ".norm_quant", norm(b, path + ".norm", sum));
  }
  return head(b, x, classes);
}

ModelGraph femba_full(ModelBuilder& b) { return femba(b, patches(b, {1, 1, 10, 32}, {2, 2}), kCapped, 10); }

ModelGraph femba_full_input(ModelBuilder& b) { return femba(b, patches(b, {1, 1, 22, 1280}, {2, 16}), kCapped, 2); }

ModelGraph femba_full_expand2(ModelBuilder& b) {
  constexpr MambaSpec wide{.inner = 1540, .kernel = 4, .scan = {.states = 16, .rank = 96}};
  return femba(b, patches(b, {1, 1, 22, 1280}, {2, 16}), wide, 2);
}

const Network kNetworks[] = {
    {"mamba_conv1d", 16, "causal convolution and SiLU", mamba_conv1d},
    {"mamba_ssm", 17, "selective scan of 32 channels with 4 states", mamba_ssm},
    {"mamba_block", 18, "one Mamba block on 16 tokens of 32", mamba_block_alone},
    {"mamba_stacked", 19, "three Mamba blocks", mamba_stacked},
    {"bidirectional_mamba", 20, "a Mamba block forwards and one backwards", bidirectional},
    {"femba_patchembedder", 21, "two bidirectional blocks on 16 tokens of 175", femba_patchembedder},
    {"femba_full", 22, "the same with positions, residual sums and norms", femba_full},
    {"femba_full_input", 23, "femba_full on 80 tokens of 385", femba_full_input},
    {"femba_full_expand2", 24, "femba_full_input with 1540 channels of 16 states", femba_full_expand2},
    {"femba_tiny_int8", 25, "the same architecture as femba_full_expand2", femba_full_expand2},
};

}  // namespace

std::span<const Network> state_space_models() { return kNetworks; }

}  // namespace ares::zoo
