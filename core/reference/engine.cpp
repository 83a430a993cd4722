#include "core/reference/engine.hpp"

#include <cassert>
#include <cstring>

#include "core/ir/graph.hpp"
#include "core/reference/operations.hpp"

namespace ares {
namespace {

TensorData make_data(const Tensor& t) {
  const auto n = static_cast<std::size_t>(t.dims.count());
  switch (t.type) {
    case ElementType::u8:
      return {std::vector<uint8_t>(n)};
    case ElementType::s16:
      return {std::vector<int16_t>(n)};
    case ElementType::s32:
      return {std::vector<int32_t>(n)};
  }
  return {};
}

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;  // clang 14 needs it

/// The output is u8 or s16.
void run_norm(const Norm& op, const TensorData& from, TensorData& to) {
  const auto with_output = [&](const auto& x) {
    using X = typename std::decay_t<decltype(x)>::value_type;
    if (auto* y = std::get_if<std::vector<int16_t>>(&to.values))
      reference::norm<X, int16_t>(op, x, *y);
    else
      reference::norm<X, uint8_t>(op, x, std::get<std::vector<uint8_t>>(to.values));
  };
  std::visit(with_output, from.values);
}

/// The elements of a constant tensor.
TensorData constant_data(const Tensor& t) {
  TensorData data = make_data(t);
  std::visit([&](auto& v) { std::memcpy(v.data(), t.constant.data(), t.constant.size()); }, data.values);
  return data;
}

}  // namespace

void run_layer(const LayerGraph& g, LayerId layer, std::vector<TensorData>& data) {
  const Layer& l = g.dag[layer];
  const auto input = static_cast<std::size_t>(l.inputs[0]), output = static_cast<std::size_t>(l.output);
  const Dims in = input_dims(g, layer), out = g.tensors[output].dims;
  data[output] = make_data(g.tensors[output]);
  for (const TensorId id : l.inputs) {
    const Tensor& t = g.tensors[static_cast<std::size_t>(id)];
    TensorData& values = data[static_cast<std::size_t>(id)];
    if (is_constant(t) && values.size() == 0) values = constant_data(t);
  }
  const auto tensor = [&](std::size_t i) { return static_cast<std::size_t>(l.inputs[i]); };
  const auto stored = [&](std::size_t i) -> std::span<const uint8_t> {
    return std::get<std::vector<uint8_t>>(data[tensor(i)].values);
  };
  const auto* first = std::get_if<std::vector<uint8_t>>(&data[input].values);
  const std::span<const uint8_t> x = first ? std::span<const uint8_t>(*first) : std::span<const uint8_t>();
  const auto inner = [&]() -> std::span<const int16_t> { return std::get<std::vector<int16_t>>(data[input].values); };
  const auto zero_of = [&](std::size_t i) { return g.tensors[tensor(i)].q.zero_point; };
  const auto bytes = [&] { return std::span(std::get<std::vector<uint8_t>>(data[output].values)); };
  std::visit(
      overloaded{[&](const Weighted& op) {
                   assert(!op.requant.B.empty());
                   const int zero = g.tensors[input].q.zero_point;
                   if (auto* y = std::get_if<std::vector<int32_t>>(&data[output].values)) {
                     reference::weighted<int32_t>(op, in, zero, x, out, *y);
                   } else if (auto* sums = std::get_if<std::vector<int16_t>>(&data[output].values)) {
                     reference::weighted<int16_t>(op, in, zero, x, out, *sums);
                   } else {
                     reference::weighted<uint8_t>(op, in, zero, x, out, bytes());
                   }
                 },
                 [&](const MaxPool& op) { reference::max_pool(op, in, x, out, bytes()); },
                 [&](const AveragePool& op) {
                   assert(!op.requant.B.empty());
                   if (first)
                     reference::average_pool(op, in, x, out, bytes());
                   else
                     reference::average_pool(op, in, inner(), out, bytes());
                 },
                 [&](const Table& op) { reference::table(op, x, bytes()); },
                 [&](const Curve& op) { reference::curve(op, inner(), bytes()); },
                 [&](const Add& op) { reference::add(op, data[input], data[tensor(1)], data[output]); },
                 [&](const Norm& op) { run_norm(op, data[input], data[output]); },
                 [&](const Softmax& op) {
                   if (first)
                     reference::softmax(op, x, bytes());
                   else
                     reference::softmax(op, inner(), bytes());
                 },
                 [&](const MatMul& op) {
                   if (auto* y = std::get_if<std::vector<int16_t>>(&data[output].values))
                     reference::matmul<int16_t>(op, zero_of(0), zero_of(1), x, stored(1), *y);
                   else
                     reference::matmul<uint8_t>(op, zero_of(0), zero_of(1), x, stored(1), bytes());
                 },
                 [&](const Transform& op) { reference::transform(op, x, bytes()); },
                 [&](const Rotary& op) { reference::rotary(op, zero_of(0), x, bytes()); },
                 [&](const Lookup& op) {
                   if (first)
                     reference::lookup(op, x, bytes());
                   else
                     reference::lookup(op, inner(), bytes());
                 },
                 [&](const Scan& op) { reference::scan(op, x, stored(1), stored(2), bytes()); },
                 [&](const Multiply& op) { reference::multiply(op, zero_of(0), zero_of(1), x, stored(1), bytes()); },
                 [&](const Rearrange& op) {
                   for (const Piece& p : op.pieces) {
                     const auto i = static_cast<std::size_t>(p.input);
                     reference::move_piece(p, seen_by(op, input_dims(g, layer, i)), stored(i), seen_by(op, out),
                                           bytes());
                   }
                 }},
      l.op);
}

std::vector<TensorData> run(const LayerGraph& g, std::span<const TensorData> inputs) {
  assert(inputs.size() == g.inputs.size());
  std::vector<TensorData> data(g.tensors.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    assert(static_cast<int64_t>(inputs[i].size()) ==
           g.tensors[static_cast<std::size_t>(g.inputs[i].tensor)].dims.count());
    data[static_cast<std::size_t>(g.inputs[i].tensor)] = inputs[i];
  }
  for (std::size_t t = 0; t < g.tensors.size(); ++t)
    if (is_constant(g.tensors[t])) data[t] = constant_data(g.tensors[t]);
  for (const LayerId id : execution_order(g)) run_layer(g, id, data);
  return data;
}

}  // namespace ares
