#include "core/builder/blocks.hpp"

namespace ares::builder {

Value conv_block(ModelBuilder& b, const std::string& path, const Value& x, const ConvBlockSpec& spec) {
  ConvSpec conv = spec.conv;
  if (spec.batch_norm) conv.bias = Bias::none;
  Value y = b.conv(path + ".conv", x, conv);
  if (spec.batch_norm) y = b.batch_norm(path + ".bn", y);
  return b.relu(path + ".relu", y);
}

Value quant_add(ModelBuilder& b, const std::string& path, const Value& x, const Value& y) {
  const auto both = b.quant_shared(path + ".add_quant", {x, y});
  return b.add(path, both[0], both[1]);
}

Value residual_block(ModelBuilder& b, const std::string& path, const Value& x, const ResidualSpec& spec) {
  const Bias bias = spec.batch_norm ? Bias::none : Bias::real;
  const auto conv = [&](const char* name, const Value& in, int64_t kernel, int64_t stride) {
    return b.conv(path + ".conv" + name, in,
                  {.out = spec.out,
                   .kernel = {kernel, kernel},
                   .stride = {stride, stride},
                   .pads = same(kernel / 2),
                   .bias = bias,
                   .weights = spec.weights});
  };
  const auto norm = [&](const char* name, const Value& in) {
    return spec.batch_norm ? b.batch_norm(path + ".bn" + name, in) : in;
  };
  const Value inner = b.relu(path + ".relu1", norm("1", conv("1", x, 3, spec.stride)));
  const Value main = norm("2", conv("2", inner, 3, 1));
  const bool changes = spec.stride != 1 || x.shape[1] != spec.out;
  const Value shortcut = changes ? norm("_shortcut", conv("_shortcut", x, 1, spec.stride)) : x;
  return b.relu(path + ".relu2", quant_add(b, path, main, shortcut));
}

Value depthwise_separable(ModelBuilder& b, const std::string& path, const Value& x, const SeparableSpec& spec) {
  const int64_t channels = x.shape[1];
  const ConvSpec depthwise{.out = channels,
                           .kernel = {3, 3},
                           .stride = {spec.stride, spec.stride},
                           .pads = same(1),
                           .groups = channels,
                           .weights = spec.weights};
  const Value y = conv_block(b, path + ".dw", x, {depthwise, spec.batch_norm});
  return conv_block(b, path + ".pw", y, {{.out = spec.out, .weights = spec.weights}, spec.batch_norm});
}

Value inverted_residual(ModelBuilder& b, const std::string& path, const Value& x, const InvertedResidualSpec& spec) {
  const int64_t inner = x.shape[1] * spec.expansion;
  Value y = x;
  if (spec.expansion != 1) y = conv_block(b, path + ".expand", y, {{.out = inner, .weights = spec.weights}, true});
  const ConvSpec depthwise{.out = inner,
                           .kernel = {3, 3},
                           .stride = {spec.stride, spec.stride},
                           .pads = same(1),
                           .groups = inner,
                           .weights = spec.weights};
  y = conv_block(b, path + ".dw", y, {depthwise, true});
  y = b.conv(path + ".project", y, {.out = spec.out, .bias = Bias::none, .weights = spec.weights});
  y = b.batch_norm(path + ".project_bn", y);
  const bool residual = spec.stride == 1 && x.shape[1] == spec.out;
  return b.quant(path + ".out_quant", residual ? quant_add(b, path, y, x) : y);
}

}  // namespace ares::builder
