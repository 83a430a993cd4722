#include "cost_models/corrected.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <Eigen/Dense>

namespace ares {
namespace {

/// Cycles that are a lot for a tile, or for a second copy of a buffer.
constexpr double many_cycles = 1000;
/// As if each weight had been seen to be 0 in so much of a group of many_cycles.
constexpr double ridge = 1e-5;
/// A correction by a larger factor than this is not believed.
constexpr double most_correction = 2;

bool measured(const GroupResult& r) { return std::isfinite(r.cycles) && r.cycles > 0; }

/// Results of the same group one after the other, groups as they come.
std::vector<std::vector<GroupResult>> by_group(std::span<const GroupResult> results) {
  std::vector<std::vector<GroupResult>> groups;
  for (const GroupResult& r : results) {
    if (!measured(r)) continue;
    auto g = std::find_if(groups.rbegin(), groups.rend(), [&](const std::vector<GroupResult>& o) {
      return o.front().shape == r.shape && o.front().context == r.context;
    });
    if (g == groups.rend()) {
      groups.emplace_back();
      g = groups.rbegin();
    }
    g->push_back(r);
  }
  return groups;
}

bool usable(const Estimate& e) { return e.feasible && e.cycles > 0; }

using Features = Eigen::Matrix<double, correction_features, 1>;
using Square = Eigen::Matrix<double, correction_features, correction_features>;

struct Moments {
  Square squares;
  Features products;
  double off = 0;  ///< squared deviations of the measured
  int groups = 0;
};

/// What a config's choices may cost, as shares of its cycles: cycles of their own, but for the accelerator, which is
/// slower or faster than expected as a whole. Knobs that a group does not have are 0.
Features features_of(const Config& c, const GroupShape& s, double cycles) {
  constexpr double most = 3;  // of tiny groups
  const auto steps = [&](Knob k, int extent) {
    return c[k] == 0 ? 1.0 : std::ceil(static_cast<double>(extent) / c[k]);
  };
  const auto doubled = [&](Knob k) { return c[k] >= 2 ? 1.0 : 0.0; };
  const double tiles =
      std::max(1.0, steps(Knob::tile_h, s.out.h) * steps(Knob::tile_w, s.out.w) * steps(Knob::tile_co, s.out.c));
  const double several = tiles * steps(Knob::tile_ci, s.in.c) > 1 ? 1 : 0;
  Features f;
  f << several, tiles, doubled(Knob::buf_in), doubled(Knob::buf_w), doubled(Knob::buf_out), 0;
  f = (f * many_cycles / cycles).cwiseMin(most);
  f[correction_features - 1] = on_accelerator(c) ? 1 : 0;
  return f;
}

/// Adds one group, whose results have the weights 1 in all.
void add(std::span<const GroupResult> group, const CostModel& analytical, const Target& target, Moments& m) {
  const GroupShape& shape = group.front().shape;
  std::vector<Config> configs;
  for (const GroupResult& r : group) configs.push_back(r.config);
  std::vector<Estimate> estimates(configs.size());
  analytical.estimate({shape, group.front().context, target}, configs, estimates);
  double fastest = std::numeric_limits<double>::infinity();
  for (const Estimate& e : estimates)
    if (usable(e)) fastest = std::min(fastest, e.cycles);
  const auto each = [&](const auto& visit) {
    for (std::size_t i = 0; i < estimates.size(); ++i) {
      const double cycles = estimates[i].cycles;
      if (usable(estimates[i]))
        visit(std::pow(fastest / cycles, 2), features_of(configs[i], shape, cycles),
              std::log(group[i].cycles / cycles));
    }
  };
  double all = 0, mean = 0;
  Features mean_features = Features::Zero();
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
    m.squares += weight / all * d * d.transpose();
    m.products += weight / all * (off - mean) * d;
    m.off += weight / all * std::pow(off - mean, 2);
  });
  ++m.groups;
}

}  // namespace

CorrectedModel::CorrectedModel(std::span<const GroupResult> results, const Target& target)
    : analytical_(value_or_throw(make_cost_model("analytical"))) {
  Moments m{ridge * Square::Identity(), Features::Zero()};
  for (const auto& group : by_group(results)) add(group, *analytical_, target, m);
  const Eigen::LDLT<Square> factor = m.squares.ldlt();
  Eigen::Map<Features> weights(weights_.data());
  weights = factor.solve(m.products);
  const double left =
      m.off - 2 * weights.dot(m.products) + weights.dot((m.squares - ridge * Square::Identity()) * weights);
  Eigen::Map<Square>(unsure_.data()) =
      (m.groups > 0 ? std::max(0.0, left) / m.groups : 0) * factor.solve(Square::Identity());
}

double CorrectedModel::correction(const Config& c, const GroupShape& s, double cycles) const {
  const double most = std::log(most_correction);
  return std::exp(std::clamp(Eigen::Map<const Features>(weights_.data()).dot(features_of(c, s, cycles)), -most, most));
}

void CorrectedModel::estimate(const Query& query, std::span<const Config> configs,
                              std::span<Estimate> estimates) const {
  analytical_->estimate(query, configs, estimates);
  for (std::size_t i = 0; i < configs.size(); ++i)
    if (usable(estimates[i])) estimates[i].cycles *= correction(configs[i], query.shape, estimates[i].cycles);
}

/// As the corrected model, what it is unsure of in comparison with one config added.
class CorrectedModel::AgainstKnown final : public CostModel {
 public:
  AgainstKnown(const CorrectedModel& model, const GroupShape& shape, const BestByModel& known)
      : model_(model), known_(features_of(known.config, shape, known.estimate.cycles)) {}

  std::string name() const override { return model_.name(); }

  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    model_.analytical_->estimate(query, configs, estimates);
    const Eigen::Map<const Square> unsure(model_.unsure_.data());
    for (std::size_t i = 0; i < configs.size(); ++i) {
      Estimate& e = estimates[i];
      if (!usable(e)) continue;
      const Features d = features_of(configs[i], query.shape, e.cycles) - known_;
      e.cycles *= model_.correction(configs[i], query.shape, e.cycles) * std::exp(std::sqrt(d.dot(unsure * d)));
    }
  }

 private:
  const CorrectedModel& model_;
  Features known_;
};

std::unique_ptr<const CostModel> CorrectedModel::against(const BestByModel& known, const GroupShape& shape) const {
  return std::make_unique<AgainstKnown>(*this, shape, known);
}

BestByModel CorrectedModel::surely_better(const BestByModel& known, const Query& query) const {
  const auto best = best_by_model(*against(known, query.shape), query);
  const double to_beat = ares::estimate(*this, query, known.config).cycles;
  if (!best || best->estimate.cycles > to_beat * (1 - least_expected)) return known;
  return {best->config, ares::estimate(*analytical_, query, best->config)};
}

}  // namespace ares
