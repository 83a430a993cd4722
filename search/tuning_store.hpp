// What a tuner remembers from one run to the next, as it sees it. The knowledge base is behind kb_store.hpp; tests have
// one in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cost_models/cost_model.hpp"
#include "kb/record.hpp"
#include "search/stop_rule.hpp"

namespace ares {

/// A config and its cycles: measured (infinity: in vain), or predicted where it says so.
struct ConfigCycles {
  Config config;
  double cycles = 0;
  double cold_cycles = 0;                         ///< of the first run; 0: not measured
  bool sliced = false;                            ///< scaled up from a part of the group's tiles
  std::optional<kb::FailureReason> failure = {};  ///< measured in vain
  double score = 0;                               ///< by the objective; what is best is best by this
};

/// Where the tuning of a group stands.
struct TuningState {
  std::string strategy;
  uint64_t raw = 0, feasible = 0;  ///< sizes of the space
  uint64_t evaluations = 0;        ///< over all runs
  int rounds_without_gain = 0;
  std::optional<StopReason> settled;
  std::optional<ConfigCycles> rule, model_best, best;
};

/// How the store knows a group.
enum class StoreHit : uint8_t { miss, near, exact };

std::string_view name_of(StoreHit h);

/// What the store has on a group.
struct StoredTuning {
  StoreHit hit = StoreHit::miss;
  double distance = 0;               ///< of a near hit, on a log scale; 1: one dimension doubled
  std::optional<TuningState> state;  ///< of earlier runs in the same environment; rule, model_best and best are empty
  std::vector<ConfigCycles> trials;  ///< of these, each measured config that is still known, in any order
  std::vector<Config> offers;        ///< from near shapes and older environments, fitted to the space, best first
};

/// New results of one group.
struct TuningRound {
  const Query& query;
  const std::string& group;              ///< name, for people
  const TuningState& state;              ///< after the round
  std::span<const ConfigCycles> trials;  ///< of this round
};

class TuningStore {
 public:
  virtual ~TuningStore() = default;
  virtual StoredTuning load(const Query& query, const SearchSpace& space) = 0;
  /// Everything of the round survives the death of the process once this returns. Of an exhausted group only the best
  /// results, rule and model-best need to be kept.
  virtual Result<void> save(const TuningRound& round) = 0;
};

}  // namespace ares
