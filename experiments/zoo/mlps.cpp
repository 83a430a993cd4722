// Networks of linear layers.
#include <fmt/format.h>

#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

/// Linear, ReLU and, where `quantiser`, one more quantiser for each width but the last, which ends the network.
ModelGraph layers(ModelBuilder& b, Value x, const std::vector<int64_t>& widths, bool quantiser) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    x = b.linear(fmt::format("fc{}", i + 1), x, {.out = widths[i]});
    if (i + 1 == widths.size()) break;
    x = b.relu(fmt::format("relu{}", i + 1), x);
    if (quantiser) x = b.quant(fmt::format("fc{}_quant", i + 1), x);
  }
  return b.finish({x});
}

ModelGraph mlp(ModelBuilder& b) {
  const Value flat = b.reshape("", b.input("input", {1, 1, 28, 28}), {1, -1});
  return layers(b, b.quant("input_quant", flat), {256, 128, 10}, true);
}

ModelGraph stress(ModelBuilder& b) {
  return layers(b, b.quant("input_quant", b.input("input", {1, 64})), {768, 768, 237, 513, 128, 5}, false);
}

ModelGraph ne16_linear(ModelBuilder& b) {
  return layers(b, b.quant("input_quant", b.input("input", {1, 49, 192})), {64, 64, 10}, true);
}

ModelGraph ne16_large(ModelBuilder& b) {
  return layers(b, b.quant("input_quant", b.input("input", {1, 49, 256})), {256, 256, 256, 256, 10}, true);
}

const Network kNetworks[] = {
    {"mlp", 3, "three linear layers on 28x28 pictures", mlp},
    {"autotune_stress", 30, "six linear layers of awkward sizes", stress},
    {"ne16_linear", 38, "three linear layers on 49 tokens", ne16_linear},
    {"ne16_large", 39, "five linear layers on 49 tokens", ne16_large},
};

}  // namespace

std::span<const Network> mlps() { return kNetworks; }

}  // namespace ares::zoo
