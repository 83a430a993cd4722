// Single layers of the shapes that kernels are judged by, side by side in one model: each is a group of its own.
#include "core/builder/mamba.hpp"
#include "core/builder/transformer.hpp"
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

/// The same of transformers: attention with and without its projections, norms, sums, curves, softmax, a transposition,
/// and a selective scan.
ModelGraph transformer_groups(ModelBuilder& b) {
  const auto input = [&](const char* name, Shape shape) { return b.input(name, std::move(shape)); };
  const auto quant = [&](const char* name, const Value& x) { return b.quant(std::string(name) + "_quant", x); };
  std::vector<Value> outputs;
  const Shape tokens{1, 196, 128};
  outputs.push_back(attention_core(b, "core196", quant("queries", input("queries", tokens)),
                                   quant("keys", input("keys", tokens)), quant("values", input("values", tokens)),
                                   {.heads = 2}));
  const Value x = quant("x", input("x", {1, 32, 256})), features = quant("features", input("features", {1, 196, 64}));
  outputs.push_back(quant("attention32", self_attention(b, "attention32", x, {.heads = 8})));
  outputs.push_back(quant("norm64", norm(b, "norm64", features)));
  const Value other = quant("other", input("other", {1, 196, 64}));
  outputs.push_back(quant("halves_norm64", norm(b, "halves_norm64", b.add("sum16", features, other))));
  const Value image = quant("image", input("image", {1, 64, 32, 22}));
  outputs.push_back(quant("group_norm", group_norm(b, "group_norm", image, 4)));
  const Value bytes = quant("bytes", input("bytes", tokens)), steps = quant("steps", input("steps", {1, 80, 32}));
  // What reads a tensor first decides how it is stored, so the second linear layer has a group that turns it back.
  const Value across = b.transpose("across", bytes, {0, 2, 1});
  outputs.push_back(quant("mixed", b.linear("mixed", across, {.out = 8})));
  outputs.push_back(quant("gelu_curve", b.gelu("gelu_curve", b.linear("turned", bytes, {.out = 128}))));
  outputs.push_back(quant("norm256", norm(b, "norm256", quant("wide", input("wide", {1, 196, 256})))));
  outputs.push_back(quant("gelu_table", b.gelu("gelu_table", bytes)));
  outputs.push_back(quant("silu_table", b.silu("silu_table", bytes)));
  outputs.push_back(quant("softmax200", b.softmax("softmax200", quant("rows200", input("rows200", {1, 64, 200})))));
  outputs.push_back(quant("softmax32", b.softmax("softmax32", quant("rows32", input("rows32", {1, 256, 32})))));
  outputs.push_back(quant("scan", selective_scan(b, "scan", steps, {.states = 16, .rank = 4})));
  return b.finish(outputs);
}

const Network kNetworks[] = {
    {"cluster_groups", 0, "single layers by which kernels are judged", cluster_groups},
    {"transformer_groups", 0, "those of transformers", transformer_groups},
};

}  // namespace

std::span<const Network> layer_collections() { return kNetworks; }

}  // namespace ares::zoo
