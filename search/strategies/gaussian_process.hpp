// A Gaussian process over the configs of a space that predicts log(measured cycles) as
//
//     a * log(cycles by the cost model) + b + g(knobs) + noise
//
// with g of the kernel in knob_kernel.hpp. Below five points a is 1; from there on a, the kernel's shape and the share
// of noise are those of a small grid with the largest marginal likelihood. b is the generalised least squares estimate
// (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2.7). Noise is what the knobs cannot explain; a
// cost model that errs at random shows as noise and as a small a.
#pragma once

#include <Eigen/Dense>
#include <span>

#include "search/strategies/knob_kernel.hpp"

namespace ares {

/// A config as the process sees it.
struct Point {
  Digits digits;
  double log_model = 0;
};

struct Prediction {
  double mean = 0, deviation = 0;  ///< of log(cycles)
};

class GaussianProcess {
 public:
  explicit GaussianProcess(const KnobDistance& distance) : distance_(distance) {}

  /// Enters a result: `log_cycles` is finite.
  void add(const Point& p, double log_cycles);
  /// A result is forgotten: the last entered, or the one of most cycles. Before the next predict() comes a fit().
  void drop_last();
  void drop_worst();
  std::size_t size() const { return points_.size(); }

  /// Makes predict() ready for all results entered. `search`: also looks for the best a, shape and noise.
  void fit(bool search);
  /// Of points whose results are unknown; at least one result was fitted.
  void predict(std::span<const Point> points, std::span<Prediction> predictions) const;

 private:
  struct Shape {
    KernelShape kernel;
    double noise = 1e-3;  ///< variance, as a share of the kernel's
    double a = 1;
  };
  /// A shape with what follows from it and the results.
  struct Fit {
    Shape shape;
    Eigen::LLT<Eigen::MatrixXd> factor;
    Eigen::VectorXd ones, weights;  ///< K^-1 * 1; K^-1 * residual
    double b = 0, variance = 0, likelihood = 0, ones_sum = 0;
  };

  void predict_some(std::span<const Point> points, std::span<Prediction> predictions) const;
  Eigen::MatrixXd covariance(const Shape& shape) const;
  Fit fit_shape(const Shape& shape) const;
  void solve(Fit& fit) const;

  const KnobDistance& distance_;
  std::vector<Point> points_;
  std::vector<double> log_cycles_;
  std::vector<std::vector<Likeness>> likeness_;  ///< of each point with those before it, and itself
  Fit fit_;
};

}  // namespace ares
