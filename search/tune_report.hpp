// What a tuning run found, as plain values, and the two ways to show it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/arithmetic/requant.hpp"
#include "search/network_choice.hpp"
#include "search/tuner.hpp"

namespace ares {

/// Of one group. Cycles are warm, by `cycles_from`.
struct GroupReport {
  std::string name, op;
  GroupShape shape;
  Context context;
  int64_t macs = 0;
  Config config;  ///< of the kept program
  ConfigOrigin origin = ConfigOrigin::model;
  double rule_cycles = 0, model_best_cycles = 0, tuned_cycles = 0;
  std::optional<double> optimum_cycles;  ///< where the space was exhausted
  double lower_bound_cycles = 0;
  Bottleneck bottleneck = Bottleneck::compute;  ///< of the kept config, by the cost model
  std::string cycles_from;
  bool settled = false;
  std::string why;                    ///< it is settled, not settled or was not searched
  std::size_t evaluations = 0;        ///< of this run; of equal groups those of the one that stands for all
  std::size_t evaluations_total = 0;  ///< over all runs
  std::string same_as;                ///< the group that was tuned in its place; empty: itself
  SpaceCensus census;
  uint64_t trials_hash = 0;
  std::optional<ModelAccuracy> accuracy;  ///< of the cost model, over this run's measurements
  StoreHit hit = StoreHit::miss;          ///< what the knowledge base had before the run
  double hit_distance = 0;                ///< of a near hit
  Costs costs;                            ///< where the objective is not cycles
  std::vector<ParetoFront::Point> front;  ///< the same; of equal groups with the one that stands for all
  std::string plan;                       ///< dry run: what would be done
};

/// What corrected the model's ranking of the configs.
struct Correction {
  std::string source;  ///< of the results; empty: the model ranks as it is
  std::size_t results = 0, groups = 0;
};

struct TuneReport {
  bool dry_run = false;  ///< nothing was measured: cycles are the cost model's, totals are missing
  std::string model;     ///< its name
  std::string file;      ///< where it was read
  std::string target, requant, strategy, cost_model;
  std::string cost_model_failure;  ///< why the one asked for is not the one above; empty: it is
  Correction correction;
  std::string kb;  ///< the knowledge base's directory; empty: none
  uint64_t seed = 0;
  int cores = 8;
  std::vector<GroupReport> groups;
  double rule_cycles = 0, model_best_cycles = 0, tuned_cycles = 0;  ///< of the whole network, warm
  double rule_cold_cycles = 0, model_best_cold_cycles = 0, tuned_cold_cycles = 0;
  std::optional<double> optimum_cycles;  ///< of the network of optima; where every group was exhausted
  double lower_bound_cycles = 0;         ///< sum of the groups'
  Variant kept = Variant::tuned;
  double winners_cycles = 0;       ///< of that variant as a whole, before the whole-network search
  std::size_t plays = 0;           ///< of whole networks by that search; 0: there was none
  std::vector<std::string> fused;  ///< groups of several layers in the program that is kept
  std::string cycles_from;
  std::string simulator;  ///< that measured the groups, its version and target; empty: cycles_from says it all
  Objective objective;
  Costs costs;                   ///< of the network that is kept
  std::size_t measurements = 0;  ///< of this run
  double wall_s = 0;
  double clock_hz = 0;              ///< that times are given at; 0: unknown
  double target_ms = 0;             ///< that an inference may take; 0: none was given
  std::optional<StopReason> ended;  ///< what cut the run; nothing: every group is settled or left out
};

/// What was tuned, for what: one line.
std::string heading(const TuneReport& report);
/// `conv 3x3`, `linear`.
std::string operator_text(const GroupShape& shape);
/// `28x28x1 > 28x28x16`.
std::string shape_text(const GroupShape& shape);

/// Of the group at a position of the network, with a variant's config.
GroupReport group_report(const GroupInContext& group, std::size_t position, const Tuner& tuner, const CostModel& model,
                         const Measurer& measurer, Variant variant);

/// What ranked the configs, where the model was to be corrected; else empty.
std::string ranking_text(const Correction& c);

/// Fills the groups and the totals.
TuneReport make_report(const std::vector<GroupInContext>& groups, const Tuner& tuner, const CostModel& model,
                       const Measurer& measurer, const NetworkChoice& choice);

/// Milliseconds at the report's clock.
double milliseconds(const TuneReport& report, double cycles);
/// Whether the tuned network, warm, takes no longer than target_ms.
bool meets_target(const TuneReport& report);

/// The cost model over all groups: means over configs, the median tau over groups, the regret of their sums.
std::optional<ModelAccuracy> accuracy_of(const TuneReport& report);

/// The table that ares-tune prints.
std::string to_table(const TuneReport& report);

/// The document that --json writes; README.md describes its fields.
std::string to_json(const TuneReport& report);

}  // namespace ares
