#include <cmath>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

// TensorProto.DataType of onnx.proto
enum DataType : int64_t { kFloat = 1, kString = 8, kBool = 9, kFloat16 = 10, kDouble = 11, kBFloat16 = 16 };

/// Integers keep their value (no wrap to the narrow types: shapes and indices are all that is cast).
ArraysResult fold(const NodeView& node) {
  const Array& in = *node.constant(0);
  const int64_t to = int_attribute(node.node, "to", 0);
  const std::vector<double> reals = to_doubles(in);
  if (to == kFloat) return std::vector<Array>{{in.shape, std::vector<float>(reals.begin(), reals.end())}};
  if (to == kDouble) return std::vector<Array>{{in.shape, reals}};
  if (to <= 0 || to == kString || to == kFloat16 || to > 13) return node.error("casts to an unsupported type");
  if (in.is_integer() && to != kBool) return std::vector<Array>{in};
  std::vector<int64_t> out;
  for (const double v : reals) {
    if (!(std::abs(v) < 0x1p53)) return node.error("casts a value beyond the integers");
    out.push_back(to == kBool ? v != 0 : static_cast<int64_t>(v));
  }
  return std::vector<Array>{{in.shape, std::move(out)}};
}

}  // namespace

const Operator kCast{.name = "Cast", .fold = fold, .supports = "shapes and indices"};

}  // namespace ares::qonnx
