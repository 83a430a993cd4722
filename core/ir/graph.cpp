#include "core/ir/graph.hpp"

#include <boost/graph/graph_traits.hpp>
#include <functional>
#include <queue>

namespace ares {

std::vector<LayerId> execution_order(const LayerGraph& g) {
  const std::size_t n = boost::num_vertices(g.dag);
  std::vector<std::size_t> waiting(n);
  std::priority_queue<LayerId, std::vector<LayerId>, std::greater<>> ready;
  for (LayerId v = 0; v < n; ++v) {
    waiting[v] = boost::in_degree(v, g.dag);
    if (waiting[v] == 0) ready.push(v);
  }
  std::vector<LayerId> order;
  order.reserve(n);
  while (!ready.empty()) {
    const LayerId v = ready.top();
    ready.pop();
    order.push_back(v);
    for (auto [e, end] = boost::out_edges(v, g.dag); e != end; ++e) {
      const LayerId next = boost::target(*e, g.dag);
      if (--waiting[next] == 0) ready.push(next);
    }
  }
  return order;
}

int64_t macs(const LayerGraph& g, LayerId layer) {
  const Layer& l = g.dag[layer];
  if (const auto* product = std::get_if<MatMul>(&l.op))
    return int64_t{product->batch} * product->rows * product->heads * product->depth * product->columns;
  // Per state: decay, input, output.
  if (const auto* scan = std::get_if<Scan>(&l.op)) return int64_t{3} * scan->steps * scan->channels * scan->states;
  if (const auto* transform = std::get_if<Transform>(&l.op))
    return g.tensors[static_cast<std::size_t>(l.output)].dims.count() * transform->columns;
  const auto* weighted = std::get_if<Weighted>(&l.op);
  if (!weighted) return 0;
  const Dims& out = g.tensors[static_cast<std::size_t>(l.output)].dims;
  return int64_t{out.h} * out.w * static_cast<int64_t>(weighted->weights.size());
}

const Requant* requant_of(const Operation& op) {
  if (const auto* weighted = std::get_if<Weighted>(&op)) return &weighted->requant;
  if (const auto* pool = std::get_if<AveragePool>(&op)) return &pool->requant;
  if (const auto* add = std::get_if<Add>(&op)) return &add->requant;
  if (const auto* multiply = std::get_if<Multiply>(&op)) return &multiply->requant;
  if (const auto* norm = std::get_if<Norm>(&op)) return &norm->requant;
  if (const auto* softmax = std::get_if<Softmax>(&op)) return &softmax->requant;
  if (const auto* product = std::get_if<MatMul>(&op)) return &product->requant;
  if (const auto* scan = std::get_if<Scan>(&op)) return &scan->requant;
  if (const auto* transform = std::get_if<Transform>(&op)) return &transform->requant;
  if (const auto* rotary = std::get_if<Rotary>(&op)) return &rotary->requant;
  return nullptr;
}

Dims input_dims(const LayerGraph& g, LayerId layer, std::size_t input) {
  const Layer& l = g.dag[layer];
  const Dims own = g.tensors[static_cast<std::size_t>(l.inputs.at(input))].dims;
  const auto* weighted = std::get_if<Weighted>(&l.op);
  if (!weighted || !weighted->linear) return own;
  const Dims& out = g.tensors[static_cast<std::size_t>(l.output)].dims;
  const int64_t tokens = int64_t{out.h} * out.w;
  return {1, static_cast<int32_t>(tokens), static_cast<int32_t>(own.count() / tokens)};
}

}  // namespace ares
