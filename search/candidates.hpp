// The feasible configs of one group, scored by a cost model: what strategies choose from.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/group/space.hpp"
#include "cost_models/cost_model.hpp"

namespace ares {

/// Number of a candidate: its position among the feasible configs in index order.
using CandidateId = uint32_t;

struct Candidates {
  SearchSpace space;
  SpaceCensus census;
  std::vector<uint64_t> indices;   ///< of the configs in `space`, ascending
  std::vector<float> predicted;    ///< cycles by the cost model, per candidate
  std::vector<CandidateId> order;  ///< all candidates, fewest predicted cycles first; ties by number

  std::size_t size() const { return indices.size(); }
  /// False where a space was too large to list and holds more feasible configs than candidates.
  bool complete() const { return indices.size() == census.feasible; }
  Config config(CandidateId c) const { return space.config(indices[c]); }
  /// The number of a config; nothing where it is not a candidate.
  std::optional<CandidateId> find(const Config& c) const;
};

/// Lists and scores (on all threads of the current TBB arena) the feasible configs. Of a space with more than `most`
/// only every k-th is listed, with the smallest k that fits, and those in `keep`. Returns early, with what it has in no
/// usable state, when `stop` becomes true.
Candidates make_candidates(const Query& query, const CostModel& model, std::size_t most,
                           const std::vector<Config>& keep, const std::atomic<bool>& stop);

/// What a model likes best of the candidates, whoever ranked them. There is at least one.
CandidateId favourite_of(const Query& query, const CostModel& model, const Candidates& candidates,
                         const std::atomic<bool>& stop);

/// Fills `order` from `predicted`.
void rank(Candidates& candidates);

}  // namespace ares
