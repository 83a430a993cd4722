// Pools over windows and over whole images.
#include <algorithm>
#include <cmath>

#include "core/evaluate/window.hpp"

namespace ares::qonnx {
namespace {

/// Inputs that one output position covers along an axis, and how many positions count for an average over padding.
struct Reach {
  int64_t first = 0, last = 0;  ///< of the window's elements k, those inside the image: first <= k < last
  int64_t padded = 0;           ///< those inside the image or its declared padding
};

Reach reach(const WindowAxis& a, int64_t o) {
  Reach r{a.kernel, 0, 0};
  for (int64_t k = 0; k < a.kernel; ++k) {
    const int64_t at = o * a.stride - a.begin + k * a.dilation;
    if (at >= 0 && at < a.in) r.first = std::min(r.first, k), r.last = k + 1;
    r.padded += at < a.in + a.end;
  }
  return r;
}

/// `reduce(window values, elements counted with padding)` at every output position.
template <class F>
Result<RealTensors> pool(const Arguments& a, F reduce) {
  const auto window = image_window(a.node, a[0].shape, ints_attribute(a.node, "kernel_shape").value_or(Shape{}));
  if (!window) return tl::unexpected(window.error());
  const WindowAxis &h = window->h, &w = window->w;
  RealTensor out = zeros(window->output(window->c));
  auto y = out.values.begin();
  std::vector<double> values;
  for (int64_t image = 0; image < window->n * window->c; ++image) {
    const double* x = a[0].values.data() + image * h.in * w.in;
    for (int64_t oh = 0; oh < h.out; ++oh) {
      const Reach rows = reach(h, oh);
      for (int64_t ow = 0; ow < w.out; ++ow) {
        const Reach columns = reach(w, ow);
        values.clear();
        for (int64_t i = rows.first; i < rows.last; ++i) {
          const double* row = x + (oh * h.stride - h.begin + i * h.dilation) * w.in + ow * w.stride - w.begin;
          for (int64_t j = columns.first; j < columns.last; ++j) values.push_back(row[j * w.dilation]);
        }
        *y++ = reduce(values, rows.padded * columns.padded);
      }
    }
  }
  return RealTensors{std::move(out)};
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += v;
  return total;
}

double top(const std::vector<double>& values) {
  return values.empty() ? -HUGE_VAL : *std::max_element(values.begin(), values.end());
}

Result<RealTensors> max_pool(const Arguments& a) {
  return pool(a, [](const std::vector<double>& values, int64_t) { return top(values); });
}

Result<RealTensors> average_pool(const Arguments& a) {
  const bool with_padding = int_attribute(a.node, "count_include_pad", 0) != 0;
  return pool(a, [=](const std::vector<double>& values, int64_t padded) {
    const auto count = with_padding ? static_cast<double>(padded) : static_cast<double>(values.size());
    return count > 0 ? sum(values) / count : 0;
  });
}

template <class F>
Result<RealTensors> global_pool(const Arguments& a, F reduce) {
  if (a[0].shape.size() < 3) return fail("its input is no image");
  Shape shape = a[0].shape;
  std::fill(shape.begin() + 2, shape.end(), 1);
  RealTensor out = zeros(std::move(shape));
  const auto area = out.values.empty() ? 0 : a[0].values.size() / out.values.size();
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const auto begin = a[0].values.begin() + static_cast<std::ptrdiff_t>(i * area);
    out.values[i] = reduce(std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(area)));
  }
  return RealTensors{std::move(out)};
}

Result<RealTensors> global_average_pool(const Arguments& a) {
  return global_pool(a, [](const std::vector<double>& v) { return sum(v) / static_cast<double>(v.size()); });
}

Result<RealTensors> global_max_pool(const Arguments& a) { return global_pool(a, top); }

const Evaluator kEvaluators[] = {{"AveragePool", 1, average_pool},
                                 {"GlobalAveragePool", 1, global_average_pool},
                                 {"GlobalMaxPool", 1, global_max_pool},
                                 {"MaxPool", 1, max_pool}};

}  // namespace

std::span<const Evaluator> pool_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
