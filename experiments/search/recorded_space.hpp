// A search space with the cycles of its configs, measured once and kept in a file: what strategies are compared on. The
// file is one line of JSON (name, source, seconds, knobs, sizes) and three little-endian arrays, each of as many
// elements as there are configs: u64 index in the space, f32 cycles by the model, f32 cycles measured (infinity:
// failed).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "search/measurer.hpp"
#include "search/strategy.hpp"

namespace ares {

struct RecordedSpace {
  std::string name;           ///< network.group
  std::string source;         ///< of the measurements
  double seconds_each = 0;    ///< what one measurement cost
  Candidates candidates;      ///< of shape and context nothing is kept but the knobs
  std::vector<float> cycles;  ///< per candidate
  double optimum = 0;

  /// Every feasible config of the space is in it; else a part of them.
  bool complete() const { return candidates.complete(); }
  std::size_t size() const { return cycles.size(); }
};

/// Measures every feasible config; of more than `most` so many, half of them among those that the model likes.
RecordedSpace record_space(const std::string& name, const Query& query, const CostModel& model,
                           const Measurer& measurer, std::size_t most);

Result<void> save(const RecordedSpace& space, const std::filesystem::path& file);
Result<RecordedSpace> load_space(const std::filesystem::path& file);

/// Answers from the recording; `seconds` grows by what the measurements had cost.
std::vector<Trial> replay(const RecordedSpace& space, const std::vector<CandidateId>& proposals, double& seconds);

}  // namespace ares
