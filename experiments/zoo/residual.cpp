// Residual networks on 28 x 28 pictures.
#include <fmt/format.h>

#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

ConvSpec conv3x3(int64_t out, int64_t stride = 1) {
  return {.out = out, .kernel = {3, 3}, .stride = {stride, stride}, .pads = same(1)};
}

Value stem(ModelBuilder& b) {
  const Value x = b.quant("input_quant", b.input("input", {1, 1, 28, 28}));
  return b.quant("conv1_quant", b.relu("relu1", b.conv("conv1", x, conv3x3(16))));
}

ModelGraph head(ModelBuilder& b, const Value& x) {
  const Value pooled = b.quant("gap_quant", b.global_average_pool("gap", x));
  return b.finish({b.linear("fc", b.flatten(pooled), {.out = 10})});
}

ModelGraph resnet_basic(ModelBuilder& b) {
  const Value identity = stem(b);
  const Value x = b.quant("conv2_quant", b.relu("relu2", b.conv("conv2", identity, conv3x3(16))));
  return head(b, b.quant("add_quant", quant_add(b, "add", x, identity)));
}

Value basic_block(ModelBuilder& b, const std::string& path, const Value& x, int64_t out, int64_t stride) {
  Value y = b.conv(path + ".conv1", x, conv3x3(out, stride));
  y = b.quant(path + ".quant1", b.relu(path + ".relu1", y));
  y = b.conv(path + ".conv2", y, conv3x3(out));
  Value shortcut = x;
  if (stride != 1 || x.shape[1] != out) {
    shortcut = b.conv(path + ".shortcut", x, {.out = out, .stride = {stride, stride}});
    shortcut = b.quant(path + ".shortcut_quant", shortcut);
  }
  return b.quant(path + ".quant2", b.relu(path + ".relu2", quant_add(b, path, y, shortcut)));
}

ModelGraph resnet18(ModelBuilder& b) {
  Value x = stem(b);
  for (int64_t stage = 0; stage < 4; ++stage) {
    for (int64_t block = 0; block < 2; ++block) {
      const std::string path = fmt::format("layer{}.{}", stage + 1, block);
      x = basic_block(b, path, x, int64_t{16} << stage, stage > 0 && block == 0 ? 2 : 1);
    }
  }
  return head(b, x);
}

const Network kNetworks[] = {
    {"resnet_basic", 4, "one residual connection", resnet_basic},
    {"resnet18", 10, "four stages of two basic blocks, 16 to 128 channels", resnet18},
};

}  // namespace

std::span<const Network> residual_networks() { return kNetworks; }

}  // namespace ares::zoo
