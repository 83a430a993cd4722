// Depthwise separable convolutions.
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

constexpr PoolSpec kHalf{.kernel = {2, 2}, .stride = {2, 2}};

Value stem(ModelBuilder& b, Shape shape, int64_t channels) {
  const Value x = b.quant("input_quant", b.input("input", std::move(shape)));
  return b.relu("relu1", b.conv("conv1", x, {.out = channels, .kernel = {3, 3}, .pads = same(1)}));
}

/// Depthwise separable convolution, max pool, quantiser.
Value stage(ModelBuilder& b, const std::string& path, const Value& x, int64_t out) {
  const Value y = depthwise_separable(b, path, x, {.out = out});
  return b.quant(path + ".pool_quant", b.max_pool(path + ".pool", y, kHalf));
}

ModelGraph head(ModelBuilder& b, const Value& x) {
  const Value pooled = b.quant("gap_quant", b.global_average_pool("gap", x));
  return b.finish({b.linear("classifier", b.flatten(pooled), {.out = 10})});
}

ModelGraph depthwise_conv(ModelBuilder& b) {
  const Value x = stage(b, "block1", stem(b, {1, 1, 28, 28}, 16), 32);
  return head(b, stage(b, "block2", x, 64));
}

ModelGraph large_depthwise(ModelBuilder& b) {
  Value x = stage(b, "block1", stem(b, {1, 3, 64, 64}, 64), 64);
  x = stage(b, "block2", x, 128);
  return head(b, stage(b, "block3", x, 256));
}

const Network kNetworks[] = {
    {"depthwise_conv", 40, "two depthwise separable convolutions", depthwise_conv},
    {"large_depthwise", 41, "three depthwise separable convolutions on 64x64 pictures", large_depthwise},
};

}  // namespace

std::span<const Network> depthwise_networks() { return kNetworks; }

}  // namespace ares::zoo
