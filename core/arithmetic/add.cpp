#include "core/arithmetic/add.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ares {
namespace {

constexpr int largest_shift = 30;

/// Largest |x * m| over the term's clip range.
double reach(const AddTerm& t, double m) { return std::abs(m) * std::max(std::abs(t.lo), std::abs(t.hi)); }

/// Constants at shift S; nothing where a step can leave int32.
bool constants_at(int shift, const AddTerm& a, const AddTerm& b, int output_zero, Requant& r) {
  const double unit = std::ldexp(1.0, shift);
  const double ma = std::nearbyint(a.multiplier * unit), mb = std::nearbyint(b.multiplier * unit);
  const double offset = std::ldexp(double(output_zero), shift) - a.zero * ma - b.zero * mb + unit / 2;
  // Products and partial sums of any order stay below this.
  if (reach(a, ma) + reach(b, mb) + std::abs(offset) > std::numeric_limits<int32_t>::max()) return false;
  r.shift = shift;
  r.m = {static_cast<int32_t>(ma), static_cast<int32_t>(mb)};
  r.B = {static_cast<int32_t>(offset)};
  const double error_a = std::abs(ma / unit - a.multiplier), error_b = std::abs(mb / unit - b.multiplier);
  r.deviation = error_a * std::max(std::abs(a.lo - a.zero), std::abs(a.hi - a.zero)) +
                error_b * std::max(std::abs(b.lo - b.zero), std::abs(b.hi - b.zero));
  return true;
}

}  // namespace

Result<Requant> make_add_requant(const AddTerm& a, const AddTerm& b, int output_zero, int lo, int hi,
                                 RequantPolicy policy) {
  if (!std::isfinite(a.multiplier) || !std::isfinite(b.multiplier))
    return fail("the ratio of an input's scale and the output's is not finite");
  Requant r;
  r.lo = lo;
  r.hi = hi;
  int shift = largest_shift;
  while (shift > 0 && !constants_at(shift, a, b, output_zero, r)) --shift;
  if (shift == 0)
    return fail(fmt::format("the input scales are {} and {} times the output's: no shift keeps the sum in int32",
                            std::abs(a.multiplier), std::abs(b.multiplier)));
  // Both multipliers are whole at this shift: the sum is exact, and ties can be told.
  if (policy == RequantPolicy::exact && r.deviation == 0) r.rounding = Rounding::half_even;
  return r;
}

}  // namespace ares
