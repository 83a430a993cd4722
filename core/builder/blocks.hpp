// Building blocks of several layers.
#pragma once

#include "core/builder/model_builder.hpp"

namespace ares::builder {

/// A 3x3 (or other) convolution, batch normalisation where asked for, and QuantReLU: modules PATH.conv, .bn, .relu.
struct ConvBlockSpec {
  ConvSpec conv;
  bool batch_norm = false;
};
Value conv_block(ModelBuilder& b, const std::string& path, const Value& x, const ConvBlockSpec& spec);

/// ResNet's basic block: conv 3x3, ReLU, conv 3x3, plus the input (through a 1x1 convolution where the shape changes)
/// at one shared scale, ReLU. With batch normalisation convolutions have no bias.
struct ResidualSpec {
  int64_t out = 1, stride = 1;
  bool batch_norm = true;
  WeightSpec weights{};
};
Value residual_block(ModelBuilder& b, const std::string& path, const Value& x, const ResidualSpec& spec);

/// Depthwise 3x3 and pointwise 1x1 convolution, each with ReLU (MobileNetV1): modules PATH.dw, .pw and their ReLUs.
struct SeparableSpec {
  int64_t out = 1, stride = 1;
  bool batch_norm = false;
  WeightSpec weights{};
};
Value depthwise_separable(ModelBuilder& b, const std::string& path, const Value& x, const SeparableSpec& spec);

/// MobileNetV2's block: expand 1x1, depthwise 3x3, project 1x1 without ReLU; plus the input where shapes agree.
struct InvertedResidualSpec {
  int64_t out = 1, stride = 1, expansion = 6;
  WeightSpec weights{};
};
Value inverted_residual(ModelBuilder& b, const std::string& path, const Value& x, const InvertedResidualSpec& spec);

/// a + b at one shared scale, as QuantEltwiseAdd takes its inputs; the sum is not quantised.
Value quant_add(ModelBuilder& b, const std::string& path, const Value& x, const Value& y);

}  // namespace ares::builder
