#include <fmt/format.h>

#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

struct Product {
  int64_t rows = 0, columns = 0, outputs = 0;
};

Result<Product> product(const NodeView& node) {
  const auto a = node.shape(0), b = node.shape(1);
  if (!a || !b) return tl::unexpected(!a ? a.error() : b.error());
  if (a->size() != 2 || b->size() != 2) return node.error("its inputs have to be matrices");
  const bool ta = int_attribute(node.node, "transA", 0) != 0, tb = int_attribute(node.node, "transB", 0) != 0;
  const Product p{(*a)[ta], (*a)[!ta], (*b)[!tb]};
  if ((*b)[tb] != p.columns || p.columns < 1 || p.outputs < 1) {
    return node.error(fmt::format("shapes {} and {} do not multiply", to_string(*a), to_string(*b)));
  }
  return p;
}

ShapesResult shapes(const NodeView& node) {
  const auto p = product(node);
  if (!p) return tl::unexpected(p.error());
  const auto count = element_count({p->rows, p->outputs});
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{{p->rows, p->outputs}};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  if (int_attribute(node.node, "transA", 0)) return node.error("transA is not supported; transpose before the Quant");
  const auto p = product(node);
  if (!p) return tl::unexpected(p.error());
  const auto weights = weight_input(lowering, node, 1);
  if (!weights) return tl::unexpected(weights.error());
  const bool tb = int_attribute(node.node, "transB", 0) != 0;
  auto value = tb ? make_linear(lowering, node, **weights, 0, {p->columns, 1})
                  : make_linear(lowering, node, **weights, 1, {1, p->outputs});
  if (!value) return value;
  auto& acc = std::get<Accumulator>(value->kind);
  const double alpha = float_attribute(node.node, "alpha", 1), beta = float_attribute(node.node, "beta", 1);
  const auto channels = static_cast<std::size_t>(p->outputs);
  if (alpha != 1) {
    const std::vector<double> gain(channels, alpha), none(channels, 0.0);
    if (auto ok = apply_affine(node, gain, none, acc); !ok) return tl::unexpected(ok.error());
  }
  if (node.has_input(2)) {
    if (auto ok = add_bias(lowering, node, 2, beta, acc, value->view.shape); !ok) return tl::unexpected(ok.error());
  }
  return value;
}

}  // namespace

const Operator kGemm{
    .name = "Gemm",
    .shapes = shapes,
    .lower = lower,
    .supports = "weights of 8 bits or fewer on input 1, transposed or not; alpha, beta; float or quantised bias"};

}  // namespace ares::qonnx
