#include "core/arithmetic/transform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/ir/layer.hpp"

namespace ares {

Coefficients make_coefficients(std::span<const double> matrix, std::size_t outputs) {
  constexpr double most = std::numeric_limits<int32_t>::max(), largest_input = 255, largest = 32767;
  const std::size_t columns = matrix.size() / outputs;
  double reach = 0, sums = 0;
  for (std::size_t o = 0; o < outputs; ++o) {
    double sum = 0;
    for (const double v : matrix.subspan(o * columns, columns)) {
      reach = std::max(reach, std::abs(v));
      sum += std::abs(v);
    }
    sums = std::max(sums, sum);
  }
  if (reach == 0) return {1, std::vector<int16_t>(matrix.size())};
  // Rounding adds half a step per coefficient at most.
  const double room = most / largest_input - static_cast<double>(columns) / 2;
  const double steps = std::clamp(std::floor(room * reach / sums), 1.0, largest);
  Coefficients c{reach / steps, {}};
  for (const double v : matrix) c.values.push_back(static_cast<int16_t>(std::nearbyint(v / c.scale)));
  return c;
}

Result<std::vector<ChannelTerms>> transform_terms(std::span<const int16_t> coefficients, int32_t outputs, double scale,
                                                  const Quantisation& input, double output_scale) {
  const std::size_t columns = coefficients.size() / static_cast<std::size_t>(outputs);
  std::vector<ChannelTerms> terms;
  for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
    ChannelTerms t;
    t.multiplier = input.scale * scale / output_scale;
    int64_t low = 0, high = 0;  // of any part of the sum
    for (const int64_t w : coefficients.subspan(o * columns, columns)) {
      const auto [least, greatest] = std::minmax({w * input.lo, w * input.hi});
      t.weight_sum += w;
      t.acc_min += least;
      t.acc_max += greatest;
      low += std::min<int64_t>(least, 0);
      high += std::max<int64_t>(greatest, 0);
    }
    if (!fits_int32(low) || !fits_int32(high))
      return fail(fmt::format("output {}: sums of {} products can overflow 32 bits", o, columns));
    terms.push_back(t);
  }
  return terms;
}

std::vector<double> fourier_matrix(int64_t length, int64_t bins) {
  std::vector<double> matrix;
  const auto turn = [&](int64_t k, int64_t n) {
    return 2 * std::numbers::pi * static_cast<double>(k * n % length) / static_cast<double>(length);
  };
  for (int64_t k = 0; k < bins; ++k) {
    for (int64_t n = 0; n < length; ++n) matrix.push_back(std::cos(turn(k, n)));
    for (int64_t n = 0; n < length; ++n) matrix.push_back(-std::sin(turn(k, n)));
  }
  return matrix;
}

}  // namespace ares
