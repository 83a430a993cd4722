// The tuner: finds the fastest config of each group within a budget.
//
//   prepare   enumerate and score the space of every group, take up what earlier runs left: Tuner::prepare
//   baseline  measure rule and model-best of every group, and what the store offers: Tuner::run
//   rounds    the group with most to gain asks its strategy, measures, tells, remembers: Tuner::run,
//             until every group is settled or a rule of the run ends it
//
// Groups of equal shape and context are one task, tuned once. Same options, candidates and stored state: same trials in
// the same order, on any number of threads; only a wall-clock cut or an interruption depends on the machine.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/plan/network_program.hpp"
#include "search/measurer.hpp"
#include "search/tuning_task.hpp"

namespace ares {

struct TunerOptions {
  std::string strategy = "auto";
  uint64_t seed = 0;
  double budget_seconds = 600;           ///< wall clock, from prepare() on
  std::optional<std::size_t> max_evals;  ///< of the run; counts the baseline but never prevents it
  std::optional<std::size_t> max_iter;   ///< per group, over all runs
  double min_cycles = 0;                 ///< groups whose model-best is below are not searched
  std::set<std::string> layers;          ///< groups to search; empty: all
  std::map<std::string, Config> pins;    ///< fixed by the user, by group name
  double within_bound = 0.01;            ///< a group this near to its lower bound is settled
  int no_gain_rounds = 16;               ///< so many rounds without gain settle a group that cannot be exhausted
  double target_cycles = 0;              ///< of the network: enough, the search ends; 0: never
  Objective objective;                   ///< what is made small
  const CostModel* prior = nullptr;      ///< ranks configs for the strategy in place of the model, if cycles are made
                                         ///< small; its favourite is offered
  double exhaust_seconds = 60;           ///< predicted time that may go into exhausting spaces, smallest first
};

/// Told what happens, in the thread that called prepare() or run(). Any may be empty.
struct TunerObserver {
  std::function<void(const TuningTask&)> preparing;  ///< its configs are about to be listed and scored
  std::function<void(const TuningTask&)> prepared;
  std::function<void(const TuningTask&, std::span<const ConfigCycles>)> measured;  ///< stored already
  std::function<void(const TuningTask&)> improved;                                 ///< its best changed, stored already
  std::function<void(const TuningTask&)> settled;
};

class Tuner {
 public:
  /// `groups` in execution order. All references outlive the tuner; `store` may be null: nothing is remembered.
  Tuner(const std::vector<GroupInContext>& groups, const Target& target, const CostModel& model,
        const Measurer& measurer, TuningStore* store, TunerOptions options, TunerObserver observer,
        const std::atomic<bool>& stop);

  /// Enumerates and scores; fails with the group that has no feasible config, on an unknown strategy, an infeasible pin
  /// or a name in `layers` or `pins` that no group has. Returns early when `stop` becomes true.
  Result<void> prepare();

  /// Measures until all is settled (nothing) or a rule of the run ends it. A failing store ends it with its error.
  Result<std::optional<StopReason>> run();

  /// In place of run(): takes the model's predictions for results.
  void predict();

  const std::deque<TuningTask>& tasks() const { return tasks_; }
  /// The task of a group, by the group's position.
  const TuningTask& task_of(std::size_t group) const { return tasks_[task_of_[group]]; }
  std::size_t measurements() const { return measurements_; }
  const Objective& objective() const { return options_.objective; }
  /// Candidates still to measure in tasks that will be exhausted; with the pace so far they give the time left.
  std::size_t left_to_exhaust() const;
  double seconds() const;  ///< since prepare() began

 private:
  Result<void> check_names() const;
  void make_tasks();
  Result<void> prepare(TuningTask& task);
  void list_candidates(TuningTask& task, const Config& rule, StoredTuning& stored);
  void share_exhaustion();
  Result<void> baseline();
  Result<void> round(TuningTask& task);
  Result<void> measure(TuningTask& task, const std::vector<CandidateId>& proposals);
  Result<void> measure_pins();
  TuningTask* most_promising();
  double network_cycles() const;

  const std::vector<GroupInContext>& groups_;
  const Target& target_;
  const CostModel& model_;
  const Measurer& measurer_;
  TuningStore* store_;
  TunerOptions options_;
  TunerObserver observer_;
  const std::atomic<bool>& stop_;
  std::chrono::steady_clock::time_point begin_;
  std::deque<TuningTask> tasks_;
  std::vector<std::size_t> task_of_;
  std::vector<StopRule> run_rules_;
  std::size_t measurements_ = 0;
};

}  // namespace ares
