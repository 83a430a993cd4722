#include "cost_models/learned.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

#include "cost_models/analytical.hpp"

namespace ares {
namespace {

constexpr int feature_count = 9;
using Features = Eigen::Matrix<double, feature_count, 1>;
using Square = Eigen::Matrix<double, feature_count, feature_count>;

/// As if each weight had been seen to be 0 in this many samples, with features of 1.
constexpr double ridge = 1;
/// Samples from which on a family has weights of its own.
constexpr std::size_t least_of_family = 32;
/// A correction by a larger factor than this is not believed.
constexpr double most_correction = 4;
constexpr std::size_t families = 32;

Features features_of(const Estimate& e, const GroupShape& s) {
  const double c = e.cycles;
  Features f;
  f << 1, e.compute / c, e.dma_in / c, e.dma_out / c, e.l3 / c, e.stall / c, e.overhead / c,
      std::log10(std::max(c, 1.0)) / 6, std::log10(1.0 + static_cast<double>(s.macs())) / 8;
  return f;
}

struct Regression {
  Square squares = Square::Zero();
  Features products = Features::Zero();
  std::size_t samples = 0;

  void add(const Features& f, double target) {
    squares += f * f.transpose();
    products += target * f;
    ++samples;
  }
  Features solve() const { return (squares + ridge * Square::Identity()).ldlt().solve(products); }
};

class Learned final : public CostModel {
 public:
  Learned(std::span<const GroupResult> samples, const Target& target) : analytical_(make_analytical_model()) {
    Regression all;
    std::array<Regression, families> by_family;
    for (const GroupResult& s : samples) {
      const Estimate e = ares::estimate(*analytical_, {s.shape, s.context, target}, s.config);
      if (!e.feasible || e.cycles <= 0 || !std::isfinite(s.cycles) || s.cycles <= 0) continue;
      const Features f = features_of(e, s.shape);
      const double correction = std::log(s.cycles / e.cycles);
      all.add(f, correction);
      by_family[static_cast<std::size_t>(s.shape.family) % families].add(f, correction);
    }
    for (std::size_t i = 0; i < families; ++i)
      weights_[i] = by_family[i].samples >= least_of_family ? by_family[i].solve() : all.solve();
  }

  std::string name() const override { return "learned"; }

  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    analytical_->estimate(query, configs, estimates);
    const Features& weights = weights_[static_cast<std::size_t>(query.shape.family) % families];
    const double most = std::log(most_correction);
    for (Estimate& e : estimates)
      if (e.feasible && e.cycles > 0)
        e.cycles *= std::exp(std::clamp(weights.dot(features_of(e, query.shape)), -most, most));
  }

 private:
  std::shared_ptr<const CostModel> analytical_;
  std::array<Features, families> weights_;
};

}  // namespace

std::shared_ptr<const CostModel> make_learned_model(std::span<const GroupResult> samples, const Target& target) {
  return std::make_shared<Learned>(samples, target);
}

}  // namespace ares
