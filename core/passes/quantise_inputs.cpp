#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "core/base/npy.hpp"
#include "core/evaluate/evaluate.hpp"
#include "core/import/operator.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

using qonnx::ModelGraph;
using qonnx::Node;

struct Range {
  double lo = std::numeric_limits<double>::infinity(), hi = -std::numeric_limits<double>::infinity();
};

/// Tensors that float nodes alone compute from the model's inputs, and the first of them that each node reads which
/// only works on integers.
struct FloatPart {
  std::set<std::string> tensors;
  std::vector<std::pair<const Node*, std::string>> unquantised;
};

FloatPart find_float_part(const ModelGraph& model) {
  FloatPart part{{model.inputs.begin(), model.inputs.end()}, {}};
  for (const Node& node : model.nodes) {
    const auto in = std::find_if(node.inputs.begin(), node.inputs.end(),
                                 [&](const std::string& name) { return part.tensors.count(name) > 0; });
    if (in == node.inputs.end() || node.op == "Quant") continue;
    const auto* op = qonnx::find_operator(node.op);
    if (op && op->host == qonnx::OnHost::no) {
      part.unquantised.push_back({&node, *in});
    } else if (op) {
      part.tensors.insert(node.outputs.begin(), node.outputs.end());
    }
  }
  return part;
}

/// "lo:hi".
std::optional<Range> parse_range(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  Range r;
  const auto read = [](std::string_view number, double& value) {
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    return error == std::errc() && end == number.data() + number.size() && std::isfinite(value);
  };
  const std::string_view view(text);
  if (!read(view.substr(0, colon), r.lo) || !read(view.substr(colon + 1), r.hi) || r.lo >= r.hi) return std::nullopt;
  return r;
}

/// Samples of the model's one input: those of a file, or every element at either end of a range.
Result<std::vector<std::vector<float>>> read_samples(const ModelGraph& model, const std::string& ranges) {
  if (model.inputs.size() != 1) return fail("--ranges works for models with one input");
  const auto size = static_cast<std::size_t>(*qonnx::element_count(model.shapes.at(model.inputs[0])));
  if (const auto range = parse_range(ranges)) {
    return std::vector{std::vector<float>(size, static_cast<float>(range->lo)),
                       std::vector<float>(size, static_cast<float>(range->hi))};
  }
  const auto array = read_npy(ranges);
  if (!array) return fail(fmt::format("--ranges {}: neither LO:HI nor a .npy file ({})", ranges, array.error().what));
  const auto values = values_as<float>(*array);
  if (values.empty() || values.size() % size != 0) {
    return fail(fmt::format("--ranges {}: holds {} values, no samples of {}", ranges, values.size(), size));
  }
  std::vector<std::vector<float>> samples;
  for (auto v = values.begin(); v != values.end(); v += static_cast<std::ptrdiff_t>(size)) {
    samples.emplace_back(v, v + static_cast<std::ptrdiff_t>(size));
  }
  return samples;
}

/// Smallest and largest value of `tensor` over the samples.
Result<Range> measure(const ModelGraph& model, const FloatPart& part, const std::string& tensor,
                      const std::string& ranges) {
  const auto samples = read_samples(model, ranges);
  if (!samples) return tl::unexpected(samples.error());
  ModelGraph prefix = model;
  std::erase_if(prefix.nodes, [&](const Node& n) { return !part.tensors.count(n.outputs[0]); });
  const auto evaluation = qonnx::Evaluation::create(std::move(prefix));
  if (!evaluation) return tl::unexpected(evaluation.error());
  Range range;
  for (const auto& sample : *samples) {
    const auto& shape = model.shapes.at(model.inputs[0]);
    const auto tensors = evaluation->run({{model.inputs[0], qonnx::real_tensor(shape, sample)}});
    if (!tensors) return tl::unexpected(tensors.error());
    for (const double v : tensors->at(tensor).values) {
      range.lo = std::min(range.lo, v);
      range.hi = std::max(range.hi, v);
    }
  }
  if (!std::isfinite(range.lo) || !std::isfinite(range.hi) || range.lo == range.hi) {
    return fail(fmt::format("--ranges {}: '{}' has no range there", ranges, tensor));
  }
  return range;
}

/// 8 bits over the range: unsigned where nothing lies below 0, else symmetric.
Node make_quant(ModelGraph& model, const std::string& tensor, const Range& range) {
  const bool is_signed = range.lo < 0;
  const double scale = is_signed ? std::max(range.hi / 127, -range.lo / 128) : range.hi / 255;
  const auto constant = [&](const char* what, float value) {
    const std::string name = fmt::format("{}/ranges_{}", tensor, what);
    model.constants[name] = {{}, std::vector<float>{value}};
    return name;
  };
  Node node{tensor + "/ranges_quant", "Quant", "", {{"signed", int64_t{is_signed}}}, {tensor}, {tensor + "/ranges_q"}};
  node.inputs.push_back(constant("scale", static_cast<float>(scale)));
  node.inputs.push_back(constant("zero", 0));
  node.inputs.push_back(constant("bits", 8));
  model.shapes[node.outputs[0]] = model.shapes.at(tensor);
  return node;
}

/// The Quant of `tensor` before its first reader, and every reader behind it that works on integers.
void insert(ModelGraph& model, Node quant, const FloatPart& part, const std::string& tensor) {
  std::set<std::string> readers;
  for (const auto& [node, in] : part.unquantised) {
    if (in == tensor) readers.insert(node->outputs[0]);
  }
  const auto reads = [&](const Node& n) { return readers.count(n.outputs[0]) > 0; };
  const std::string name = quant.outputs[0];
  for (Node& node : model.nodes) {
    if (reads(node)) std::replace(node.inputs.begin(), node.inputs.end(), tensor, name);
  }
  model.nodes.insert(std::find_if(model.nodes.begin(), model.nodes.end(), reads), std::move(quant));
}

}  // namespace

Result<void> quantise_inputs(NetworkState& state) {
  ModelGraph& model = state.model;
  for (;;) {
    const FloatPart part = find_float_part(model);
    if (part.unquantised.empty()) return {};
    const auto& [node, tensor] = part.unquantised.front();
    if (state.ranges.empty()) {
      const Error error = qonnx::node_error(
          model, *node,
          fmt::format(
              "the model's input reaches it in float ('{}'); quantise the input first (QuantIdentity), or state "
              "its range with --ranges LO:HI or --ranges SAMPLES.npy",
              tensor));
      if (note(state.check, "layer", model, *node, error)) return {};
      state.needs_ranges = true;
      return tl::unexpected(error);
    }
    const auto range = measure(model, part, tensor, state.ranges);
    if (!range) return fail(fmt::format("{}: {}", model.file, range.error().what));
    Node quant = make_quant(model, tensor, *range);
    state.notice(fmt::format("{}: '{}' is quantised to 8 bits over {:.6g}..{:.6g}, as --ranges says", model.file,
                             tensor, range->lo, range->hi));
    insert(model, std::move(quant), part, tensor);
  }
}

}  // namespace ares
