// NumPy .npy files: what models take and give, little endian, C order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <variant>
#include <vector>

#include "core/base/result.hpp"

namespace ares {

/// A dense array in row-major order; NumPy's bool is read as uint8.
struct NpyArray {
  using Values = std::variant<std::vector<float>, std::vector<double>, std::vector<int8_t>, std::vector<int16_t>,
                              std::vector<int32_t>, std::vector<int64_t>, std::vector<uint8_t>>;
  std::vector<int64_t> shape;
  Values values;
};

/// The values converted to T; for a float array read as integers the caller answers for integral values.
template <class T>
std::vector<T> values_as(const NpyArray& array) {
  return std::visit([](const auto& v) { return std::vector<T>(v.begin(), v.end()); }, array.values);
}

inline bool is_integral(const NpyArray& array) { return array.values.index() >= 2; }

/// Reads a whole file; fails (file, reason) on anything but a well-formed array that the file holds completely.
Result<NpyArray> read_npy(const std::filesystem::path& path);

/// The same from the bytes of a file; `name` stands in messages.
Result<NpyArray> parse_npy(std::string_view bytes, const std::string& name);

/// Writes format version 1.0. The product of the shape must be the number of values.
Result<void> write_npy(const std::filesystem::path& path, const NpyArray& array);

}  // namespace ares
