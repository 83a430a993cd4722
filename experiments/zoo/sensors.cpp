// Networks on rows of sensor samples: convolutions along time with explicit zero padding and batch normalisation.
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

/// Zero padding of k - 1, the smaller half first, that keeps an axis of a convolution of k its length.
Pads keeping(const Pair& kernel) {
  const int64_t h = kernel[0] - 1, w = kernel[1] - 1;
  return {h / 2, w / 2, h - h / 2, w - w / 2};
}

/// ZeroPad2d, convolution, batch normalisation, ReLU.
Value layer(ModelBuilder& b, const std::string& path, const Value& x, int64_t out, Pair kernel) {
  const Value padded = b.pad(path + ".pad", x, keeping(kernel));
  return conv_block(b, path, padded, {{.out = out, .kernel = kernel}, true});
}

Value max_pool(ModelBuilder& b, const std::string& path, const Value& x, Pair window) {
  return b.max_pool(path, x, {.kernel = window, .stride = window});
}

Value average_pool(ModelBuilder& b, const std::string& path, const Value& x, Pair window) {
  return b.average_pool(path, x, {.kernel = window, .stride = window});
}

ModelGraph zero_pad(ModelBuilder& b) {
  Value x = b.quant("input_quant", b.input("input", {1, 1, 8, 64}));
  x = max_pool(b, "pool1", layer(b, "layer1", x, 4, {1, 4}), {1, 8});
  x = average_pool(b, "pool2", layer(b, "layer2", x, 8, {1, 8}), {1, 4});
  return b.finish({b.linear("classifier", b.flatten(b.quant("pool2_quant", x)), {.out = 10})});
}

Value eeg_branch(ModelBuilder& b) {
  Value x = b.quant("eeg.input_quant", b.input("eeg", {1, 1, 8, 2200}));
  x = max_pool(b, "eeg.pool1", layer(b, "eeg.layer1", x, 4, {1, 4}), {1, 8});
  x = max_pool(b, "eeg.pool2", layer(b, "eeg.layer2", x, 16, {1, 16}), {1, 4});
  x = max_pool(b, "eeg.pool3", layer(b, "eeg.layer3", x, 16, {1, 8}), {1, 4});
  x = max_pool(b, "eeg.pool4", layer(b, "eeg.layer4", x, 16, {16, 1}), {4, 1});
  x = layer(b, "eeg.layer5", x, 16, {8, 1});
  return average_pool(b, "eeg.pool5", x, {2, 17});
}

Value ppg_branch(ModelBuilder& b) {
  Value x = b.quant("ppg.input_quant", b.input("ppg", {1, 1, 2, 2200}));
  x = max_pool(b, "ppg.pool1", layer(b, "ppg.layer1", x, 4, {1, 4}), {1, 4});
  x = max_pool(b, "ppg.pool2", layer(b, "ppg.layer2", x, 8, {1, 4}), {1, 4});
  x = max_pool(b, "ppg.pool3", layer(b, "ppg.layer3", x, 16, {1, 4}), {1, 4});
  x = layer(b, "ppg.layer4", x, 32, {1, 8});
  x = layer(b, "ppg.layer5", x, 32, {1, 16});
  return average_pool(b, "ppg.pool4", x, {2, 34});
}

ModelGraph drowsiness(ModelBuilder& b) {
  const Value eeg = eeg_branch(b), ppg = ppg_branch(b);
  const Value both = b.concat("", b.quant_shared("fusion_quant", {eeg, ppg}));
  return b.finish({b.linear("classifier", b.flatten(both), {.out = 2})});
}

const Network kNetworks[] = {
    {"drowsiness_fusion", 36, "two inputs, EEG and PPG, joined before the classifier", drowsiness},
    {"zeropad2d", 37, "explicit, asymmetric zero padding", zero_pad},
};

}  // namespace

std::span<const Network> sensor_networks() { return kNetworks; }

}  // namespace ares::zoo
