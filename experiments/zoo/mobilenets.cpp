// MobileNets beyond MLPerf Tiny's.
#include <fmt/format.h>

#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

/// MobileNetV2 (Sandler et al., 2018, table 2) at width 1.0 on 96x96 pictures.
ModelGraph mobilenet_v2(ModelBuilder& b) {
  constexpr WeightSpec kPerChannel{.per_channel = true};
  const struct {
    int64_t expansion, out, repeat, stride;
  } stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  Value x = b.quant("input_quant", b.input("input", {1, 3, 96, 96}));
  const ConvSpec stem{.out = 32, .kernel = {3, 3}, .stride = {2, 2}, .pads = same(1), .weights = kPerChannel};
  x = conv_block(b, "stem", x, {stem, true});
  int i = 1;
  for (const auto& [expansion, out, repeat, stride] : stages) {
    for (int64_t n = 0; n < repeat; ++n) {
      x = inverted_residual(
          b, fmt::format("block{}", i++), x,
          {.out = out, .stride = n == 0 ? stride : 1, .expansion = expansion, .weights = kPerChannel});
    }
  }
  x = conv_block(b, "last", x, {{.out = 1280, .weights = kPerChannel}, true});
  x = b.quant("gap_quant", b.global_average_pool("gap", x));
  return b.finish({b.linear("classifier", b.flatten(x), {.out = 1000, .weights = kPerChannel})});
}

const Network kNetworks[] = {{"mobilenet_v2", 0, "MobileNetV2 1.0 on 96x96 pictures, 1000 classes", mobilenet_v2}};

}  // namespace

std::span<const Network> mobilenets() { return kNetworks; }

}  // namespace ares::zoo
