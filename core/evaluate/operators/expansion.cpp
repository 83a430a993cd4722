// What makes shapes and indices: comparison, choice, repetition, counting.
#include <cmath>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

RealTensor expanded(const RealTensor& from, const Shape& shape) {
  return picked(from, shape, broadcast_indices(from.shape, shape));
}

Result<RealTensors> expand(const Arguments& a) {
  const auto shape = broadcast(a[0].shape, *a.integers(1, ""));
  if (!shape) return tl::unexpected(shape.error());
  return RealTensors{expanded(a[0], *shape)};
}

Result<RealTensors> tile(const Arguments& a) {
  const auto repeats = *a.integers(1, "");
  if (repeats.size() != a[0].shape.size()) return fail("has not one repeat per axis");
  RealTensor out = a[0];
  for (std::size_t axis = 0; axis < repeats.size(); ++axis) {
    Shape to = out.shape;
    to[axis] *= repeats[axis];
    if (const auto count = element_count(to); !count) return tl::unexpected(count.error());
    const Shape strides = strides_of(out.shape);
    std::vector<int64_t> indices;
    const int64_t line = strides[axis] * out.shape[axis];
    for (int64_t begin = 0; begin < out.count(); begin += line) {
      for (int64_t r = 0; r < repeats[axis]; ++r) {
        for (int64_t i = 0; i < line; ++i) indices.push_back(begin + i);
      }
    }
    out = picked(out, to, indices);
  }
  return RealTensors{std::move(out)};
}

Result<RealTensors> range(const Arguments& a) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (a[i].values.size() != 1) return fail("counts between tensors that are no single numbers");
  }
  const double start = a[0].values[0], limit = a[1].values[0], delta = a[2].values[0];
  const double steps = std::max(std::ceil((limit - start) / delta), 0.0);
  if (!(steps <= static_cast<double>(kMaxFolded))) return fail("counts without end");
  RealTensor out{{static_cast<int64_t>(steps)}, {}, a[0].is_integer, a[0].is_single};
  for (double i = 0; i < steps; ++i) out.values.push_back(start + i * delta);
  return RealTensors{std::move(out)};
}

Result<RealTensors> where(const Arguments& a) {
  auto shape = broadcast(a[1].shape, a[2].shape);
  if (shape) shape = broadcast(*shape, a[0].shape);
  if (!shape) return tl::unexpected(shape.error());
  const RealTensor chosen = expanded(a[0], *shape), other = expanded(a[2], *shape);
  RealTensor out = expanded(a[1], *shape);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    if (chosen.values[i] == 0) out.values[i] = other.values[i];
  }
  return RealTensors{std::move(out)};
}

template <class Compare>
Result<RealTensors> compare(const Arguments& a) {
  const auto shape = broadcast(a[0].shape, a[1].shape);
  if (!shape) return tl::unexpected(shape.error());
  const RealTensor other = expanded(a[1], *shape);
  RealTensor out = expanded(a[0], *shape);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = Compare()(out.values[i], other.values[i]);
  out.is_integer = true;
  return RealTensors{std::move(out)};
}

const Evaluator kEvaluators[] = {
    {"Equal", 2, compare<std::equal_to<>>},
    {"Expand", 2, expand},
    {"Greater", 2, compare<std::greater<>>},
    {"Less", 2, compare<std::less<>>},
    {"Range", 3, range},
    {"Tile", 2, tile},
    {"Where", 3, where},
};

}  // namespace

std::span<const Evaluator> expansion_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
