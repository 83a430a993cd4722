#include "core/arithmetic/add.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace ares {
namespace {

constexpr int largest_shift = 30;

/// Largest |x * m| over the term's clip range; at least |m|, which has to fit into int32 too where a term is always 0.
double reach(const AddTerm& t, double m) { return std::abs(m) * std::max({1, std::abs(t.lo), std::abs(t.hi)}); }

/// Constants at shift S with these multipliers; nothing where a step can leave int32.
bool constants_of(int shift, double ma, double mb, const AddTerm& a, const AddTerm& b, int output_zero, Requant& r) {
  const double unit = std::ldexp(1.0, shift);
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

bool constants_at(int shift, const AddTerm& a, const AddTerm& b, int output_zero, Requant& r) {
  const double unit = std::ldexp(1.0, shift);
  return constants_of(shift, std::nearbyint(a.multiplier * unit), std::nearbyint(b.multiplier * unit), a, b,
                      output_zero, r);
}

/// Pairs of stored values whose sum is not rounded as the real one.
int64_t wrong_pairs(const Requant& r, const AddTerm& a, const AddTerm& b, int output_zero) {
  int64_t wrong = 0;
  for (int x = a.lo; x <= a.hi; ++x) {
    const double first = (x - a.zero) * a.multiplier + output_zero;
    for (int y = b.lo; y <= b.hi; ++y) {
      const double real = std::clamp(std::nearbyint(first + (y - b.zero) * b.multiplier), double(r.lo), double(r.hi));
      wrong += requantised_sum(r, x, y) != static_cast<int32_t>(real);
    }
  }
  return wrong;
}

/// Two bytes have few sums. One that lies next to a tie may be common: neighbours of the multipliers are tried for the
/// fewest sums that the constants round to the other side.
void avoid_near_ties(const AddTerm& a, const AddTerm& b, int output_zero, Requant& r) {
  const Requant nearest = r;
  int64_t fewest = wrong_pairs(nearest, a, b, output_zero);
  for (const int step_a : {0, -1, 1}) {
    for (const int step_b : {0, -1, 1}) {
      Requant tried = nearest;
      if (fewest == 0 ||
          !constants_of(nearest.shift, nearest.m[0] + step_a, nearest.m[1] + step_b, a, b, output_zero, tried))
        continue;
      const int64_t wrong = wrong_pairs(tried, a, b, output_zero);
      if (wrong < fewest) fewest = wrong, r = tried;
    }
  }
}

bool is_byte(const AddTerm& t) { return t.lo >= 0 && t.hi <= 255; }

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
  if (policy == RequantPolicy::exact && r.deviation > 0 && is_byte(a) && is_byte(b))
    avoid_near_ties(a, b, output_zero, r);
  // Both multipliers are whole at this shift: the sum is exact, and ties can be told.
  if (policy == RequantPolicy::exact && r.deviation == 0) r.rounding = Rounding::half_even;
  return r;
}

}  // namespace ares
