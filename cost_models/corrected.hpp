// The analytical model, corrected by what other groups were measured to take: how many cycles more than in the formulas
// a choice costs on the machine (a second tile, each tile, second copies of buffers, the accelerator) shows in any
// group. This is how a group that nothing is known of has a use of what is known: its near lookup.
#pragma once

#include <memory>
#include <span>

#include <Eigen/Dense>

#include "core/group/group_result.hpp"
#include "cost_models/model_best.hpp"

namespace ares {

/// Ridge regression of log(measured / analytical) on the choices that a config makes, within each group: by how much a
/// whole group is off says nothing. The fastest results of a group count most. Of all families together, as few groups
/// have been measured where this is of use. Without results of a group in two configs it is the analytical model. It
/// ranks the configs of one group; its cycles are worth no more than the analytical ones.
class CorrectedModel final : public CostModel {
 public:
  CorrectedModel(std::span<const GroupResult> results, const Target& target);

  std::string name() const override { return "corrected"; }
  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override;

  /// Share of a config's cycles that another has to be expected to save for the first to be left.
  static constexpr double least_expected = 0.001;

  /// This model with what it is unsure of in comparison with `known`, one deviation, added to every other config. Lives
  /// no longer than this one. `known` is of a group of that shape, with the analytical estimate.
  std::unique_ptr<const CostModel> against(const BestByModel& known, const GroupShape& shape) const;

  /// The config of the group that surely beats `known`, the analytical model's best, by most; `known` itself where that
  /// is less than least_expected. With the analytical estimate.
  BestByModel surely_better(const BestByModel& known, const Query& query) const;

 private:
  class AgainstKnown;
  static constexpr int feature_count = 6;
  using Features = Eigen::Matrix<double, feature_count, 1>;
  using Square = Eigen::Matrix<double, feature_count, feature_count>;
  struct Moments {
    Square squares;
    Features products;
    double off = 0;  ///< squared deviations of the measured
    int groups = 0;
  };

  static Features features_of(const Config& c, const GroupShape& s, double cycles);
  /// Of a config that the analytical model gives so many cycles.
  double correction(const Config& c, const GroupShape& s, double cycles) const;
  void add(std::span<const GroupResult> group, const Target& target, Moments& moments) const;

  std::shared_ptr<const CostModel> analytical_;
  Features weights_;
  Square unsure_;  ///< covariance of the weights
};

}  // namespace ares
