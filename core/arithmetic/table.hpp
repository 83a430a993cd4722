// Unary functions of a stored tensor as a table from stored input to stored output.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "core/base/result.hpp"

namespace ares {

struct Quantisation;

/// map[x] = clip(round(f((x - z_x) * s_x) / s_y + z_y)), round half to even, evaluated in double. An x outside the
/// input's clip range counts as the nearest value inside it. Fails where f is not a number or a quantisation is not one
/// of unsigned 8 bit.
Result<std::array<uint8_t, 256>> build_table(const std::function<double(double)>& f, const Quantisation& input,
                                             const Quantisation& output);

/// The same for a function given by its value at each stored input.
Result<std::array<uint8_t, 256>> build_table(const std::array<double, 256>& values, const Quantisation& output);

/// Real value of each stored input; one outside the clip range counts as the nearest value inside it.
std::array<double, 256> stored_values(const Quantisation& input);

}  // namespace ares
