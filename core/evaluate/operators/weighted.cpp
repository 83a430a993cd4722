// Convolutions and matrix products.
#include <Eigen/Core>

#include "core/evaluate/window.hpp"

namespace ares::qonnx {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;

/// The windows of channels [first, first + count) of one image as columns: (count * kh * kw) x (out_h * out_w).
Matrix columns_of(const ImageWindow& window, const double* image, int64_t first, int64_t count) {
  const WindowAxis &h = window.h, &w = window.w;
  Matrix columns = Matrix::Zero(count * h.kernel * w.kernel, h.out * w.out);
  Eigen::Index row = 0;
  for (int64_t c = first; c < first + count; ++c) {
    const double* plane = image + c * h.in * w.in;
    for (int64_t i = 0; i < h.kernel; ++i) {
      for (int64_t j = 0; j < w.kernel; ++j, ++row) {
        for (int64_t oh = 0; oh < h.out; ++oh) {
          const int64_t y = oh * h.stride - h.begin + i * h.dilation;
          if (y < 0 || y >= h.in) continue;
          for (int64_t ow = 0; ow < w.out; ++ow) {
            const int64_t x = ow * w.stride - w.begin + j * w.dilation;
            if (x >= 0 && x < w.in) columns(row, oh * w.out + ow) = plane[y * w.in + x];
          }
        }
      }
    }
  }
  return columns;
}

Result<RealTensors> conv(const Arguments& a) {
  const Shape& weights = a[1].shape;
  if (weights.size() < 3) return fail("its weights are no kernel");
  const auto window = image_window(a.node, a[0].shape, Shape(weights.begin() + 2, weights.end()));
  if (!window) return tl::unexpected(window.error());
  const int64_t groups = int_attribute(a.node, "group", 1), outputs = weights[0], depth = weights[1];
  if (groups < 1 || outputs % groups || depth * groups != window->c || (a.has(2) && a[2].count() != outputs)) {
    return fail(fmt::format("weights of shape {} in {} groups on an input of shape {}", to_string(weights), groups,
                            to_string(a[0].shape)));
  }
  const int64_t area = window->h.out * window->w.out, each = outputs / groups;
  const int64_t taps = depth * window->h.kernel * window->w.kernel;
  RealTensor out = zeros(window->output(outputs));
  for (int64_t n = 0; n < window->n; ++n) {
    const double* image = a[0].values.data() + n * window->c * window->h.in * window->w.in;
    for (int64_t g = 0; g < groups; ++g) {
      const Matrix columns = columns_of(*window, image, g * depth, depth);
      Map y(out.values.data() + (n * outputs + g * each) * area, each, area);
      y.noalias() = ConstMap(a[1].values.data() + g * each * taps, each, taps) * columns;
      if (a.has(2)) y.colwise() += Eigen::Map<const Eigen::VectorXd>(a[2].values.data() + g * each, each);
    }
  }
  return RealTensors{std::move(out)};
}

Matrix matrix(const RealTensor& t, bool transposed) {
  const ConstMap m(t.values.data(), t.shape[0], t.shape[1]);
  return transposed ? Matrix(m.transpose()) : Matrix(m);
}

Result<RealTensors> gemm(const Arguments& a) {
  if (a[0].shape.size() != 2 || a[1].shape.size() != 2) return fail("its inputs are no matrices");
  const Matrix x = matrix(a[0], int_attribute(a.node, "transA", 0) != 0);
  const Matrix w = matrix(a[1], int_attribute(a.node, "transB", 0) != 0);
  if (x.cols() != w.rows()) return fail("its matrices do not multiply");
  RealTensor out = zeros({x.rows(), w.cols()});
  Map y(out.values.data(), x.rows(), w.cols());
  y.noalias() = float_attribute(a.node, "alpha", 1) * (x * w);
  if (!a.has(2)) return RealTensors{std::move(out)};
  const auto shape = broadcast(a[2].shape, out.shape);
  if (!shape || *shape != out.shape) return fail("its bias does not fit");
  const auto at = broadcast_indices(a[2].shape, out.shape);
  const double beta = float_attribute(a.node, "beta", 1);
  for (std::size_t i = 0; i < at.size(); ++i) out.values[i] += beta * a[2].values[static_cast<std::size_t>(at[i])];
  return RealTensors{std::move(out)};
}

/// NumPy's matmul: leading axes broadcast. Vectors are not taken.
Result<RealTensors> matmul(const Arguments& a) {
  const Shape &sx = a[0].shape, &sw = a[1].shape;
  if (sx.size() < 2 || sw.size() < 2 || sx.back() != sw[sw.size() - 2]) {
    return fail(fmt::format("shapes {} and {} do not multiply", to_string(sx), to_string(sw)));
  }
  const Shape bx(sx.begin(), sx.end() - 2), bw(sw.begin(), sw.end() - 2);
  auto batch = broadcast(bx, bw);
  if (!batch) return tl::unexpected(batch.error());
  const auto ix = broadcast_indices(bx, *batch), iw = broadcast_indices(bw, *batch);
  const int64_t rows = sx[sx.size() - 2], depth = sx.back(), columns = sw.back();
  Shape shape = *batch;
  shape.insert(shape.end(), {rows, columns});
  RealTensor out = zeros(std::move(shape));
  for (std::size_t b = 0; b < ix.size(); ++b) {
    Map y(out.values.data() + static_cast<int64_t>(b) * rows * columns, rows, columns);
    y.noalias() = ConstMap(a[0].values.data() + ix[b] * rows * depth, rows, depth) *
                  ConstMap(a[1].values.data() + iw[b] * depth * columns, depth, columns);
  }
  return RealTensors{std::move(out)};
}

const Evaluator kEvaluators[] = {{"Conv", 2, conv}, {"Gemm", 2, gemm}, {"MatMul", 2, matmul}};

}  // namespace

std::span<const Evaluator> weighted_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
