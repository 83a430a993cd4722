// The two networks of the tutorial, as the README's Brevitas source has them.
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

ModelGraph tutorial_cnn(ModelBuilder& b) {
  const ConvSpec first{.out = 32, .kernel = {3, 3}, .pads = same(1)};
  ConvSpec second = first, third = first;
  second.out = 64;
  third.out = 128;
  Value x = b.quant("input_quant", b.input("input", {1, 1, 28, 28}));
  x = b.quant("pool1_quant", b.max_pool("pool1", b.relu("relu1", b.conv("conv1", x, first))));
  x = b.quant("pool2_quant", b.max_pool("pool2", b.relu("relu2", b.conv("conv2", x, second))));
  x = b.relu("relu3", b.conv("conv3", x, third));
  x = b.quant("pre_linear_quant", b.view_flat(x));
  return b.finish({b.linear("classifier", x, {.out = 10})});
}

ModelGraph simple_mlp(ModelBuilder& b) {
  Value x = b.quant("input_quant", b.reshape("", b.input("input", {1, 1, 28, 28}), {1, -1}));
  x = b.quant("fc1_quant", b.relu("relu1", b.linear("fc1", x, {.out = 256})));
  x = b.quant("fc2_quant", b.relu("relu2", b.linear("fc2", x, {.out = 128})));
  return b.finish({b.linear("fc3", x, {.out = 10})});
}

const Network kNetworks[] = {
    {"tutorial_cnn", 0, "the README's network", tutorial_cnn},
    {"simple_mlp", 0, "the tutorial's linear layers", simple_mlp},
};

}  // namespace

std::span<const Network> tutorial_networks() { return kNetworks; }

}  // namespace ares::zoo
