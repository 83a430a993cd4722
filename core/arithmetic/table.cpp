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

Result<void> check(const Quantisation& q) {
  if (is_stored_u8(q)) return {};
  return fail(fmt::format("a table needs a positive scale and a clip range in 0..255, has scale {} and range {}..{}",
                          q.scale, q.lo, q.hi));
}

}  // namespace

Result<std::array<uint8_t, 256>> build_table(const std::function<double(double)>& f, const Quantisation& input,
                                             const Quantisation& output) {
  if (auto ok = check(input); !ok) return tl::unexpected(ok.error());
  std::array<double, 256> values = stored_values(input);
  for (double& v : values) v = f(v);
  return build_table(values, output);
}

Result<std::array<uint8_t, 256>> build_table(const std::array<double, 256>& values, const Quantisation& output) {
  if (auto ok = check(output); !ok) return tl::unexpected(ok.error());
  std::array<uint8_t, 256> map{};
  for (std::size_t x = 0; x < map.size(); ++x) {
    const double y = std::nearbyint(values[x] / output.scale + output.zero_point);
    if (std::isnan(y)) return fail(fmt::format("the function of a table is not a number at the stored value {}", x));
    map[x] = static_cast<uint8_t>(std::clamp<double>(y, output.lo, output.hi));
  }
  return map;
}

std::array<double, 256> stored_values(const Quantisation& input) {
  std::array<double, 256> values{};
  for (int x = 0; x < 256; ++x) {
    values[static_cast<std::size_t>(x)] = (std::clamp(x, input.lo, input.hi) - input.zero_point) * input.scale;
  }
  return values;
}

}  // namespace ares
