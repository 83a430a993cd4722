// From the real description of a weighted layer to the integer constants of its requantisation.
//
// The formulas, their bounds and the proofs are in README.md beside this file. Everything is decided from the doubles
// given here, without rounding errors of its own: the same terms give the same bits everywhere.
#pragma once

#include <cstdint>
#include <span>

#include "core/arithmetic/requant.hpp"
#include "core/base/result.hpp"

namespace ares {

/// What the requantisation of one output channel follows from.
struct ChannelTerms {
  double multiplier = 0;             ///< M * divisor; M = s_x * s_w / s_y, output steps per accumulator step; 1 for raw
  double bias = 0;                   ///< b = bias / s_y, in output steps, not rounded
  int64_t weight_sum = 0;            ///< sum of (w - z_w)
  int64_t acc_min = 0, acc_max = 0;  ///< range of acc = sum of a * (w - z_w) over the reachable inputs a
  int64_t divisor = 1;               ///< 1 or more; of an average, so that M is what it is and no rounded quotient
};

/// What all channels of a layer share.
struct RequantSpec {
  int input_zero = 0, output_zero = 0;  ///< z_x, z_y in stored values
  int lo = 0, hi = 255;                 ///< clip range of the output in stored values
  RequantPolicy policy = RequantPolicy::fast;
  bool bias_quantised = false;
};

/// Narrow or wide form, whichever the policy asks for. Fails, naming the channel, where an accumulator can overflow
/// int32, a term is not finite, or no shift keeps the wide form in int32.
Result<Requant> make_requant(std::span<const ChannelTerms> terms, const RequantSpec& spec);

/// Raw form, y = acc + B, for outputs that stay int32 with scale s_x * s_w. `bias` of each term is in accumulator
/// steps, bias / (s_x * s_w). Fails where an accumulator or the output can overflow int32.
Result<Requant> make_raw_requant(std::span<const ChannelTerms> terms, int input_zero);

}  // namespace ares
