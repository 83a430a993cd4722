// A search space with the cycles of its configs, measured once and kept in a file: what strategies are compared on. The
// file is one line of JSON (name, source, seconds, knobs, sizes) and three little-endian arrays, each of as many
// elements as there are configs: u64 index in the space, f32 cycles by the model, f32 cycles measured (infinity:
// failed).
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "search/measurer.hpp"
#include "search/strategy.hpp"

namespace ares {

struct RecordedSpace {
  std::string name;                  ///< network.group
  std::vector<std::string> members;  ///< all groups that it stands for, itself too
  std::string signature;             ///< of the group, as the knowledge base writes it
  std::string source;                ///< of the measurements
  std::string environment;           ///< what measured, and the version of the kernels
  uint64_t whole_feasible = 0;       ///< feasible configs of the group; more than these, where its knobs were thinned
  double seconds_each = 0;           ///< what one measurement cost
  Candidates candidates;             ///< of shape and context nothing is kept but the knobs
  std::vector<float> cycles;         ///< per candidate
  double optimum = 0;
  CandidateId rule = 0;  ///< what the fixed heuristic takes

  /// Every feasible config of the group is in it.
  bool whole() const { return size() == whole_feasible; }
  std::size_t size() const { return cycles.size(); }
};

/// What of a space is recorded.
struct RecordedPart {
  std::size_t most;                                         ///< configs
  double slower = std::numeric_limits<double>::infinity();  ///< cycles than the model's favourite, by the model
};

/// Measures every feasible config. What the model expects to be `slower` than its favourite is left out, but for the
/// rule's. Where there are still more than `most`, the knobs are thinned, in turns evenly and by what the model expects
/// of a value; the values of the rule and of the model's favourite stay. What is recorded is then a space of its own,
/// every combination of the values that are left which is feasible and not too slow.
RecordedSpace record_space(const std::string& name, const Query& query, const CostModel& model,
                           const Measurer& measurer, const RecordedPart& part);

Result<void> save(const RecordedSpace& space, const std::filesystem::path& file);
Result<RecordedSpace> load_space(const std::filesystem::path& file);

/// Answers from the recording; `seconds` grows by what the measurements had cost.
std::vector<Trial> replay(const RecordedSpace& space, const std::vector<CandidateId>& proposals, double& seconds);

}  // namespace ares
