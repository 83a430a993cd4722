// Normalisations and reductions.
#include <algorithm>
#include <cmath>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

/// `extent` elements, `stride` apart, for every line along an axis: f(first element, stride, extent).
template <class F>
void for_each_line(RealTensor& t, std::size_t axis, F f) {
  const Shape strides = strides_of(t.shape);
  const int64_t extent = t.shape[axis], stride = strides[axis];
  for (int64_t outer = 0; outer < t.count(); outer += extent * stride) {
    for (int64_t inner = 0; inner < stride; ++inner)
      f(&t.values[static_cast<std::size_t>(outer + inner)], stride, extent);
  }
}

Result<RealTensors> batch_normalization(const Arguments& a) {
  if (a[0].shape.size() < 2) return fail("its input has no channel axis");
  const auto channels = static_cast<std::size_t>(a[0].shape[1]);
  for (std::size_t i = 1; i <= 4; ++i) {
    if (a[i].values.size() != channels) return fail(fmt::format("its input {} has no value per channel", i));
  }
  const double epsilon = float_attribute(a.node, "epsilon", 1e-5);
  const auto inner = static_cast<std::size_t>(strides_of(a[0].shape)[1]);
  RealTensor out{a[0].shape, a[0].values, false, false};
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const std::size_t c = i / inner % channels;
    out.values[i] =
        (out.values[i] - a[3].values[c]) / std::sqrt(a[4].values[c] + epsilon) * a[1].values[c] + a[2].values[c];
  }
  return RealTensors{std::move(out)};
}

Result<RealTensors> softmax(const Arguments& a) {
  auto axis = normal_axis(int_attribute(a.node, "axis", -1), a[0].shape.size());
  if (!axis) return tl::unexpected(axis.error());
  RealTensor out{a[0].shape, a[0].values, false, false};
  if (int_attribute(a.node, "flattened", 0) != 0) {  // core/import/read_model.cpp
    int64_t lines = 1;
    for (std::size_t i = 0; i < *axis; ++i) lines *= out.shape[i];
    out.shape = {lines, lines ? out.count() / lines : 0};
    axis = 1;
  }
  for_each_line(out, *axis, [](double* x, int64_t stride, int64_t n) {
    double top = -HUGE_VAL, sum = 0;
    for (int64_t i = 0; i < n; ++i) top = std::max(top, x[i * stride]);
    for (int64_t i = 0; i < n; ++i) sum += x[i * stride] = std::exp(x[i * stride] - top);
    for (int64_t i = 0; i < n; ++i) x[i * stride] /= sum;
  });
  out.shape = a[0].shape;
  return RealTensors{std::move(out)};
}

Result<RealTensors> log_softmax(const Arguments& a) {
  auto out = softmax(a);
  if (out) std::for_each((*out)[0].values.begin(), (*out)[0].values.end(), [](double& v) { v = std::log(v); });
  return out;
}

/// Index of the first of the largest (or smallest) values of each line; the last with select_last_index.
Result<RealTensors> arg(const Arguments& a) {
  const auto axis = normal_axis(int_attribute(a.node, "axis", 0), a[0].shape.size());
  if (!axis) return tl::unexpected(axis.error());
  const bool last = int_attribute(a.node, "select_last_index", 0) != 0;
  const double sign = a.node.op == "ArgMin" ? -1 : 1;
  RealTensor lines = a[0], out{a[0].shape, {}, true, false};
  for_each_line(lines, *axis, [&](const double* x, int64_t stride, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; ++i) {
      const double gain = sign * (x[i * stride] - x[best * stride]);
      if (gain > 0 || (last && gain == 0)) best = i;
    }
    out.values.push_back(static_cast<double>(best));
  });
  out.shape[*axis] = 1;
  if (int_attribute(a.node, "keepdims", 1) == 0)
    out.shape.erase(out.shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  return RealTensors{std::move(out)};
}

/// RMSNormalization takes no mean off. Over the last axes from `axis` on.
Result<RealTensors> layer_normalization(const Arguments& a) {
  const auto axis = normal_axis(int_attribute(a.node, "axis", -1), a[0].shape.size());
  if (!axis) return tl::unexpected(axis.error());
  std::size_t n = 1;
  for (std::size_t i = *axis; i < a[0].shape.size(); ++i) n *= static_cast<std::size_t>(a[0].shape[i]);
  if (a[1].values.size() != n || (a.has(2) && a[2].values.size() != n))
    return fail("its parameters do not fit its input");
  const double epsilon = float_attribute(a.node, "epsilon", 1e-5);
  const bool centred = a.node.op == "LayerNormalization";
  RealTensor out{a[0].shape, a[0].values, false, false};
  for (auto x = out.values.begin(); x != out.values.end(); x += static_cast<std::ptrdiff_t>(n)) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; centred && i < n; ++i) mean += x[static_cast<std::ptrdiff_t>(i)];
    mean /= static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) variance += std::pow(x[static_cast<std::ptrdiff_t>(i)] - mean, 2);
    const double deviation = std::sqrt(variance / static_cast<double>(n) + epsilon);
    for (std::size_t i = 0; i < n; ++i) {
      double& v = x[static_cast<std::ptrdiff_t>(i)];
      v = (v - mean) / deviation * a[1].values[i] + (a.has(2) ? a[2].values[i] : 0);
    }
  }
  return RealTensors{std::move(out)};
}

/// `sets` sets of channels and all positions of a [n, c, ..] tensor; per-channel parameters, or one per set.
Result<RealTensors> normalise_groups(const Arguments& a, std::size_t sets) {
  if (a[0].shape.size() < 2 || a[0].count() == 0) return fail("its input has no channel axis");
  const auto channels = static_cast<std::size_t>(a[0].shape[1]);
  if (sets == 0 || channels % sets) return fail(fmt::format("{} groups of {} channels", sets, channels));
  for (const std::size_t i : {1, 2}) {
    const std::size_t given = a[i].values.size();
    if (given == 0 || channels % given) return fail(fmt::format("its input {} has no value per channel", i));
  }
  const double epsilon = float_attribute(a.node, "epsilon", 1e-5);
  const auto inner = static_cast<std::size_t>(strides_of(a[0].shape)[1]), n = channels / sets * inner;
  RealTensor out{a[0].shape, a[0].values, false, false};
  for (std::size_t first = 0; first < out.values.size(); first += n) {
    double mean = 0, variance = 0;
    for (std::size_t i = first; i < first + n; ++i) mean += out.values[i] / static_cast<double>(n);
    for (std::size_t i = first; i < first + n; ++i)
      variance += std::pow(out.values[i] - mean, 2) / static_cast<double>(n);
    for (std::size_t i = first; i < first + n; ++i) {
      const std::size_t channel = i / inner % channels;
      const auto parameter = [&](std::size_t input) {
        return a[input].values[channel * a[input].values.size() / channels];
      };
      out.values[i] = (out.values[i] - mean) / std::sqrt(variance + epsilon) * parameter(1) + parameter(2);
    }
  }
  return RealTensors{std::move(out)};
}

Result<RealTensors> group_normalization(const Arguments& a) {
  return normalise_groups(a, static_cast<std::size_t>(std::max<int64_t>(0, int_attribute(a.node, "num_groups", 0))));
}

Result<RealTensors> instance_normalization(const Arguments& a) {
  return normalise_groups(a, a[0].shape.size() < 2 ? 0 : static_cast<std::size_t>(a[0].shape[1]));
}

Result<RealTensors> reduce(const Arguments& a, double start, double (*f)(double, double), bool average) {
  const std::size_t rank = a[0].shape.size();
  Shape kept = a[0].shape;
  std::vector<bool> dropped(rank);
  std::vector<int64_t> all;
  for (std::size_t i = 0; i < rank; ++i) all.push_back(static_cast<int64_t>(i));
  for (const int64_t axis : a.integers(1, "axes").value_or(all)) {
    const auto n = normal_axis(axis, rank);
    if (!n) return tl::unexpected(n.error());
    kept[*n] = 1;
    dropped[*n] = true;
  }
  RealTensor out = zeros(kept);
  std::fill(out.values.begin(), out.values.end(), start);
  const auto at = broadcast_indices(kept, a[0].shape);
  for (std::size_t i = 0; i < at.size(); ++i) {
    double& v = out.values[static_cast<std::size_t>(at[i])];
    v = f(v, a[0].values[i]);
  }
  const double n = static_cast<double>(a[0].count()) / static_cast<double>(std::max<int64_t>(out.count(), 1));
  if (average) std::for_each(out.values.begin(), out.values.end(), [&](double& v) { v /= n; });
  if (int_attribute(a.node, "keepdims", 1) == 0) {
    out.shape.clear();
    for (std::size_t i = 0; i < rank; ++i) {
      if (!dropped[i]) out.shape.push_back(kept[i]);
    }
  }
  return RealTensors{std::move(out)};
}

Result<RealTensors> reduce_mean(const Arguments& a) {
  return reduce(
      a, 0, [](double x, double y) { return x + y; }, true);
}
Result<RealTensors> reduce_sum(const Arguments& a) {
  return reduce(
      a, 0, [](double x, double y) { return x + y; }, false);
}
Result<RealTensors> reduce_max(const Arguments& a) {
  return reduce(
      a, -HUGE_VAL, [](double x, double y) { return std::max(x, y); }, false);
}

const Evaluator kEvaluators[] = {
    {"ArgMax", 1, arg},
    {"ArgMin", 1, arg},
    {"BatchNormalization", 5, batch_normalization},
    {"GroupNormalization", 3, group_normalization},
    {"InstanceNormalization", 3, instance_normalization},
    {"LayerNormalization", 2, layer_normalization},
    {"LogSoftmax", 1, log_softmax},
    {"ReduceMax", 1, reduce_max},
    {"ReduceMean", 1, reduce_mean},
    {"ReduceSum", 1, reduce_sum},
    {"RMSNormalization", 2, layer_normalization},
    {"Softmax", 1, softmax},
};

}  // namespace

std::span<const Evaluator> norm_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
