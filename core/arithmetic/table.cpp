#include "core/arithmetic/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/ir/layer.hpp"

namespace ares {
namespace {

bool is_stored_u8(const Quantisation& q) {
  return std::isfinite(q.scale) && q.scale > 0 && 0 <= q.lo && q.lo <= q.hi && q.hi <= 255;
}

}  // namespace

Result<std::array<uint8_t, 256>> build_table(const std::function<double(double)>& f, const Quantisation& input,
                                             const Quantisation& output) {
  for (const Quantisation* q : {&input, &output})
    if (!is_stored_u8(*q))
      return fail(
          fmt::format("a table needs a positive scale and a clip range in 0..255, has scale {} and range {}..{}",
                      q->scale, q->lo, q->hi));
  std::array<uint8_t, 256> map{};
  for (int x = 0; x < 256; ++x) {
    const double real = (std::clamp(x, input.lo, input.hi) - input.zero_point) * input.scale;
    const double y = std::nearbyint(f(real) / output.scale + output.zero_point);
    if (std::isnan(y)) return fail(fmt::format("the function of a table is not a number at {}", real));
    map[x] = static_cast<uint8_t>(std::clamp<double>(y, output.lo, output.hi));
  }
  return map;
}

}  // namespace ares
