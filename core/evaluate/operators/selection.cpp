// What takes parts of tensors and puts parts together.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

/// Index of source element for every element of a tensor whose coordinate along axis k is source[k][coordinate]; -1
/// anywhere gives -1.
std::vector<int64_t> gather_indices(const Shape& from, const std::vector<std::vector<int64_t>>& source) {
  const Shape strides = strides_of(from);
  std::vector<int64_t> indices{0};
  for (std::size_t k = 0; k < source.size(); ++k) {
    std::vector<int64_t> next;
    next.reserve(indices.size() * source[k].size());
    for (const int64_t base : indices) {
      for (const int64_t at : source[k]) next.push_back(base < 0 || at < 0 ? -1 : base + at * strides[k]);
    }
    indices = std::move(next);
  }
  return indices;
}

/// Every coordinate of every axis, in place.
std::vector<std::vector<int64_t>> all_coordinates(const Shape& shape) {
  std::vector<std::vector<int64_t>> out;
  for (const int64_t d : shape) {
    std::vector<int64_t> axis;
    for (int64_t i = 0; i < d; ++i) axis.push_back(i);
    out.push_back(std::move(axis));
  }
  return out;
}

/// The tensor that `source` describes; -1 becomes `fill`.
RealTensor rearranged(const RealTensor& from, const std::vector<std::vector<int64_t>>& source, double fill = 0) {
  RealTensor out{{}, {}, from.is_integer, from.is_single};
  for (const auto& axis : source) out.shape.push_back(static_cast<int64_t>(axis.size()));
  for (const int64_t i : gather_indices(from.shape, source)) {
    out.values.push_back(i < 0 ? fill : from.values[static_cast<std::size_t>(i)]);
  }
  return out;
}

Result<RealTensors> concat(const Arguments& a) {
  const auto axis = normal_axis(int_attribute(a.node, "axis", 0), a[0].shape.size());
  if (!axis) return tl::unexpected(axis.error());
  RealTensor out{a[0].shape, {}, a[0].is_integer, a[0].is_single};
  out.shape[*axis] = 0;
  int64_t outer = 1;
  for (std::size_t i = 0; i < *axis; ++i) outer *= out.shape[i];
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    if (!a.has(i) || a[i].shape.size() != out.shape.size()) return fail("its inputs differ in rank");
    Shape other = a[i].shape;
    out.shape[*axis] += other[*axis];
    other[*axis] = out.shape[*axis];
    if (other != out.shape) return fail("its inputs differ in more than the axis");
    out.is_single = out.is_single && a[i].is_single;
  }
  for (int64_t o = 0; o < outer; ++o) {
    for (const RealTensor* t : a.inputs) {
      const auto piece = t->values.size() / static_cast<std::size_t>(outer);
      const auto begin = t->values.begin() + static_cast<std::ptrdiff_t>(piece) * o;
      out.values.insert(out.values.end(), begin, begin + static_cast<std::ptrdiff_t>(piece));
    }
  }
  return RealTensors{std::move(out)};
}

Result<RealTensors> split(const Arguments& a) {
  const auto axis = normal_axis(int_attribute(a.node, "axis", 0), a[0].shape.size());
  if (!axis) return tl::unexpected(axis.error());
  const int64_t extent = a[0].shape[*axis], parts = static_cast<int64_t>(a.node.outputs.size());
  const int64_t each = parts ? (extent + parts - 1) / parts : 0;
  auto sizes = a.integers(1, "split").value_or(std::vector<int64_t>());
  for (int64_t i = 0; sizes.empty() && i < parts; ++i) sizes.push_back(std::min(each, extent - i * each));
  RealTensors out;
  int64_t begin = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || begin + size > extent) return fail("its parts do not add up to the axis");
    auto source = all_coordinates(a[0].shape);
    source[*axis] = std::vector<int64_t>(source[*axis].begin() + begin, source[*axis].begin() + begin + size);
    out.push_back(rearranged(a[0], source));
    begin += size;
  }
  return out;
}

/// Coordinates of one axis from start to end, as NumPy's slices.
std::vector<int64_t> slice_axis(int64_t extent, int64_t start, int64_t end, int64_t step) {
  const auto wrap = [&](int64_t v) { return v < 0 ? std::max(v, -extent - 1) + extent : std::min(v, extent); };
  std::vector<int64_t> out;
  if (step > 0) {
    for (int64_t i = std::max<int64_t>(wrap(start), 0); i < wrap(end); i += std::min(step, extent + 1))
      out.push_back(i);
  } else {
    for (int64_t i = std::min(wrap(start), extent - 1); i > wrap(end); i += std::max(step, -extent - 1))
      out.push_back(i);
  }
  return out;
}

Result<RealTensors> slice(const Arguments& a) {
  const auto starts = a.integers(1, "starts"), ends = a.integers(2, "ends");
  if (!starts || !ends || starts->size() != ends->size()) return fail("its starts and ends do not match");
  std::vector<int64_t> all;
  for (std::size_t i = 0; i < starts->size(); ++i) all.push_back(static_cast<int64_t>(i));
  const auto axes = a.integers(3, "axes").value_or(all);
  const auto steps = a.integers(4, "").value_or(std::vector<int64_t>(starts->size(), 1));
  if (axes.size() != starts->size() || steps.size() != starts->size()) return fail("its axes or steps do not match");
  auto source = all_coordinates(a[0].shape);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = normal_axis(axes[i], a[0].shape.size());
    if (!axis) return tl::unexpected(axis.error());
    if (steps[i] == 0) return fail("a step is 0");
    source[*axis] = slice_axis(a[0].shape[*axis], (*starts)[i], (*ends)[i], steps[i]);
  }
  return RealTensors{rearranged(a[0], source)};
}

/// The coordinate that a padded axis shows at `at`; -1 outside where the mode is constant.
int64_t pad_coordinate(const std::string& mode, int64_t at, int64_t extent) {
  if (at >= 0 && at < extent) return at;
  if (mode == "edge") return std::clamp<int64_t>(at, 0, extent - 1);
  if (mode != "reflect" || extent < 2) return -1;
  const int64_t period = 2 * (extent - 1), folded = ((at % period) + period) % period;
  return folded < extent ? folded : period - folded;
}

Result<RealTensors> pad(const Arguments& a) {
  const auto pads = a.integers(1, "pads");
  const std::size_t rank = a[0].shape.size();
  if (!pads || pads->size() != 2 * rank || a.has(3)) return fail("its pads do not match the rank of its input");
  const std::string mode = string_attribute(a.node, "mode", "constant");
  const double fill = a.has(2) && !a[2].values.empty() ? a[2].values[0] : float_attribute(a.node, "value", 0);
  std::vector<std::vector<int64_t>> source(rank);
  for (std::size_t k = 0; k < rank; ++k) {
    for (int64_t i = -(*pads)[k]; i < a[0].shape[k] + (*pads)[rank + k]; ++i) {
      source[k].push_back(pad_coordinate(mode, i, a[0].shape[k]));
    }
  }
  return RealTensors{rearranged(a[0], source, fill)};
}

/// Nearest neighbour: the source coordinate of an output one, as the two attributes of ONNX's Resize say.
int64_t nearest(const Node& node, int64_t at, double scale, int64_t in, int64_t out) {
  const std::string where = string_attribute(node, "coordinate_transformation_mode", "half_pixel");
  double x = (static_cast<double>(at) + 0.5) / scale - 0.5;
  if (where == "asymmetric" || node.op == "Upsample") x = static_cast<double>(at) / scale;
  if (where == "pytorch_half_pixel" && out == 1) x = 0;
  if (where == "align_corners") x = out > 1 ? static_cast<double>(at * (in - 1)) / static_cast<double>(out - 1) : 0;
  const std::string mode =
      string_attribute(node, "nearest_mode", node.op == "Upsample" ? "floor" : "round_prefer_floor");
  double rounded = std::ceil(x - 0.5);  // round_prefer_floor
  if (mode == "floor") rounded = std::floor(x);
  if (mode == "ceil") rounded = std::ceil(x);
  if (mode == "round_prefer_ceil") rounded = std::floor(x + 0.5);
  return std::clamp<int64_t>(static_cast<int64_t>(rounded), 0, in - 1);
}

/// The length of an axis after resizing; an error where it is none.
Result<int64_t> resized_length(double length, int64_t in) {
  constexpr double longest = 1 << 24;
  if (!(length >= 0 && length <= longest) || (in == 0 && length > 0))
    return fail(fmt::format("an axis of {} cannot become one of {}", in, length));
  return static_cast<int64_t>(length);
}

Result<RealTensors> resize(const Arguments& a) {
  if (string_attribute(a.node, "mode", "nearest") != "nearest") return fail("only nearest neighbours can be evaluated");
  const Shape& in = a[0].shape;
  const std::size_t rank = in.size();
  const std::size_t scale_input = a.inputs.size() > 2 ? 2 : 1;  // Resize: x, roi, scales, sizes; Upsample: x, scales
  std::vector<double> scales(rank, 1);
  Shape out = in;
  if (const auto sizes = a.integers(3, "")) {
    if (sizes->size() != rank) return fail("its sizes do not match the rank of its input");
    out = *sizes;
    for (std::size_t k = 0; k < rank; ++k) {
      const auto length = resized_length(static_cast<double>(out[k]), in[k]);
      if (!length) return tl::unexpected(length.error());
      scales[k] = static_cast<double>(out[k]) / static_cast<double>(in[k]);
    }
  } else {
    if (!a.has(scale_input) || a[scale_input].values.size() != rank) return fail("its scales do not match its input");
    scales = a[scale_input].values;
    for (std::size_t k = 0; k < rank; ++k) {
      const auto length = resized_length(std::floor(static_cast<double>(in[k]) * scales[k]), in[k]);
      if (!length) return tl::unexpected(length.error());
      out[k] = *length;
    }
  }
  std::vector<std::vector<int64_t>> source(rank);
  for (std::size_t k = 0; k < rank; ++k) {
    for (int64_t i = 0; i < out[k]; ++i) source[k].push_back(nearest(a.node, i, scales[k], in[k], out[k]));
  }
  return RealTensors{rearranged(a[0], source)};
}

Result<RealTensors> gather(const Arguments& a) {
  const auto axis = normal_axis(int_attribute(a.node, "axis", 0), a[0].shape.size());
  if (!axis) return tl::unexpected(axis.error());
  auto source = all_coordinates(a[0].shape);
  const int64_t extent = a[0].shape[*axis];
  source[*axis].clear();
  const auto chosen = *a.integers(1, "");
  for (const int64_t i : chosen) {
    if (i < -extent || i >= extent) return fail(fmt::format("index {} lies outside its axis", i));
    source[*axis].push_back(i < 0 ? i + extent : i);
  }
  RealTensor out = rearranged(a[0], source);
  out.shape.erase(out.shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  out.shape.insert(out.shape.begin() + static_cast<std::ptrdiff_t>(*axis), a[1].shape.begin(), a[1].shape.end());
  return RealTensors{std::move(out)};
}

const Evaluator kEvaluators[] = {
    {"Concat", 1, concat}, {"Gather", 2, gather}, {"Pad", 1, pad},         {"Resize", 1, resize},
    {"Slice", 1, slice},   {"Split", 1, split},   {"Upsample", 1, resize},
};

}  // namespace

std::span<const Evaluator> selection_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
