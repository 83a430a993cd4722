// Single layers of the shapes that kernels are judged by, side by side in one model: each is a group of its own.
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

ModelGraph cluster_groups(ModelBuilder& b) {
  const auto input = [&](const char* name, Shape shape) {
    return b.quant(std::string(name) + "_quant", b.input(name, std::move(shape)));
  };
  std::vector<Value> outputs;
  const auto conv = [&](const char* name, const Value& x, const ConvSpec& spec) {
    outputs.push_back(b.relu(std::string(name) + ".relu", b.conv(name, x, spec)));
  };
  const auto linear = [&](const char* name, const Value& x, int64_t out) {
    outputs.push_back(b.relu(std::string(name) + ".relu", b.linear(name, x, {.out = out})));
  };
  const Value image = input("image", {1, 64, 32, 32}), other = input("other", {1, 64, 32, 32});
  conv("dense3x3", image, {.out = 64, .kernel = {3, 3}, .pads = same(1)});
  conv("pointwise", image, {.out = 64});
  conv("depthwise", image, {.out = 64, .kernel = {3, 3}, .pads = same(1), .groups = 64});
  conv("stride2", image, {.out = 64, .kernel = {3, 3}, .stride = {2, 2}, .pads = same(1)});
  conv("first3", input("colours", {1, 3, 32, 32}), {.out = 32, .kernel = {3, 3}, .pads = same(1)});
  conv("first1", input("grey", {1, 1, 16, 16}), {.out = 64, .kernel = {3, 3}, .pads = same(1)});
  conv("row1x3", input("row", {1, 64, 1, 256}), {.out = 64, .kernel = {1, 3}, .pads = {0, 1, 0, 1}});
  linear("tokens400", input("tokens", {1, 400, 192}), 768);
  linear("token1", input("token", {1, 784}), 256);
  outputs.push_back(b.relu("sum.relu", quant_add(b, "sum", image, other)));
  outputs.push_back(b.quant("table.quant", b.function("Sigmoid", "table", image)));
  outputs.push_back(b.max_pool("max_pool", image));
  outputs.push_back(b.quant("global_average.quant", b.global_average_pool("global_average", image)));
  return b.finish(outputs);
}

const Network kNetworks[] = {
    {"cluster_groups", 0, "single layers by which kernels are judged", cluster_groups},
};

}  // namespace

std::span<const Network> layer_collections() { return kNetworks; }

}  // namespace ares::zoo
