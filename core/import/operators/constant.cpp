#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// The one attribute that holds the value.
ArraysResult fold(const NodeView& node) {
  if (const Attribute* a = find_attribute(node.node, "value")) {
    if (const auto* array = std::get_if<Array>(a)) return std::vector<Array>{*array};
  }
  if (const Attribute* a = find_attribute(node.node, "value_int")) {
    if (const auto* v = std::get_if<int64_t>(a)) return std::vector<Array>{make_integers({}, {*v})};
  }
  if (const Attribute* a = find_attribute(node.node, "value_float")) {
    if (const auto* v = std::get_if<double>(a)) return std::vector<Array>{{{}, std::vector<float>{float(*v)}}};
  }
  if (const auto v = ints_attribute(node.node, "value_ints")) {
    return std::vector<Array>{make_integers({static_cast<int64_t>(v->size())}, *v)};
  }
  if (const Attribute* a = find_attribute(node.node, "value_floats")) {
    if (const auto* v = std::get_if<std::vector<double>>(a)) {
      return std::vector<Array>{{{static_cast<int64_t>(v->size())}, std::vector<float>(v->begin(), v->end())}};
    }
  }
  return node.error("holds no number");
}

}  // namespace

const Operator kConstant{.name = "Constant", .fold = fold, .supports = "any"};

}  // namespace ares::qonnx
