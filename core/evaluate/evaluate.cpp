#include "core/evaluate/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

const RealTensor* find(const Evaluation::Tensors& tensors, const std::string& name) {
  const auto it = tensors.find(name);
  return it == tensors.end() ? nullptr : &it->second;
}

/// The node's inputs in `first`, else in `second`; nothing where one is in neither.
std::optional<std::vector<const RealTensor*>> collect(const Node& node, const Evaluation::Tensors& first,
                                                      const Evaluation::Tensors& second) {
  std::vector<const RealTensor*> inputs;
  for (const std::string& name : node.inputs) {
    const RealTensor* tensor = name.empty() ? nullptr : find(first, name);
    if (!tensor && !name.empty()) tensor = find(second, name);
    if (!tensor && !name.empty()) return std::nullopt;
    inputs.push_back(tensor);
  }
  return inputs;
}

Result<void> evaluate_into(const ModelGraph& model, const Node& node, const std::vector<const RealTensor*>& inputs,
                           Evaluation::Tensors& out) {
  auto values = evaluate_node(node, inputs);
  if (!values) return tl::unexpected(node_error(model, node, values.error().what));
  for (std::size_t i = 0; i < std::min(values->size(), node.outputs.size()); ++i) {
    if (!node.outputs[i].empty()) out[node.outputs[i]] = std::move((*values)[i]);
  }
  return {};
}

/// int64 from a double, saturating: slices end at INT64_MAX.
int64_t to_int(double v) {
  constexpr double kEdge = 9.2e18;
  if (v >= kEdge) return std::numeric_limits<int64_t>::max();
  if (v <= -kEdge) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

}  // namespace

RealTensor real_tensor(const Array& array) {
  return {array.shape, to_doubles(array), array.is_integer(), array.values.index() == 0};
}

RealTensor real_tensor(Shape shape, std::span<const float> values) {
  return {std::move(shape), {values.begin(), values.end()}, false, true};
}

RealTensor zeros(Shape shape) {
  const auto count = static_cast<std::size_t>(element_count(shape).value_or(0));
  return {std::move(shape), std::vector<double>(count), false, false};
}

RealTensor picked(const RealTensor& from, Shape shape, const std::vector<int64_t>& indices) {
  RealTensor out{std::move(shape), {}, from.is_integer, from.is_single};
  out.values.reserve(indices.size());
  for (const int64_t i : indices) out.values.push_back(from.values[static_cast<std::size_t>(i)]);
  return out;
}

std::optional<std::vector<int64_t>> Arguments::integers(std::size_t i, const std::string& attribute) const {
  if (!has(i)) return ints_attribute(node, attribute);
  std::vector<int64_t> out;
  for (const double v : inputs[i]->values) out.push_back(to_int(v));
  return out;
}

const Evaluator* find_evaluator(std::string_view op) {
  for (const auto& list :
       {elementwise_evaluators(), expansion_evaluators(), layout_evaluators(), norm_evaluators(), pool_evaluators(),
        quant_evaluators(), scan_evaluators(), selection_evaluators(), transform_evaluators(), weighted_evaluators()}) {
    const auto it = std::find_if(list.begin(), list.end(), [&](const Evaluator& e) { return e.name == op; });
    if (it != list.end()) return &*it;
  }
  return nullptr;
}

std::vector<std::string> evaluated_operators() {
  std::vector<std::string> names;
  for (const auto& list :
       {elementwise_evaluators(), expansion_evaluators(), layout_evaluators(), norm_evaluators(), pool_evaluators(),
        quant_evaluators(), scan_evaluators(), selection_evaluators(), transform_evaluators(), weighted_evaluators()}) {
    for (const Evaluator& e : list) names.emplace_back(e.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<RealTensor>> evaluate_node(const Node& node, const std::vector<const RealTensor*>& inputs) {
  const Evaluator* evaluator = find_evaluator(node.op);
  if (!evaluator) return fail("cannot be evaluated in real numbers");
  const Arguments arguments{node, inputs};
  for (std::size_t i = 0; i < evaluator->inputs; ++i) {
    if (!arguments.has(i)) return fail(fmt::format("input {} is missing", i));
  }
  auto results = evaluator->run(arguments);
  if (!results) return results;
  for (const RealTensor& t : *results) {  // a reduction has no value over an axis without elements
    const auto count = element_count(t.shape);
    if (!count || *count != static_cast<int64_t>(t.values.size())) return fail("has no elements to compute with");
  }
  return results;
}

Result<Evaluation> Evaluation::create(ModelGraph model) {
  Evaluation e;
  for (const auto& [name, array] : model.constants) e.constants_[name] = real_tensor(array);
  model.constants.clear();
  std::vector<Node> kept;
  for (Node& node : model.nodes) {
    const auto inputs = collect(node, e.constants_, {});
    if (!inputs) {
      kept.push_back(std::move(node));
    } else if (auto ok = evaluate_into(model, node, *inputs, e.constants_); !ok) {
      return tl::unexpected(ok.error());
    }
  }
  model.nodes = std::move(kept);
  e.model_ = std::move(model);
  return e;
}

Result<Evaluation::Tensors> Evaluation::run(Tensors inputs) const {
  for (const std::string& name : model_.inputs) {
    if (!inputs.count(name)) return fail(fmt::format("{}: no value given for input '{}'", model_.file, name));
  }
  Tensors tensors = std::move(inputs);
  for (const Node& node : model_.nodes) {
    const auto arguments = collect(node, tensors, constants_);
    if (!arguments) return tl::unexpected(node_error(model_, node, "an input has no value"));
    if (auto ok = evaluate_into(model_, node, *arguments, tensors); !ok) return tl::unexpected(ok.error());
  }
  return tensors;
}

Result<std::vector<int64_t>> quantised_integers(const Evaluation& evaluation, const Evaluation::Tensors& run,
                                                const Node& node) {
  const auto inputs = collect(node, run, evaluation.constants());
  const RealTensor* real = find(run, node.outputs.at(0));
  if (!inputs || inputs->size() < 4 || !real) return fail(fmt::format("'{}' is no evaluated Quant", node.name));
  const RealTensor &scale = *(*inputs)[1], &zero = *(*inputs)[2];
  const auto is = broadcast_indices(scale.shape, real->shape), iz = broadcast_indices(zero.shape, real->shape);
  std::vector<int64_t> q;
  q.reserve(real->values.size());
  for (std::size_t i = 0; i < real->values.size(); ++i) {
    const double s = scale.values[static_cast<std::size_t>(is[i])], z = zero.values[static_cast<std::size_t>(iz[i])];
    q.push_back(std::llround(real->values[i] / s + z));
  }
  return q;
}

}  // namespace ares::qonnx
