// What the knowledge base remembers, as plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/group/config.hpp"
#include "kb/signature.hpp"

namespace ares::kb {

/// Where cycles come from, the most trusted first. Cycles of different sources are never compared with each other.
enum class Source : uint8_t { board, gvsoc, event };
inline constexpr std::array<Source, 3> sources{Source::board, Source::gvsoc, Source::event};

const char* name_of(Source s);  ///< board, gvsoc, event
std::optional<Source> source_named(std::string_view name);

/// What a result holds under, apart from the signature. Results of two environments are kept side by side.
struct Environment {
  uint64_t target_hash = 0;     ///< Target::hash
  uint32_t kernel_version = 0;  ///< of the group's kernel family; of a plan: of all of them
  uint32_t arithmetic_version = 0;
  std::string simulator;  ///< version and properties of what measured; in a question, empty: any
  friend bool operator==(const Environment&, const Environment&) = default;
};

/// The environment of today, which each source completes with its simulator ("" where it is not known).
struct CurrentEnvironment {
  Environment common;
  std::array<std::string, sources.size()> simulator;

  Environment of(Source s) const;
  bool matches(Source s, const Environment& recorded) const;
};

/// Who asked for a measurement; `time` in seconds since 1970, 0: filled in when it is recorded.
struct Provenance {
  std::string model, layer, run;
  int64_t time = 0;
  friend bool operator==(const Provenance&, const Provenance&) = default;
};

/// Why a config has no cycles.
enum class FailureKind : uint8_t { does_not_fit, build_failed, wrong_output, timeout, crashed };

const char* name_of(FailureKind k);
std::optional<FailureKind> failure_named(std::string_view name);

struct FailureReason {
  FailureKind kind = FailureKind::does_not_fit;
  std::string message;  ///< one line: which buffer, how many bytes, which tensor
  friend bool operator==(const FailureReason&, const FailureReason&) = default;
};

/// One tried config: its cycles, or why there are none.
struct Trial {
  Config config;
  double cycles = 0;        ///< warm, > 0
  double cold_cycles = 0;   ///< first inference, L3 loads included; 0: not measured
  bool rule = false;        ///< it is what the fixed heuristic chooses
  bool model_best = false;  ///< it is the analytical optimum
  std::optional<FailureReason> failure;
  bool sliced = false;  ///< scaled up from a part of the group's tiles
};

/// Whose results are meant: one group, one source, one environment.
struct Subject {
  Signature signature;
  Source source = Source::event;
  Environment environment;
  friend bool operator==(const Subject&, const Subject&) = default;
};

/// A remembered result.
struct Measured {
  Config config;
  double cycles = 0, cold_cycles = 0;
  bool rule = false, model_best = false;
  Provenance provenance;
  bool sliced = false;  ///< scaled up from a part of the group's tiles
  friend bool operator==(const Measured&, const Measured&) = default;
};

/// A group that need not be measured again, and why.
struct Settled {
  std::string strategy, reason;
  uint64_t space_raw = 0, space_feasible = 0;
  int64_t time = 0;
  friend bool operator==(const Settled&, const Settled&) = default;
};

inline constexpr size_t best_kept = 64;

/// All that is known of a subject. `results`: the best_kept fastest, fastest first, and rule and model-best wherever
/// they rank; equal cycles are ordered by config. At least one.
struct Entry {
  Subject subject;
  std::vector<Measured> results;
  uint64_t evaluations = 0;  ///< results told, those no longer kept included
  double worst_cycles = 0;
  std::optional<Settled> settled;
  std::string cursor;  ///< the strategy's own note of where to continue; opaque

  const Measured& best() const { return results.front(); }
  const Measured* rule() const;        ///< nullptr: not known
  const Measured* model_best() const;  ///< nullptr: not known
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// A config that was tried in vain.
struct Failure {
  Subject subject;
  Config config;
  FailureReason reason;
  Provenance provenance;
  friend bool operator==(const Failure&, const Failure&) = default;
};

/// One execution of a tuner.
struct Run {
  std::string id;       ///< unique; see new_run_id()
  std::string command;  ///< the command line
  std::string model, target;
  uint64_t seed = 0, measurements = 0;
  int64_t started = 0, finished = 0;  ///< seconds since 1970; finished 0: it runs or was killed
  friend bool operator==(const Run&, const Run&) = default;
};

/// Sorts by time and does not repeat: 20260102T030405Z-<host>-<process>-<count>.
std::string new_run_id();

/// What a network's plan depends on; target, requantisation, cores and stack are in the signatures.
struct PlanSubject {
  std::vector<Signature> groups;           ///< in execution order
  std::vector<std::pair<int, int>> edges;  ///< producing and consuming group, -1: the network's input or output
  Source source = Source::event;
  Environment environment;
  friend bool operator==(const PlanSubject&, const PlanSubject&) = default;
};

/// The best known plan of a network.
struct PlanEntry {
  PlanSubject subject;
  std::vector<Config> configs;  ///< per group
  std::string detail;           ///< the plan's further decisions; opaque
  double cycles = 0;            ///< of the whole network, warm
  double cold_cycles = 0;       ///< 0: not measured
  Provenance provenance;
  friend bool operator==(const PlanEntry&, const PlanEntry&) = default;
};

}  // namespace ares::kb
