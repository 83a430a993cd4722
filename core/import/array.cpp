#include "core/import/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ares::qonnx {
namespace {

/// Visits a tensor of `shape` in row-major order and yields the dot product of the position with `strides`.
std::vector<int64_t> walk(const Shape& shape, const Shape& strides) {
  int64_t count = 1;
  for (const int64_t d : shape) count *= d;
  std::vector<int64_t> indices;
  indices.reserve(static_cast<std::size_t>(count));
  Shape position(shape.size());
  int64_t offset = 0;
  for (int64_t i = 0; i < count; ++i) {
    indices.push_back(offset);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      offset += strides[axis];
      if (++position[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return indices;
}

}  // namespace

Array make_integers(Shape shape, std::vector<int64_t> values) { return {std::move(shape), std::move(values)}; }

Result<int64_t> element_count(const Shape& shape) {
  int64_t count = 1;
  bool empty = false;
  for (const int64_t d : shape) {
    if (d < 0) return fail(fmt::format("dimension {} in shape {}", d, to_string(shape)));
    if (d > 0 && count > kMaxElements / d) {
      return fail(fmt::format("shape {} has more than {} elements", to_string(shape), kMaxElements));
    }
    empty = empty || d == 0;
    count *= std::max<int64_t>(d, 1);  // strides of an empty tensor must fit, too
  }
  return empty ? 0 : count;
}

Result<int64_t> folded_count(const Shape& shape, int64_t source) {
  auto count = element_count(shape);
  if (count && *count > std::max(source, kMaxFolded)) {
    return fail(fmt::format("a constant of shape {} is computed, which has more than {} elements", to_string(shape),
                            kMaxFolded));
  }
  return count;
}

std::vector<double> to_doubles(const Array& array) {
  return std::visit([](const auto& v) { return std::vector<double>(v.begin(), v.end()); }, array.values);
}

Result<std::vector<int64_t>> to_integers(const Array& array) {
  if (array.is_integer()) return std::get<std::vector<int64_t>>(array.values);
  std::vector<int64_t> out;
  for (const double v : to_doubles(array)) {
    if (v != std::floor(v) || std::abs(v) > 0x1p53) return fail(fmt::format("{} where an integer is needed", v));
    out.push_back(static_cast<int64_t>(v));
  }
  return out;
}

std::string to_string(const Shape& shape) {
  return shape.empty() ? std::string("scalar") : fmt::format("{}", fmt::join(shape, "x"));
}

Shape strides_of(const Shape& shape) {
  Shape strides(shape.size());
  int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Result<Shape> broadcast(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) {
      return fail(fmt::format("shapes {} and {} do not broadcast", to_string(a), to_string(b)));
    }
    out[out.size() - 1 - i] = da == 1 ? db : da;
  }
  if (auto count = element_count(out); !count) return tl::unexpected(count.error());
  return out;
}

std::vector<int64_t> broadcast_indices(const Shape& from, const Shape& to) {
  const Shape own = strides_of(from);
  Shape strides(to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1) strides[to.size() - from.size() + i] = own[i];
  }
  return walk(to, strides);
}

Array pick(const Array& from, Shape shape, const std::vector<int64_t>& indices) {
  return std::visit(
      [&](const auto& v) {
        std::decay_t<decltype(v)> out;
        out.reserve(indices.size());
        for (const int64_t i : indices) out.push_back(v[static_cast<std::size_t>(i)]);
        return Array{std::move(shape), std::move(out)};
      },
      from.values);
}

Result<std::size_t> normal_axis(int64_t axis, std::size_t rank) {
  const auto r = static_cast<int64_t>(rank);
  if (axis < -r || axis >= r) return fail(fmt::format("axis {} of a tensor of rank {}", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

std::vector<int64_t> transpose_indices(const Shape& from, const std::vector<int64_t>& axes) {
  const Shape own = strides_of(from);
  Shape shape, strides;
  for (const int64_t axis : axes) {
    shape.push_back(from[static_cast<std::size_t>(axis)]);
    strides.push_back(own[static_cast<std::size_t>(axis)]);
  }
  return walk(shape, strides);
}

}  // namespace ares::qonnx
