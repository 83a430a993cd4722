#include "search/candidates.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace ares {
namespace {

/// Configs per call of the cost model; a few hundred keep its data in the first-level cache.
constexpr std::size_t score_batch = 512;

/// Cycles of all candidates.
std::vector<float> scores(const Query& query, const CostModel& model, const Candidates& candidates,
                          const std::atomic<bool>& stop) {
  std::vector<float> predicted(candidates.size());
  const std::size_t batches = (candidates.size() + score_batch - 1) / score_batch;
  tbb::parallel_for(std::size_t{0}, batches, [&](std::size_t batch) {
    if (stop) return;
    const std::size_t begin = batch * score_batch, end = std::min(begin + score_batch, candidates.size());
    std::vector<Config> configs(end - begin);
    std::vector<Estimate> estimates(end - begin);
    for (std::size_t i = begin; i < end; ++i) configs[i - begin] = candidates.config(static_cast<CandidateId>(i));
    model.estimate(query, configs, estimates);
    for (std::size_t i = begin; i < end; ++i) {
      const Estimate& e = estimates[i - begin];
      predicted[i] = e.feasible ? static_cast<float>(e.cycles) : std::numeric_limits<float>::infinity();
    }
  });
  return predicted;
}

}  // namespace

std::optional<CandidateId> Candidates::find(const Config& c) const {
  const std::optional<uint64_t> index = space.index(c);
  if (!index) return std::nullopt;
  const auto it = std::lower_bound(indices.begin(), indices.end(), *index);
  if (it == indices.end() || *it != *index) return std::nullopt;
  return static_cast<CandidateId>(it - indices.begin());
}

void rank(Candidates& candidates) {
  candidates.order.resize(candidates.size());
  std::iota(candidates.order.begin(), candidates.order.end(), CandidateId{0});
  const std::vector<float>& predicted = candidates.predicted;
  tbb::parallel_sort(candidates.order.begin(), candidates.order.end(), [&predicted](CandidateId a, CandidateId b) {
    return predicted[a] != predicted[b] ? predicted[a] < predicted[b] : a < b;
  });
}

Candidates make_candidates(const Query& query, const CostModel& model, std::size_t most,
                           const std::vector<Config>& keep, const std::atomic<bool>& stop) {
  Candidates candidates;
  candidates.space = make_space(query.shape, query.context);
  candidates.census = for_each_feasible(candidates.space, [&](uint64_t index, const Config&) {
    if (candidates.indices.size() <= most) candidates.indices.push_back(index);
    return !stop.load(std::memory_order_relaxed);
  });
  if (candidates.census.feasible > most) {
    const uint64_t stride = (candidates.census.feasible + most - 1) / most;
    uint64_t seen = 0;
    candidates.indices.clear();
    for_each_feasible(candidates.space, [&](uint64_t index, const Config&) {
      if (seen++ % stride == 0) candidates.indices.push_back(index);
      return !stop.load(std::memory_order_relaxed);
    });
    for (const Config& c : keep)
      if (const auto index = candidates.space.index(c)) candidates.indices.push_back(*index);
    std::sort(candidates.indices.begin(), candidates.indices.end());
    candidates.indices.erase(std::unique(candidates.indices.begin(), candidates.indices.end()),
                             candidates.indices.end());
  }
  candidates.predicted = scores(query, model, candidates, stop);
  rank(candidates);
  return candidates;
}

CandidateId favourite_of(const Query& query, const CostModel& model, const Candidates& candidates,
                         const std::atomic<bool>& stop) {
  const std::vector<float> predicted = scores(query, model, candidates, stop);
  return static_cast<CandidateId>(std::min_element(predicted.begin(), predicted.end()) - predicted.begin());
}

}  // namespace ares
