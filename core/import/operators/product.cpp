#include "core/import/operators/product.hpp"

#include <fmt/format.h>

#include "core/import/operators/inner.hpp"
#include "core/import/operators/linear.hpp"
#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

/// Model shape [.., rows, columns]: `leading` matrices.
struct Matrices {
  int64_t leading = 1, rows = 1, columns = 1;
};

Matrices matrices_of(const Shape& shape) {
  const int64_t rows = shape.size() > 1 ? shape[shape.size() - 2] : 1, columns = shape.back();
  return {*element_count(shape) / (rows * columns), rows, columns};
}

int64_t offset_of(const ModelView& view, int64_t i) {
  return view.order.empty() ? i : view.order[static_cast<std::size_t>(i)];
}

/// Where each matrix lies: its sequence and its head.
struct Place {
  int64_t sequence = 0, head = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

/// The places of all matrices where the tensor is {sequences, rows, heads * columns} on the device, or that with rows
/// and columns exchanged; nothing where it is not.
std::optional<std::vector<Place>> places(const ModelView& view, const Matrices& m, int64_t heads, bool transposed) {
  const int64_t lines = transposed ? m.columns : m.rows, width = transposed ? m.rows : m.columns;
  const int64_t pitch = heads * width;
  std::vector<Place> all;
  for (int64_t l = 0; l < m.leading; ++l) {
    const int64_t first = l * m.rows * m.columns, base = offset_of(view, first);
    const Place at{base / (lines * pitch), base % pitch / width};
    for (int64_t i = 0; i < m.rows; ++i) {
      for (int64_t j = 0; j < m.columns; ++j) {
        const int64_t line = transposed ? j : i, column = transposed ? i : j;
        const int64_t offset = (at.sequence * lines + line) * pitch + at.head * width + column;
        if (offset_of(view, first + i * m.columns + j) != offset) return std::nullopt;
      }
    }
    all.push_back(at);
  }
  return all;
}

/// The order of matrices that are {sequences, rows, heads * columns} on the device, or that with rows and columns
/// exchanged.
std::vector<int32_t> order_at(const std::vector<Place>& at, const Matrices& m, int64_t heads, bool transposed) {
  const int64_t lines = transposed ? m.columns : m.rows, width = transposed ? m.rows : m.columns;
  std::vector<int32_t> order;
  for (const Place& p : at) {
    for (int64_t i = 0; i < m.rows; ++i) {
      for (int64_t j = 0; j < m.columns; ++j) {
        const int64_t line = p.sequence * lines + (transposed ? j : i), column = transposed ? i : j;
        order.push_back(static_cast<int32_t>((line * heads + p.head) * width + column));
      }
    }
  }
  return normal_order(std::move(order));
}

}  // namespace

namespace {

struct Factor {
  TensorId tensor = -1;
  ModelView view;
};

/// A product of factors that are stored as rows of features with heads side by side; nothing where they are not.
std::optional<Value> product_of(const Lowering& lowering, const NodeView& node, const Factor& first,
                                const Factor& second) {
  const ModelView &a = first.view, &b = second.view;
  const Matrices x = matrices_of(a.shape), y = matrices_of(b.shape);
  const Shape& shape = output_shape(lowering, node);
  for (int64_t heads = x.leading; heads >= 1; --heads) {
    const auto at = x.leading % heads ? std::nullopt : places(a, x, heads, false);
    if (!at) continue;
    for (const bool transposed : {true, false}) {
      if (places(b, y, heads, transposed) != at) continue;
      const auto size = [](int64_t n) { return static_cast<int32_t>(n); };
      const int32_t batch = size(x.leading / heads);
      MatMul op{batch, size(x.rows), size(heads), size(x.columns), size(y.columns), transposed, 1, {}};
      const int64_t own = shape.size() > 2 ? shape[shape.size() - 3] : 1;
      Dims out{batch, size(x.rows), size(heads * y.columns)};
      if (heads > own) out = {1, size(x.rows * heads / own), size(own * y.columns)};  // sequences beside each other
      return Value{Pending{std::move(op), {first.tensor, second.tensor}, out, node.node.name},
                   {shape, order_at(*at, {x.leading, x.rows, y.columns}, heads, false)}};
    }
  }
  return std::nullopt;
}

/// Whether the elements of a column lie side by side.
bool lies_turned(const ModelView& view, const Matrices& m) {
  return m.rows > 1 && offset_of(view, m.columns) == offset_of(view, 0) + 1;
}

/// The places of a factor's matrices, with as many heads as possible.
struct Places {
  std::vector<Place> at;
  int64_t heads = 1;
};

std::optional<Places> places_of(const Factor& factor, bool transposed) {
  const Matrices m = matrices_of(factor.view.shape);
  for (int64_t heads = m.leading; heads >= 1; --heads) {
    auto at = m.leading % heads ? std::nullopt : places(factor.view, m, heads, transposed);
    if (at) return Places{std::move(*at), heads};
  }
  return std::nullopt;
}

/// The factor moved to the places of the other one's matrices; nothing where only single elements could be moved.
std::optional<Factor> moved_to(Lowering& lowering, const NodeView& node, std::size_t i, const Factor& factor,
                               bool transposed, const Places& to) {
  const Matrices m = matrices_of(factor.view.shape);
  const int64_t lines = transposed ? m.columns : m.rows, width = transposed ? m.rows : m.columns;
  const Dims dims{static_cast<int32_t>(m.leading / to.heads), static_cast<int32_t>(lines),
                  static_cast<int32_t>(to.heads * width)};
  const ModelView view{factor.view.shape, order_at(to.at, m, to.heads, transposed)};
  if (const auto moved = reordered(lowering, node, {Stored{factor.tensor}, factor.view}, dims, view.order))
    return Factor{std::get<Stored>(moved->kind).tensor, view};
  const int32_t row = lowering.tensor(factor.tensor).dims.c;
  const Dims rows{1, static_cast<int32_t>(dims.count() / row), row};
  ModelView from{{rows.h, rows.w, rows.c}, std::vector<int32_t>(static_cast<std::size_t>(dims.count()))};
  for (int64_t n = 0; n < dims.count(); ++n)
    from.order[static_cast<std::size_t>(offset_of(view, n))] = static_cast<int32_t>(offset_of(factor.view, n));
  const auto moved = in_model_order(lowering, node, node.node.inputs[i] + "/rows", factor.tensor, from, rows);
  if (!moved) return std::nullopt;
  return Factor{*moved, view};
}

/// A product of factors whose sequences lie in different orders: the smaller one is moved, or the other where it cannot
/// be.
std::optional<Value> product_of_moved(Lowering& lowering, const NodeView& node, const Factor& first,
                                      const Factor& second) {
  const bool transposed = lies_turned(second.view, matrices_of(second.view.shape));
  const auto to_first = places_of(first, false), to_second = places_of(second, transposed);
  const auto move_first = [&]() -> std::optional<Value> {
    const auto moved = to_second ? moved_to(lowering, node, 0, first, false, *to_second) : std::nullopt;
    return moved ? product_of(lowering, node, *moved, second) : std::nullopt;
  };
  const auto move_second = [&]() -> std::optional<Value> {
    const auto moved = to_first ? moved_to(lowering, node, 1, second, transposed, *to_first) : std::nullopt;
    return moved ? product_of(lowering, node, first, *moved) : std::nullopt;
  };
  if (*element_count(first.view.shape) > *element_count(second.view.shape)) {
    auto product = move_second();
    return product ? product : move_first();
  }
  auto product = move_first();
  return product ? product : move_second();
}

/// The factor moved to {sequences, rows, columns}, each matrix by itself.
Result<Factor> alone(Lowering& lowering, const NodeView& node, std::size_t i, const Factor& factor, bool transposed) {
  Shape shape = factor.view.shape;
  ModelView view = factor.view;
  if (transposed) {
    std::vector<int64_t> axes(shape.size());
    for (std::size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<int64_t>(k);
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    std::vector<int32_t> order;
    for (const int64_t at : transpose_indices(shape, axes)) order.push_back(static_cast<int32_t>(offset_of(view, at)));
    std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
    view = {shape, normal_order(std::move(order))};
  }
  const Matrices m = matrices_of(shape);
  const Dims dims{static_cast<int32_t>(m.leading), static_cast<int32_t>(m.rows), static_cast<int32_t>(m.columns)};
  if (view.order.empty()) return Factor{factor.tensor, factor.view};
  const auto moved = in_model_order(lowering, node, node.node.inputs[i] + "/rows", factor.tensor, view, dims);
  if (!moved) return tl::unexpected(moved.error());
  if (!transposed) return Factor{*moved, {shape, {}}};
  std::vector<int32_t> order(static_cast<std::size_t>(dims.count()));
  const int64_t each = m.rows * m.columns;
  for (int64_t n = 0; n < dims.count(); ++n) {  // factor.view's own order of what was moved
    const int64_t within = n % each;
    order[static_cast<std::size_t>(n)] =
        static_cast<int32_t>(n - within + within % m.rows * m.columns + within / m.rows);
  }
  return Factor{*moved, {factor.view.shape, normal_order(std::move(order))}};
}

}  // namespace

namespace {

/// A quantised constant as a factor, heads side by side; repeated where the other factor has more matrices.
Result<Factor> constant_factor(Lowering& lowering, const NodeView& node, std::size_t i) {
  const QuantisedConstant* constant = lowering.quantised(node, i);
  const auto other = lowering.input(node, 1 - i);
  if (!other) return tl::unexpected(other.error());
  if (!constant || constant->shape.size() < 2)
    return node.error(fmt::format("multiplies by '{}', which is no quantised constant", node.node.inputs[i]));
  Shape shape = (*other)->view.shape;
  if (shape.size() < 2) return node.error("multiplies a constant by a row");
  std::copy(constant->shape.end() - 2, constant->shape.end(), shape.end() - 2);
  const Matrices m = matrices_of(shape);
  const int64_t heads = shape.size() > 2 ? shape[shape.size() - 3] : 1;
  std::vector<Place> at;
  for (int64_t l = 0; l < m.leading; ++l) at.push_back({l / heads, l % heads});
  const ModelView view{shape, order_at(at, m, heads, false)};
  const Dims dims{static_cast<int32_t>(m.leading / heads), static_cast<int32_t>(m.rows),
                  static_cast<int32_t>(heads * m.columns)};
  const auto tensor = constant_tensor(lowering, node, i, view, dims);
  if (!tensor) return tl::unexpected(tensor.error());
  if (lowering.tensor(*tensor).type != ElementType::u8)
    return node.error(fmt::format("its constant '{}' has no single scale of 8 bits", node.node.inputs[i]));
  return Factor{*tensor, view};
}

Result<Factor> factor(Lowering& lowering, const NodeView& node, std::size_t i) {
  const auto value = lowering.input(node, i);
  if (value && std::holds_alternative<Constant>((*value)->kind)) return constant_factor(lowering, node, i);
  const auto stored = stored_input(lowering, node, i);
  if (!stored) return tl::unexpected(stored.error());
  return Factor{stored->tensor, (*value)->view};
}

}  // namespace

Result<Value> multiply_activations(Lowering& lowering, const NodeView& node) {
  const auto first = factor(lowering, node, 0), second = factor(lowering, node, 1);
  if (!first || !second) return tl::unexpected(!first ? first.error() : second.error());
  const Factor &a = *first, &b = *second;
  const int64_t left = matrices_of(a.view.shape).leading, right = matrices_of(b.view.shape).leading;
  if (left != right)
    return node.error(fmt::format("multiplies {} by {}; one factor repeated for several of the other is not supported",
                                  to_string(a.view.shape), to_string(b.view.shape)));
  if (auto product = product_of(lowering, node, a, b)) return std::move(*product);
  if (auto product = product_of_moved(lowering, node, a, b)) return std::move(*product);
  auto x = alone(lowering, node, 0, a, false);
  if (!x) return tl::unexpected(x.error());
  for (const bool transposed : {true, false}) {
    if (auto product = product_of(lowering, node, *x, b)) return std::move(*product);
    auto y = alone(lowering, node, 1, b, transposed);
    if (!y) continue;
    if (auto product = product_of(lowering, node, *x, *y)) return std::move(*product);
  }
  return node.error(fmt::format("its factors of shapes {} and {} cannot be stored as rows of features",
                                to_string(a.view.shape), to_string(b.view.shape)));
}

}  // namespace ares::qonnx
