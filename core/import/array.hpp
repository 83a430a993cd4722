// Constant tensors of a model and their shapes.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/result.hpp"
#include "core/import/limits.hpp"

namespace ares::qonnx {

using Shape = std::vector<int64_t>;

/// A typed constant in row-major order. Every integer type and bool is held as int64, half precision as float.
struct Array {
  Shape shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<int64_t>> values;

  int64_t count() const {
    return std::visit([](const auto& v) { return static_cast<int64_t>(v.size()); }, values);
  }
  bool is_integer() const { return values.index() == 2; }
};

Array make_integers(Shape shape, std::vector<int64_t> values);

/// Product of the dimensions; fails on a negative dimension and beyond kMaxElements.
Result<int64_t> element_count(const Shape& shape);

/// The same for a constant that is computed from others, the largest of which has `source` elements; fails where it
/// grows beyond kMaxFolded.
Result<int64_t> folded_count(const Shape& shape, int64_t source);

std::vector<double> to_doubles(const Array& array);

/// Fails where a value is no integer.
Result<std::vector<int64_t>> to_integers(const Array& array);

/// "1x3x28x28", "scalar" for rank 0.
std::string to_string(const Shape& shape);

/// Row-major strides of `shape`.
Shape strides_of(const Shape& shape);

/// NumPy's broadcast of two shapes, or an error naming both.
Result<Shape> broadcast(const Shape& a, const Shape& b);

/// For each element of `to` in row-major order, the index of the element of `from` that broadcasts to it.
std::vector<int64_t> broadcast_indices(const Shape& from, const Shape& to);

/// Elements picked by index; the result has `shape`.
Array pick(const Array& from, Shape shape, const std::vector<int64_t>& indices);

/// `axis` counted from the front, or an error when it lies outside a tensor of this rank.
Result<std::size_t> normal_axis(int64_t axis, std::size_t rank);

/// For a permutation of axes: for each element of the transposed tensor in row-major order, its index in the source.
std::vector<int64_t> transpose_indices(const Shape& from, const std::vector<int64_t>& axes);

}  // namespace ares::qonnx
