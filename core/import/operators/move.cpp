#include "core/import/operators/move.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/arithmetic/table.hpp"

namespace ares::qonnx {
namespace {

using Axes = std::vector<std::optional<std::size_t>>;

/// Layouts that tensors of a rank have, the usual one first.
std::vector<Axes> candidates(std::size_t rank) {
  constexpr std::nullopt_t batch = std::nullopt;
  switch (rank) {
    case 1:
      return {{2}};
    case 2:
      return {{1, 2}, {batch, 2}};
    case 3:
      return {{batch, 2, 1}, {0, 1, 2}, {batch, 1, 2}};
    case 4:
      return {{batch, 2, 0, 1}, {batch, 0, 1, 2}, {batch, 2, 1, 0},
              {batch, 0, 2, 1}, {batch, 1, 0, 2}, {batch, 1, 2, 0}};
    default:
      return {};
  }
}

Shape of_dims(const Dims& dims) { return {dims.h, dims.w, dims.c}; }

/// Device offset of each element of a row-major tensor whose axes lie along device axes.
std::vector<int32_t> order_of(const AxisMap& map, const Shape& shape, const Dims& dims) {
  const std::array<int64_t, 3> pitch{int64_t{dims.w} * dims.c, dims.c, 1};
  std::vector<int32_t> order{0};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const int64_t step = map.device[axis] ? pitch[*map.device[axis]] : 0;
    std::vector<int32_t> next;
    next.reserve(order.size() * static_cast<std::size_t>(shape[axis]));
    for (const int32_t base : order) {
      for (int64_t i = 0; i < shape[axis]; ++i) next.push_back(static_cast<int32_t>(base + i * step));
    }
    order = std::move(next);
  }
  return normal_order(std::move(order));
}

bool fits(const AxisMap& map, const Shape& shape) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (!map.device[axis] && shape[axis] != 1) return false;
  }
  return true;
}

std::optional<TensorId> tensor_of(const Value& value) {
  if (const auto* stored = std::get_if<Stored>(&value.kind)) return stored->tensor;
  if (const auto* unary = std::get_if<Unary>(&value.kind)) return unary->tensor;
  return std::nullopt;
}

/// All elements along one axis.
bool is_row(const Shape& shape) {
  return std::count_if(shape.begin(), shape.end(), [](int64_t d) { return d != 1; }) <= 1 && shape.size() <= 2 &&
         (shape.size() == 1 || shape[0] == 1);
}

/// The stored value that stands for a real one in every part's quantisation.
std::optional<uint8_t> stored_fill(double fill, const Quantisation& q) {
  const double v = fill / q.scale + q.zero_point;
  if (v != std::nearbyint(v) || v < 0 || v > 255) return std::nullopt;
  return static_cast<uint8_t>(v);
}

bool same(const Quantisation& a, const Quantisation& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point && a.is_signed == b.is_signed && a.bits == b.bits;
}

/// The quantisation that all parts have already; nothing where one is a function or scales differ.
std::optional<Quantisation> common_quantisation(const Lowering& lowering, const std::vector<MovedPart>& parts) {
  Quantisation all = lowering.tensor(parts.front().tensor).q;
  for (const MovedPart& p : parts) {
    const Quantisation& q = lowering.tensor(p.tensor).q;
    if (!same(q, all) || p.values != stored_values(q)) return std::nullopt;
    const auto fill = stored_fill(p.fill, q);
    if (!fill) return std::nullopt;
    all.lo = std::min({all.lo, q.lo, int{*fill}});
    all.hi = std::max({all.hi, q.hi, int{*fill}});
  }
  return all;
}

/// Adds the layer; `piece_of` makes a part's fill and table.
template <class F>
TensorId add_rearrange(Lowering& lowering, const std::string& node, const std::vector<MovedPart>& parts, bool flat,
                       Tensor output, const F& piece_of) {
  Rearrange op{{}, flat};
  std::vector<TensorId> inputs;
  for (const MovedPart& part : parts) {
    auto at = std::find(inputs.begin(), inputs.end(), part.tensor);
    if (at == inputs.end()) at = inputs.insert(at, part.tensor);
    Piece piece = piece_of(part);
    piece.input = static_cast<int32_t>(at - inputs.begin());
    piece.movement = part.movement;
    op.pieces.push_back(std::move(piece));
  }
  const TensorId id = lowering.add_tensor(std::move(output));
  lowering.add_layer(node, std::move(op), std::move(inputs), id);
  return id;
}

/// For each device axis of `to` its stride in the source, where offset n of the new tensor is offset from[n] of the old
/// one; nothing where they are no strides.
std::optional<std::array<int64_t, 3>> source_strides(const std::vector<int32_t>& from, const Dims& to) {
  const std::array<int64_t, 3> extent{to.h, to.w, to.c}, pitch{int64_t{to.w} * to.c, to.c, 1};
  std::array<int64_t, 3> stride{};
  for (std::size_t a = 0; a < 3; ++a) {
    if (extent[a] > 1) stride[a] = from[static_cast<std::size_t>(pitch[a])];
  }
  for (std::size_t n = 0; n < from.size(); ++n) {
    const auto i = static_cast<int64_t>(n);
    const int64_t at = i / pitch[0] * stride[0] + i / pitch[1] % extent[1] * stride[1] + i % extent[2] * stride[2];
    if (from[n] != at) return std::nullopt;
  }
  return stride;
}

/// Device axes of the new tensor in the order in which the source has them, outermost first; nothing where the source
/// is no plain tensor of them.
std::optional<std::array<std::size_t, 3>> source_axes(const std::array<int64_t, 3>& stride, const Shape& extent) {
  std::array<std::size_t, 3> axes{0, 1, 2};
  std::stable_sort(axes.begin(), axes.end(), [&](std::size_t a, std::size_t b) {
    const auto outer = [&](std::size_t i) { return extent[i] == 1 ? std::numeric_limits<int64_t>::max() : stride[i]; };
    return outer(a) > outer(b);
  });
  int64_t inner = 1;
  for (std::size_t i = 3; i-- > 0;) {
    if (extent[axes[i]] > 1 && stride[axes[i]] != inner) return std::nullopt;
    inner *= extent[axes[i]];
  }
  return axes;
}

/// For each device axis of the new tensor the one of the source, which has the extents `source`, along which it is
/// filled: `axes` in their order, those of 1 wherever the source has one left; nothing where the extents do not match.
std::optional<std::array<uint8_t, 3>> source_places(const std::array<std::size_t, 3>& axes, const Shape& extent,
                                                    const Shape& source) {
  std::array<uint8_t, 3> places{};
  std::size_t next = 0, ones = 0;
  for (const std::size_t axis : axes) {
    std::size_t& at = extent[axis] == 1 ? ones : next;
    while (at < 3 && (source[at] == 1) != (extent[axis] == 1)) ++at;
    if (at == 3 || source[at] != extent[axis]) return std::nullopt;
    places[axis] = static_cast<uint8_t>(at++);
  }
  return places;
}

}  // namespace

std::optional<Value> reordered(Lowering& lowering, const NodeView& node, const Value& value, const Dims& dims,
                               const std::vector<int32_t>& order) {
  const auto* stored = std::get_if<Stored>(&value.kind);
  if (!stored || lowering.tensor(stored->tensor).type != ElementType::u8) return std::nullopt;
  const auto count = static_cast<std::size_t>(dims.count());
  const auto offset = [](const std::vector<int32_t>& all, std::size_t i) {
    return all.empty() ? static_cast<int32_t>(i) : all[i];
  };
  std::vector<int32_t> from(count);
  for (std::size_t i = 0; i < count; ++i) {
    from[static_cast<std::size_t>(offset(order, i))] = offset(value.view.order, i);
  }
  const auto stride = source_strides(from, dims);
  if (!stride) return std::nullopt;
  const Shape extent = of_dims(dims);
  const auto axes = source_axes(*stride, extent);
  if (!axes) return std::nullopt;
  const Tensor in = lowering.tensor(stored->tensor);
  auto places = source_places(*axes, extent, of_dims(in.dims));
  if (!places) {
    if (!lowering.free_dims(stored->tensor)) return std::nullopt;
    const auto of = [&](std::size_t i) { return static_cast<int32_t>(extent[(*axes)[i]]); };
    lowering.tensor(stored->tensor).dims = {of(0), of(1), of(2)};
    places = source_places(*axes, extent, of_dims(lowering.tensor(stored->tensor).dims));
  }
  Piece piece;
  for (std::size_t i = 0; i < 3; ++i) {
    piece.movement.source[i] = (*places)[i];
    piece.movement.axes[i].count = static_cast<int32_t>(extent[i]);
  }
  const ModelView view{value.view.shape, order};
  const TensorId id = lowering.add_tensor({in.name + ", transposed", ElementType::u8, dims, in.q, {}, view});
  lowering.add_layer(node.node.name + "_transpose", Rearrange{{piece}, false}, {stored->tensor}, id);
  return Value{Stored{id}, view};
}

Result<Value> aligned(Lowering& lowering, const NodeView& node, const Value& value, const AxisMap& map) {
  const Dims dims = map.dims(value.view.shape);
  if (order_of(map, value.view.shape, dims) == value.view.order) return value;
  const auto moved = reordered(lowering, node, value, dims, order_of(map, value.view.shape, dims));
  if (!moved) return node.error("joins tensors that are stored in different layouts; transpose them elsewhere");
  return *moved;
}

Dims AxisMap::dims(const Shape& shape) const {
  std::array<int32_t, 3> all{1, 1, 1};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (device[axis]) all[*device[axis]] = static_cast<int32_t>(shape[axis]);
  }
  return {all[0], all[1], all[2]};
}

Result<AxisMap> axis_map(Lowering& lowering, const NodeView& node, const Value& value) {
  const auto tensor = tensor_of(value);
  if (!tensor || lowering.tensor(*tensor).type != ElementType::u8)
    return node.error("moves a tensor that is not quantised to 8 bits; put a Quant before it");
  const Shape& shape = value.view.shape;
  for (const Axes& axes : candidates(shape.size())) {
    const AxisMap map{axes, false};
    if (!fits(map, shape)) continue;
    const Dims dims = map.dims(shape);
    if (order_of(map, shape, dims) != value.view.order) continue;
    if (lowering.tensor(*tensor).dims != dims && !lowering.free_dims(*tensor)) continue;
    lowering.tensor(*tensor).dims = dims;
    return map;
  }
  if (is_row(shape)) {
    AxisMap map{Axes(shape.size()), true};
    map.device.back() = 2;
    return map;
  }
  return node.error(
      fmt::format("its input of shape {} is not stored along these axes; move the Reshape or Transpose before it "
                  "elsewhere",
                  to_string(shape)));
}

Result<MovedPart> whole_part(Lowering& lowering, const NodeView& node, const Value& value, const AxisMap& map) {
  const auto unary = function_of_stored(lowering, node, value);
  if (!unary) return tl::unexpected(unary.error());
  MovedPart part{unary->tensor, unary->values, {}, 0};
  const Shape extent = of_dims(map.dims(value.view.shape));
  for (std::size_t a = 0; a < 3; ++a) part.movement.axes[a].count = static_cast<int32_t>(extent[a]);
  return part;
}

Result<Value> move_parts(Lowering& lowering, const NodeView& node, const std::string& output,
                         std::vector<MovedPart> parts, const AxisMap& map, const Shape& shape,
                         std::vector<int32_t> order) {
  const Dims dims = map.dims(shape);
  const ModelView view{shape, map.flat ? normal_order(std::move(order)) : order_of(map, shape, dims)};
  const auto q = common_quantisation(lowering, parts);
  if (!q) return Value{Moved{std::move(parts), dims, map.flat, node.node.name}, view};
  const auto piece_of = [&](const MovedPart& p) { return Piece{0, {}, *stored_fill(p.fill, *q), {}}; };
  const TensorId id =
      add_rearrange(lowering, node.node.name, parts, map.flat, {output, ElementType::u8, dims, *q, {}, view}, piece_of);
  return Value{Stored{id}, view};
}

Result<Value> quantise_moved(Lowering& lowering, const NodeView& node, const Moved& moved, const ModelView& view,
                             const Quantisation& q) {
  std::string problem;
  const auto piece_of = [&](const MovedPart& p) {
    const Quantisation& in = lowering.tensor(p.tensor).q;
    const auto map = build_table(p.values, q);
    if (!map) problem = map.error().what;
    const auto fill = stored_fill(p.fill, in);
    if (!fill)
      problem = fmt::format("fills with {}, which its input's quantiser cannot state; pad after the Quant", p.fill);
    Piece piece{0, {}, fill.value_or(0), {}};
    if (map) piece.map.assign(map->begin(), map->end());
    return piece;
  };
  const TensorId id = add_rearrange(lowering, moved.node, moved.parts, moved.flat,
                                    {node.node.outputs[0], ElementType::u8, moved.out, q, {}, view}, piece_of);
  if (!problem.empty()) return node.error(problem);
  return Value{Stored{id}, view};
}

}  // namespace ares::qonnx
