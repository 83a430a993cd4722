// RotaryEmbedding. Patterns of primitive operators have become it before (core/passes/recognise_rotary.cpp).
#include <fmt/format.h>

#include "core/arithmetic/rotary.hpp"
#include "core/import/operators/inner.hpp"
#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

/// Of an input [sequences, heads, length, depth], or [sequences, length, heads * depth] where it is flat.
struct Sizes {
  int64_t sequences = 1, heads = 1, length = 1, depth = 2;
  bool flat = false;
  int64_t rows() const { return sequences * length; }
};

Result<Sizes> sizes_of(const NodeView& node) {
  const auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  const Shape& s = *shape;
  Sizes sizes;
  if (s.size() == 4) {
    sizes = {s[0], s[1], s[2], s[3], false};
  } else if (s.size() == 3) {
    const int64_t heads = int_attribute(node.node, "num_heads", 0);
    if (heads < 1 || s[2] % heads) return node.error(fmt::format("{} heads in rows of {}", heads, s[2]));
    sizes = {s[0], heads, s[1], s[2] / heads, true};
  } else {
    return node.error(fmt::format("an input of shape {} is not supported", to_string(s)));
  }
  const int64_t turned = int_attribute(node.node, "rotary_embedding_dim", 0);
  if (sizes.depth % 2 || (turned != 0 && turned != sizes.depth))
    return node.error(
        fmt::format("turns {} of {} elements of a head; only all of an even number are supported: split the others off",
                    turned ? turned : sizes.depth, sizes.depth));
  return sizes;
}

ShapesResult shapes(const NodeView& node) {
  if (const auto sizes = sizes_of(node); !sizes) return tl::unexpected(sizes.error());
  return same_shape(node);
}

/// The factors on input i, half a head of them for each row: from a table by position, or one row behind the other.
Result<std::vector<double>> factors(const NodeView& node, std::size_t i, const Sizes& s) {
  const Array* array = node.constant(i);
  if (!array) return node.error(fmt::format("its input {} is not constant", i));
  const std::vector<double> values = to_doubles(*array);
  const auto half = static_cast<std::size_t>(s.depth / 2), rows = static_cast<std::size_t>(s.rows());
  std::vector<int64_t> positions;
  if (node.has_input(3)) {
    const auto given = node.integers(3);
    if (!given) return tl::unexpected(given.error());
    positions = *given;
  } else {
    for (std::size_t row = 0; row < rows; ++row) positions.push_back(static_cast<int64_t>(row));
  }
  if (array->shape.empty() || array->shape.back() != s.depth / 2 || positions.size() != rows)
    return node.error(fmt::format("its factors of shape {} do not fit {} rows of heads of {}", to_string(array->shape),
                                  rows, s.depth));
  std::vector<double> all;
  for (const int64_t at : positions) {
    const std::size_t first = static_cast<std::size_t>(at) * half;
    if (at < 0 || first + half > values.size()) return node.error(fmt::format("it has no factors for position {}", at));
    all.insert(all.end(), values.begin() + static_cast<long>(first), values.begin() + static_cast<long>(first + half));
  }
  return all;
}

/// Device offsets of rows of heads side by side, the sequences one behind the other, or row by row beside each other.
std::vector<int32_t> rows_order(const Sizes& s, bool beside) {
  std::vector<int32_t> order;
  if (s.flat && !beside) return order;
  for (int64_t b = 0; b < s.sequences; ++b)
    for (int64_t i = 0; i < s.heads * s.length; ++i) {
      const int64_t h = s.flat ? i % s.heads : i / s.length, t = s.flat ? i / s.heads : i % s.length;
      const int64_t row = beside ? t * s.sequences + b : b * s.length + t;
      for (int64_t d = 0; d < s.depth; ++d) order.push_back(static_cast<int32_t>((row * s.heads + h) * s.depth + d));
    }
  return normal_order(std::move(order));
}

/// Whether all sequences have the factors of the first one.
bool repeats(const std::vector<double>& factors, const Sizes& s) {
  const auto each = static_cast<std::size_t>(s.length * s.depth / 2);
  for (std::size_t i = each; i < factors.size(); ++i)
    if (factors[i] != factors[i - each]) return false;
  return true;
}

/// Sequences beside each other as so many more heads of one.
void join_sequences(Sizes& s, std::vector<double>& cosines, std::vector<double>& sines) {
  cosines.resize(static_cast<std::size_t>(s.length * s.depth / 2));
  sines.resize(cosines.size());
  s.heads *= s.sequences;
  s.sequences = 1;
}

/// The input as such rows, moved where it is stored otherwise.
Result<TensorId> rows(Lowering& lowering, const NodeView& node, const Sizes& s, const Stored& stored,
                      const std::vector<int32_t>& order) {
  const ModelView& view = (*lowering.input(node, 0))->view;
  if (view.order == order) return stored.tensor;
  ModelView moved{{1, s.rows(), s.heads * s.depth}, {}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(*element_count(view.shape)); ++i) {
    const auto at = order.empty() ? i : static_cast<std::size_t>(order[i]);
    moved.order.resize(std::max(moved.order.size(), at + 1));
    moved.order[at] = view.order.empty() ? static_cast<int32_t>(i) : view.order[i];
  }
  const Dims dims{1, static_cast<int32_t>(s.rows()), static_cast<int32_t>(s.heads * s.depth)};
  return in_model_order(lowering, node, node.node.inputs[0] + "/rows", stored.tensor, moved, dims);
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  auto s = sizes_of(node);
  if (!s) return tl::unexpected(s.error());
  auto cosines = factors(node, 1, *s), sines = factors(node, 2, *s);
  if (!cosines || !sines) return tl::unexpected(!cosines ? cosines.error() : sines.error());
  const auto stored = stored_input(lowering, node, 0);
  if (!stored) return tl::unexpected(stored.error());
  const bool beside = s->sequences > 1 && (*lowering.input(node, 0))->view.order == rows_order(*s, true) &&
                      repeats(*cosines, *s) && repeats(*sines, *s);
  const std::vector<int32_t> order = rows_order(*s, beside);
  const auto size = [](int64_t n) { return static_cast<int32_t>(n); };
  const Dims dims{1, size(s->rows()), size(s->heads * s->depth)};
  if (beside) join_sequences(*s, *cosines, *sines);
  const auto tensor = rows(lowering, node, *s, *stored, order);
  if (!tensor) return tl::unexpected(tensor.error());
  RotaryFactors f = rotary_factors(*cosines, *sines);
  Rotary op{size(s->rows()),
            size(s->heads),
            size(s->depth),
            int_attribute(node.node, "interleaved", 0) != 0,
            f.scale,
            std::move(f.values),
            {}};
  return Value{Pending{std::move(op), {*tensor}, dims, node.node.name}, {output_shape(lowering, node), order}};
}

}  // namespace

const Operator kRotaryEmbedding{
    .name = "RotaryEmbedding",
    .shapes = shapes,
    .lower = lower,
    .supports =
        "of a tensor quantised to 8 bits, constant factors, all elements of a head, halves or "
        "interleaved, a Quant behind it; from Slice, Neg, Concat, Mul and Add, too"};

}  // namespace ares::qonnx
