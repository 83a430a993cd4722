// The four networks of MLPerf Tiny.
#include <fmt/format.h>

#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

ModelGraph head(ModelBuilder& b, const Value& pooled, int64_t classes) {
  const Value x = b.quant("gap_quant", pooled);
  return b.finish({b.linear("fc", b.flatten(x), {.out = classes})});
}

/// Image classification, CIFAR-10: a stem and three residual blocks with batch normalisation.
ModelGraph resnet8(ModelBuilder& b) {
  Value x = b.quant("input_quant", b.input("input", {1, 3, 32, 32}));
  x = conv_block(b, "stem", x, {{.out = 16, .kernel = {3, 3}, .pads = same(1)}, true});
  x = residual_block(b, "stage1", x, {.out = 16});
  x = residual_block(b, "stage2", x, {.out = 32, .stride = 2});
  x = residual_block(b, "stage3", x, {.out = 64, .stride = 2});
  return head(b, b.average_pool("pool", x, {.kernel = {8, 8}, .stride = {8, 8}}), 10);
}

/// Keyword spotting: 49 x 10 features, one 10x4 convolution, four depthwise separable ones.
ModelGraph ds_cnn(ModelBuilder& b) {
  Value x = b.quant("input_quant", b.input("input", {1, 1, 49, 10}));
  x = conv_block(b, "stem", x, {{.out = 64, .kernel = {10, 4}, .stride = {2, 2}, .pads = {5, 1, 5, 1}}});
  for (int i = 1; i <= 4; ++i) x = depthwise_separable(b, fmt::format("block{}", i), x, {.out = 64});
  return head(b, b.average_pool("pool", x, {.kernel = {25, 5}, .stride = {25, 5}}), 12);
}

/// Visual wake words: MobileNetV1, a quarter of its channels, one scale per channel.
ModelGraph mobilenet_v1(ModelBuilder& b) {
  constexpr WeightSpec kPerChannel{.per_channel = true};
  Value x = b.quant("input_quant", b.input("input", {1, 3, 96, 96}));
  const ConvSpec stem{.out = 8, .kernel = {3, 3}, .stride = {2, 2}, .pads = same(1), .weights = kPerChannel};
  x = conv_block(b, "stem", x, {stem});
  const struct {
    int64_t out, stride;
  } blocks[] = {{16, 1},  {32, 2},  {32, 1},  {64, 2},  {64, 1},  {128, 2}, {128, 1},
                {128, 1}, {128, 1}, {128, 1}, {128, 1}, {256, 2}, {256, 1}};
  int i = 1;
  for (const auto& [out, stride] : blocks) {
    x = depthwise_separable(b, fmt::format("block{}", i++), x, {.out = out, .stride = stride, .weights = kPerChannel});
  }
  return head(b, b.global_average_pool("pool", x), 2);
}

/// Anomaly detection: an autoencoder of 640 features.
ModelGraph autoencoder(ModelBuilder& b) {
  Value x = b.quant("input_quant", b.input("input", {1, 640}));
  int i = 1;
  for (const int64_t width : {128, 128, 128, 128, 8, 128, 128, 128, 128}) {
    x = b.relu(fmt::format("relu{}", i), b.linear(fmt::format("fc{}", i), x, {.out = width}));
    ++i;
  }
  return b.finish({b.linear("out", x, {.out = 640})});
}

const Network kNetworks[] = {
    {"resnet8", 0, "MLPerf Tiny: image classification", resnet8},
    {"ds_cnn", 0, "MLPerf Tiny: keyword spotting", ds_cnn},
    {"mobilenet_v1_025", 0, "MLPerf Tiny: visual wake words", mobilenet_v1},
    {"autoencoder", 0, "MLPerf Tiny: anomaly detection", autoencoder},
};

}  // namespace

std::span<const Network> mlperf_tiny() { return kNetworks; }

}  // namespace ares::zoo
