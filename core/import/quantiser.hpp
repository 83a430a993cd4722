// The parameters of a Quant node: q = clip(round(x / scale + zero_point)), real = (q - zero_point) * scale.
#pragma once

#include <string>

#include "core/import/model_graph.hpp"
#include "core/ir/layer.hpp"

namespace ares::qonnx {

using RoundingFunction = double (*)(double);

/// The rounding function of a mode's name (QONNX, Quant.md), in any case; null for one that does not exist.
RoundingFunction rounding_function(std::string mode);

struct Quantiser {
  Array scale, zero_point;
  int bits = 8;
  bool is_signed = true, narrow = false;
  RoundingFunction round = nullptr;
  bool half_even = true;  ///< the mode that requantisation has

  /// Signed with one bit: -1 below 0, else 1.
  bool bipolar() const { return is_signed && bits == 1; }
  int64_t lowest() const { return bipolar() ? -1 : is_signed ? -(int64_t{1} << (bits - 1)) + narrow : 0; }
  int64_t highest() const {
    return bipolar() ? 1 : is_signed ? (int64_t{1} << (bits - 1)) - 1 : (int64_t{1} << bits) - 1 - narrow;
  }
};

/// Reads and checks them: constant, scale positive and finite, zero point integral, 1 to 32 bits, a known rounding.
Result<Quantiser> read_quantiser(const NodeView& node);

/// The quantiser of an activation as stored values: one scale, at most 8 bits.
Result<Quantisation> activation_quantisation(const NodeView& node);

/// The constant through its quantiser. Computed in float where the constant is float, as Brevitas does. Fails where
/// shapes do not broadcast or a value is not a number.
Result<QuantisedConstant> quantise_constant(const NodeView& node, const Array& constant, const Quantiser& q);

}  // namespace ares::qonnx
