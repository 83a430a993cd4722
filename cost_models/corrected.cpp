#include "cost_models/corrected.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

namespace ares {
namespace {

constexpr int feature_count = 9 + static_cast<int>(kernel_tilings.size());
using Features = Eigen::Matrix<double, feature_count, 1>;
using Square = Eigen::Matrix<double, feature_count, feature_count>;

/// As if each weight had been seen to be 0 in so much of a group.
constexpr double ridge = 0.1;
/// A correction by a larger factor than this is not believed.
constexpr double most_correction = 2;
/// Cycles of a tile's own that would be a lot.
constexpr double tile_cycles = 1000;

/// Steps of the tile loops. Knobs that a group does not have are 0.
double tiles(const Config& c, const GroupShape& s) {
  const auto steps = [&](Knob k, int extent) {
    return c[k] == 0 ? 1.0 : std::ceil(static_cast<double>(extent) / c[k]);
  };
  return std::max(1.0, steps(Knob::tile_h, s.out.h) * steps(Knob::tile_w, s.out.w) * steps(Knob::tile_co, s.out.c));
}

Features features_of(const Config& c, const GroupShape& s, double cycles) {
  const double t = tiles(c, s);
  const auto doubled = [&](Knob k) { return c[k] >= 2 ? 1.0 : 0.0; };
  const double in = doubled(Knob::buf_in), weights = doubled(Knob::buf_w), out = doubled(Knob::buf_out);
  const double several = t > 1 ? 1 : 0;
  Features f = Features::Zero();
  f.head<9>() << 1 - several, std::log2(t) / 3, std::min(3.0, t * tile_cycles / cycles), in, in * several, weights,
      weights * several, out, out * several;
  if (c[Knob::kernel] != 0) f[8 + c[Knob::kernel]] = 1;
  return f;
}

bool measured(const LearnedFrom& r) { return std::isfinite(r.cycles) && r.cycles > 0; }

/// Results of one group.
struct OfGroup {
  const GroupShape* shape;
  const Context* context;
  std::vector<Config> configs;
  std::vector<double> cycles;
};

std::vector<OfGroup> by_group(std::span<const LearnedFrom> results) {
  std::vector<OfGroup> groups;
  for (const LearnedFrom& r : results) {
    if (!measured(r)) continue;
    auto g = std::find_if(groups.rbegin(), groups.rend(),
                          [&](const OfGroup& o) { return *o.shape == r.shape && *o.context == r.context; });
    if (g == groups.rend()) {
      groups.push_back({&r.shape, &r.context, {}, {}});
      g = groups.rbegin();
    }
    g->configs.push_back(r.config);
    g->cycles.push_back(r.cycles);
  }
  return groups;
}

class Corrected final : public CostModel {
 public:
  Corrected(std::span<const LearnedFrom> results, const Target& target)
      : analytical_(value_or_throw(make_cost_model("analytical"))) {
    Square squares = ridge * Square::Identity();
    Features products = Features::Zero();
    for (const OfGroup& g : by_group(results)) add(g, target, squares, products);
    weights_ = squares.ldlt().solve(products);
  }

  std::string name() const override { return "corrected"; }

  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    analytical_->estimate(query, configs, estimates);
    const double most = std::log(most_correction);
    for (std::size_t i = 0; i < configs.size(); ++i) {
      Estimate& e = estimates[i];
      if (!e.feasible || e.cycles <= 0) continue;
      e.cycles *= std::exp(std::clamp(weights_.dot(features_of(configs[i], query.shape, e.cycles)), -most, most));
    }
  }

 private:
  /// The normal equations of one group, whose results have the weights 1 in all.
  void add(const OfGroup& g, const Target& target, Square& squares, Features& products) const {
    std::vector<Estimate> estimates(g.configs.size());
    analytical_->estimate({*g.shape, *g.context, target}, g.configs, estimates);
    double fastest = std::numeric_limits<double>::infinity();
    for (const Estimate& e : estimates)
      if (e.feasible && e.cycles > 0) fastest = std::min(fastest, e.cycles);
    double all = 0, mean = 0;
    Features mean_features = Features::Zero();
    const auto each = [&](const auto& visit) {
      for (std::size_t i = 0; i < estimates.size(); ++i) {
        const Estimate& e = estimates[i];
        if (!e.feasible || e.cycles <= 0) continue;
        const double weight = std::pow(fastest / e.cycles, 2);
        visit(weight, features_of(g.configs[i], *g.shape, e.cycles), std::log(g.cycles[i] / e.cycles));
      }
    };
    each([&](double weight, const Features& f, double off) {
      all += weight;
      mean += weight * off;
      mean_features += weight * f;
    });
    if (all <= 0) return;
    mean /= all;
    mean_features /= all;
    each([&](double weight, const Features& f, double off) {
      const Features d = f - mean_features;
      squares += weight / all * d * d.transpose();
      products += weight / all * (off - mean) * d;
    });
  }

  std::shared_ptr<const CostModel> analytical_;
  Features weights_;
};

}  // namespace

std::shared_ptr<const CostModel> make_corrected_model(std::span<const LearnedFrom> results, const Target& target) {
  return std::make_shared<Corrected>(results, target);
}

BestByModel better_by_correction(const CostModel& corrected, const BestByModel& its_best, const BestByModel& analytical,
                                 const Query& query) {
  const double expected = estimate(corrected, query, analytical.config).cycles;
  if (its_best.estimate.cycles > expected * (1 - least_expected)) return analytical;
  return {its_best.config, estimate(*value_or_throw(make_cost_model("analytical")), query, its_best.config)};
}

}  // namespace ares
