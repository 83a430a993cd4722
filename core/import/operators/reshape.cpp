#include <fmt/format.h>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// 0 copies the input's dimension (unless allowzero), one -1 takes what is left.
ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  auto target = node.integers(1);
  if (!target) return tl::unexpected(target.error());
  const auto count = element_count(*in);
  if (!count) return node.error(count.error().what);
  const bool allow_zero = int_attribute(node.node, "allowzero", 0) != 0;
  const auto mismatch = [&] {
    return node.error(fmt::format("cannot reshape {} to {}; is a batch size other than 1 fixed in the model?",
                                  to_string(*in), to_string(*target)));
  };
  Shape out = *target;
  std::optional<std::size_t> free;
  int64_t known = 1;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == 0 && !allow_zero) {
      if (i >= in->size()) return mismatch();
      out[i] = (*in)[i];
    }
    if (out[i] < -1 || (out[i] == -1 && free)) return mismatch();
    if (out[i] == -1) {
      free = i;
      continue;
    }
    if (out[i] != 0 && known > kMaxElements / out[i]) return mismatch();
    known *= out[i];
  }
  if (free) {
    if (known == 0 || *count % known) return mismatch();
    out[*free] = *count / known;
    known *= out[*free];
  }
  if (known != *count) return mismatch();
  return std::vector<Shape>{out};
}

ArraysResult fold(const NodeView& node) {
  auto shape = shapes(node);
  if (!shape) return tl::unexpected(shape.error());
  return std::vector<Array>{{shape->front(), node.constant(0)->values}};
}

}  // namespace

const Operator kReshape{.name = "Reshape",
                        .shapes = shapes,
                        .fold = fold,
                        .lower = reshaped,
                        .host = OnHost::moves,
                        .supports = "moves nothing; on device order only"};

}  // namespace ares::qonnx
