#include <fmt/format.h>

#include "core/import/operators/elementwise.hpp"

namespace ares::qonnx {

Result<Value> combine_tensors(Lowering&, const NodeView& node, const Value&, const Value&) {
  return node.error(
      fmt::format("combining two tensors ('{}' and '{}') is not supported", node.node.inputs[0], node.node.inputs[1]));
}

}  // namespace ares::qonnx
