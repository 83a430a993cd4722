// One channel while its constants are made; for the files of this folder alone (its rationals are heavy to include).
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>

#include "core/arithmetic/make_requant.hpp"

namespace ares::detail {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

/// A channel with what both forms need of it. A is acc - zero_part; M is multiplier / divisor.
struct Channel {
  double multiplier = 0, bias = 0;  ///< b; multiplier = 0 where the output does not depend on the input
  int64_t divisor = 1;              ///< odd
  int64_t zero_part = 0;            ///< z_x * sum(w - z_w)
  int64_t acc_min = 0, acc_max = 0;
  int64_t unclipped_min = 0, unclipped_max = -1;  ///< the reachable A whose output is not clipped; empty if M = 0

  cpp_rational M() const { return cpp_rational(multiplier) / divisor; }
  bool empty() const { return unclipped_min > unclipped_max; }
};

cpp_int floor(const cpp_rational& x);
cpp_int round_half_even(const cpp_rational& x);
cpp_rational power_of_two(int exponent);

bool is_integer(double v);

/// m = rne(M * 2^power), as a double without rounding where it is below 2^53.
double rounded_multiplier(const Channel& ch, int power);

/// reach * |m - M * 2^power| * 2^scale + rest, rounded once to double (0 <= reach < 2^53).
double error_bound(const Channel& ch, double reach, double m, int power, int scale, double rest);

/// The channels of a layer, constant ones replaced, with their unclipped ranges. Fails, naming the channel, where a
/// term is not finite or an accumulator can overflow int32.
Result<std::vector<Channel>> prepare(std::span<const ChannelTerms> terms, const RequantSpec& spec);

}  // namespace ares::detail
