// The analytical model, corrected by what other groups were measured to take: how many cycles more than in the formulas
// a choice costs on the machine (a second tile, each tile, second copies of buffers, the accelerator) shows in any
// group. This is how a group that nothing is known of has a use of what is known: its near lookup.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "core/group/group_result.hpp"
#include "cost_models/model_best.hpp"

namespace ares {

/// Choices of a config that the correction knows.
inline constexpr int correction_features = 6;

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

  /// Of a config that the analytical model gives so many cycles.
  double correction(const Config& c, const GroupShape& s, double cycles) const;

  std::shared_ptr<const CostModel> analytical_;
  std::array<double, correction_features> weights_;
  std::array<double, correction_features * correction_features> unsure_;  ///< covariance of the weights
};

}  // namespace ares
