#include "core/import/layout.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "core/import/lowering.hpp"

namespace ares::qonnx {
namespace {

using Axes = std::vector<std::size_t>;

const std::set<std::string> kImageOps = {
    "Conv",          "ConvTranspose",      "MaxPool", "AveragePool", "GlobalAveragePool",
    "GlobalMaxPool", "BatchNormalization", "Resize",  "Upsample"};
const std::set<std::string> kRowOps = {"MatMul", "Gemm", "LayerNormalization"};
const std::set<std::string> kMovers = {"Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze"};

/// Axes of the device, outermost first, for a reader that sees the axes `now` of the tensor; nothing where it takes
/// any.
std::optional<Axes> axes_for(const Node& reader, const Axes& now) {
  if (kRowOps.count(reader.op)) return now;
  if (!kImageOps.count(reader.op) || now.size() < 3) return std::nullopt;
  Axes axes{now[0]};
  axes.insert(axes.end(), now.begin() + 2, now.end());
  axes.push_back(now[1]);
  return axes;
}

/// What `reader` makes of the order of the axes; nothing where they lose their identity.
std::optional<Axes> axes_after(const Node& reader, const Axes& now) {
  if (reader.op == "Transpose") {
    const auto perm = ints_attribute(reader, "perm");
    if (!perm || perm->size() != now.size()) return std::nullopt;
    Axes axes;
    for (const int64_t axis : *perm) {
      if (axis < 0 || axis >= static_cast<int64_t>(now.size())) return std::nullopt;
      axes.push_back(now[static_cast<std::size_t>(axis)]);
    }
    return axes;
  }
  return kMovers.count(reader.op) ? std::nullopt : std::optional(now);
}

/// Follows the readers of a tensor to the first one that asks for an order of axes.
std::optional<Axes> wanted_axes(const ModelGraph& model, const std::string& tensor, std::size_t rank) {
  Axes all(rank);
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::map<std::string, Axes> known{{tensor, all}};
  for (const Node& node : model.nodes) {
    const auto in = node.inputs.empty() ? known.end() : known.find(node.inputs[0]);
    if (in == known.end()) continue;
    if (auto axes = axes_for(node, in->second)) return axes;
    if (auto after = axes_after(node, in->second)) known[node.outputs[0]] = std::move(*after);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Layout> device_layout(const ModelGraph& model, const std::string& tensor, const Shape& shape) {
  const std::size_t rank = shape.size();
  if (rank == 0 || rank > 4 || (rank == 4 && shape[0] != 1)) return std::nullopt;
  Axes axes = rank == 4 ? Axes{0, 2, 3, 1} : Axes{};
  for (std::size_t i = 0; rank != 4 && i < rank; ++i) axes.push_back(i);
  if (const auto wanted = wanted_axes(model, tensor, rank)) axes = *wanted;
  Shape device;
  for (const std::size_t axis : axes) device.push_back(shape[axis]);
  device.insert(device.begin(), 4 - rank, 1);
  const auto extent = [&](std::size_t i) { return static_cast<int32_t>(device[i]); };
  const Dims dims{extent(1), extent(2), extent(3)};
  if (dims.count() != *element_count(shape)) return std::nullopt;
  const Shape strides = strides_of(device);
  std::vector<int64_t> to_device(rank);  // stride on the device of each axis of the model
  for (std::size_t i = 0; i < rank; ++i) to_device[axes[i]] = strides[4 - rank + i];
  std::vector<int32_t> order(static_cast<std::size_t>(dims.count()));
  for (std::size_t n = 0; n < order.size(); ++n) {
    int64_t rest = static_cast<int64_t>(n), offset = 0;
    for (std::size_t axis = rank; axis-- > 0; rest /= shape[axis]) offset += rest % shape[axis] * to_device[axis];
    order[n] = static_cast<int32_t>(offset);
  }
  return Layout{dims, normal_order(std::move(order))};
}

}  // namespace ares::qonnx
