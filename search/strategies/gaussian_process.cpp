#include "search/strategies/gaussian_process.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ares {
namespace {

constexpr std::size_t least_for_search = 5;
/// Points whose matrices stay in the second-level cache, and below what the allocator asks the system for.
constexpr std::size_t predicted_at_once = 64;
constexpr double lengths[] = {1, 2, 4}, additives[] = {0.2, 0.8}, noises[] = {1e-4, 0.03, 0.3};
constexpr double slopes[] = {1, 0.75, 0.5, 0.25, 0};

/// Inverse gamma prior of the kernel's variance: as if so many results had been seen with that variance.
constexpr double prior_count = 2, prior_variance = 0.1 * 0.1;
/// Deviation of a from 1 that is expected of a cost model.
constexpr double slope_deviation = 0.5;

}  // namespace

void GaussianProcess::add(const Point& p, double log_cycles) {
  points_.push_back(p);
  log_cycles_.push_back(log_cycles);
  std::vector<Likeness>& row = likeness_.emplace_back();
  for (const Point& other : points_) row.push_back(distance_(p.digits, other.digits));
}

void GaussianProcess::drop_last() {
  points_.pop_back();
  log_cycles_.pop_back();
  likeness_.pop_back();
}

void GaussianProcess::drop_worst() {
  const auto worst = std::max_element(log_cycles_.begin(), log_cycles_.end()) - log_cycles_.begin();
  points_.erase(points_.begin() + worst);
  log_cycles_.erase(log_cycles_.begin() + worst);
  likeness_.erase(likeness_.begin() + worst);
  for (auto row = likeness_.begin() + worst; row != likeness_.end(); ++row) row->erase(row->begin() + worst);
}

Eigen::MatrixXd GaussianProcess::covariance(const Shape& shape) const {
  const auto n = static_cast<Eigen::Index>(points_.size());
  Eigen::MatrixXd k(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j <= i; ++j)
      k(i, j) = k(j, i) = kernel(likeness_[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)], shape.kernel);
  k.diagonal().array() += shape.noise;
  return k;
}

void GaussianProcess::solve(Fit& fit) const {
  const auto n = static_cast<Eigen::Index>(points_.size());
  Eigen::VectorXd residual(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    residual(i) = log_cycles_[at] - fit.shape.a * points_[at].log_model;
  }
  fit.b = fit.ones.dot(residual) / fit.ones_sum;
  residual.array() -= fit.b;
  fit.weights = fit.factor.solve(residual);
  const double count = static_cast<double>(n) + prior_count;
  fit.variance = (residual.dot(fit.weights) + prior_count * prior_variance) / count;
  const double slope = (1 - fit.shape.a) / slope_deviation;
  fit.likelihood = -0.5 * count * std::log(fit.variance) - fit.factor.matrixLLT().diagonal().array().log().sum() -
                   0.5 * std::log(fit.ones_sum) - 0.5 * slope * slope;
}

GaussianProcess::Fit GaussianProcess::fit_shape(const Shape& shape) const {
  Fit fit;
  fit.shape = shape;
  fit.factor.compute(covariance(shape));
  fit.ones = fit.factor.solve(Eigen::VectorXd::Ones(static_cast<Eigen::Index>(points_.size())));
  fit.ones_sum = fit.ones.sum();
  solve(fit);
  return fit;
}

void GaussianProcess::fit(bool search) {
  if (!search || size() < least_for_search) {
    fit_ = fit_shape(fit_.shape);
    return;
  }
  double best = -std::numeric_limits<double>::infinity();
  for (const double length : lengths)
    for (const double additive : additives)
      for (const double noise : noises) {
        Fit candidate = fit_shape({{length, additive}, noise, 1});
        for (const double a : slopes) {
          candidate.shape.a = a;
          solve(candidate);
          if (candidate.likelihood <= best) continue;
          best = candidate.likelihood;
          fit_ = candidate;
        }
      }
}

void GaussianProcess::predict(std::span<const Point> points, std::span<Prediction> predictions) const {
  for (std::size_t first = 0; first < points.size(); first += predicted_at_once) {
    const std::size_t count = std::min(predicted_at_once, points.size() - first);
    predict_some(points.subspan(first, count), predictions.subspan(first, count));
  }
}

void GaussianProcess::predict_some(std::span<const Point> points, std::span<Prediction> predictions) const {
  const auto n = static_cast<Eigen::Index>(points_.size()), count = static_cast<Eigen::Index>(points.size());
  Eigen::MatrixXd cross(n, count);
  for (Eigen::Index c = 0; c < count; ++c)
    for (Eigen::Index i = 0; i < n; ++i)
      cross(i, c) =
          kernel(distance_(points_[static_cast<std::size_t>(i)].digits, points[static_cast<std::size_t>(c)].digits),
                 fit_.shape.kernel);
  const Eigen::VectorXd mean = cross.transpose() * fit_.weights, trend = cross.transpose() * fit_.ones;
  fit_.factor.matrixL().solveInPlace(cross);
  for (Eigen::Index c = 0; c < count; ++c) {
    const auto at = static_cast<std::size_t>(c);
    const double of_b = (1 - trend(c)) * (1 - trend(c)) / fit_.ones_sum;
    const double share = std::max(1 + fit_.shape.noise - cross.col(c).squaredNorm() + of_b, 1e-9);
    predictions[at] = {fit_.shape.a * points[at].log_model + fit_.b + mean(c), std::sqrt(fit_.variance * share)};
  }
}

}  // namespace ares
