#include "core/import/model_graph.hpp"

#include <fmt/format.h>

namespace ares::qonnx {
namespace {

template <class T>
const T* typed_attribute(const Node& node, const std::string& name) {
  const Attribute* a = find_attribute(node, name);
  return a ? std::get_if<T>(a) : nullptr;
}

}  // namespace

Error node_error(const ModelGraph& model, const Node& node, const std::string& what) {
  return {fmt::format("{}: node '{}' ({}): {}", model.file, node.name, node.op, what)};
}

const Attribute* find_attribute(const Node& node, const std::string& name) {
  const auto it = node.attributes.find(name);
  return it == node.attributes.end() ? nullptr : &it->second;
}

int64_t int_attribute(const Node& node, const std::string& name, int64_t fallback) {
  const auto* value = typed_attribute<int64_t>(node, name);
  return value ? *value : fallback;
}

double float_attribute(const Node& node, const std::string& name, double fallback) {
  const auto* value = typed_attribute<double>(node, name);
  return value ? *value : fallback;
}

std::string string_attribute(const Node& node, const std::string& name, const std::string& fallback) {
  const auto* value = typed_attribute<std::string>(node, name);
  return value ? *value : fallback;
}

std::optional<std::vector<int64_t>> ints_attribute(const Node& node, const std::string& name) {
  const auto* value = typed_attribute<std::vector<int64_t>>(node, name);
  return value ? std::optional(*value) : std::nullopt;
}

Result<Shape> NodeView::shape(std::size_t i) const {
  if (!has_input(i)) return error(fmt::format("input {} is missing", i));
  const std::string& name = node.inputs[i];
  if (const auto c = model.constants.find(name); c != model.constants.end()) return c->second.shape;
  if (const auto s = model.shapes.find(name); s != model.shapes.end()) return s->second;
  return error(fmt::format("the shape of its input '{}' is not known", name));
}

const Array* NodeView::constant(std::size_t i) const {
  if (!has_input(i)) return nullptr;
  const auto it = model.constants.find(node.inputs[i]);
  return it == model.constants.end() ? nullptr : &it->second;
}

Result<std::vector<int64_t>> NodeView::integers(std::size_t i) const {
  const Array* array = constant(i);
  if (!array) {
    return error(has_input(i) ? fmt::format("its input '{}' has to be constant", node.inputs[i])
                              : fmt::format("input {} is missing", i));
  }
  auto values = to_integers(*array);
  if (!values) return error(fmt::format("its input '{}': {}", node.inputs[i], values.error().what));
  return values;
}

}  // namespace ares::qonnx
