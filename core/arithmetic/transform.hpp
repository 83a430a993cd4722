// Fixed linear transforms of stored rows with 16-bit coefficients, as a Fourier transform. README.md has the bounds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/arithmetic/make_requant.hpp"
#include "core/base/result.hpp"

namespace ares {

struct Quantisation;

/// Integers that stand for real coefficients: `scale` times them.
struct Coefficients {
  double scale = 1;
  std::vector<int16_t> values;
};

/// The finest 16-bit coefficients of a matrix [outputs][columns] whose sums of products with bytes stay in int32.
Coefficients make_coefficients(std::span<const double> matrix, std::size_t outputs);

/// Terms of every output; fails where a sum of any order can leave int32.
Result<std::vector<ChannelTerms>> transform_terms(std::span<const int16_t> coefficients, int32_t outputs, double scale,
                                                  const Quantisation& input, double output_scale);

/// The discrete Fourier transform of real rows: [bins][2][length] of cos and -sin of 2 pi k n / length.
std::vector<double> fourier_matrix(int64_t length, int64_t bins);

}  // namespace ares
