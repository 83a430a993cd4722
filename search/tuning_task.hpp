// One group (or several equal ones) while it is tuned.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/candidates.hpp"
#include "search/model_accuracy.hpp"
#include "search/objective.hpp"
#include "search/stop_rule.hpp"
#include "search/strategy.hpp"
#include "search/tuning_store.hpp"

namespace ares {

/// Why a group is not searched although it is not settled.
enum class NotSearched : uint8_t { pinned, not_selected, below_min_cycles };

std::string_view name_of(NotSearched why);

/// A config that the user fixed for one group.
struct Pin {
  std::size_t group = 0;  ///< position in the network
  Config config;
  double cycles = 0;
};

/// A new best.
struct Improvement {
  std::size_t evaluations = 0;  ///< of this run
  double score = 0;             ///< by the objective
};

/// Groups of one shape and context.
struct TuningTask {
  GroupShape shape;
  Context context;
  const Target* target = nullptr;
  Objective objective;
  std::vector<std::size_t> members;  ///< positions in the network
  std::string name;                  ///< of the first member
  std::vector<Pin> pins;

  Candidates candidates;  ///< without its lists once the task is settled
  std::size_t candidate_count = 0;
  ConfigCycles rule, model_best;  ///< cycles as the cost model predicts them
  Estimate model_best_estimate;
  double lower_bound = 0;
  StoreHit hit = StoreHit::miss;
  double hit_distance = 0;
  std::vector<Config> offers;  ///< of the store, those that are candidates
  std::unique_ptr<Strategy> strategy;
  std::vector<StopRule> rules;
  std::optional<NotSearched> not_searched;
  bool exhaustible = false;  ///< affordable: nothing but exhaustion and the run's budget ends its search

  TuningState state;
  std::vector<bool> told;                      ///< per candidate: its result is known
  std::size_t left = 0;                        ///< candidates not told
  std::size_t evaluations = 0;                 ///< of this run
  bool best_known_before = false;              ///< the best was measured by an earlier run
  std::string last_failure;                    ///< of a measurement in this run; empty: none failed
  std::vector<Improvement> history;            ///< of this run
  std::vector<PredictedMeasured> predictions;  ///< of this run's first measurements
  ParetoFront front;                           ///< of all known results; not kept where cycles are the objective
  uint64_t trials_hash = 0;                    ///< over configs and cycles of this run's trials, in order

  Query query() const { return {shape, context, *target}; }
  StopStatus status(std::size_t run_evaluations = 0) const;
  /// Where every feasible config was measured: the fewest cycles of all.
  std::optional<double> optimum() const;
  /// True for a config that the store offered.
  bool offered(const Config& c) const { return std::find(offers.begin(), offers.end(), c) != offers.end(); }
  /// To be searched further: neither settled nor left out.
  bool open() const { return !state.settled && !not_searched; }
};

/// Takes up what an earlier run left: counters, baseline, and for the strategy all its trials. Drops what does not
/// belong to this space.
void take_up(TuningTask& task, const StoredTuning& stored, const std::string& strategy);

/// Enters new results, in cycles, into the task's state (best, baseline, counters, hash) and tells the strategy their
/// scores. True: a new best.
bool record(TuningTask& task, const std::vector<Trial>& trials);

/// Settles the task if one of its rules fires, and frees its lists. True: it is settled now.
bool settle(TuningTask& task);

}  // namespace ares
