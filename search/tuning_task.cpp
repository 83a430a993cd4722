#include "search/tuning_task.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ares {
namespace {

/// An improvement by less is no gain: rounds with such count as without.
constexpr double least_gain = 0.001;

/// Kept per task, to judge the cost model by; a megabyte.
constexpr std::size_t most_predictions = 1u << 17;

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv).
uint64_t hash_step(uint64_t hash, uint64_t value) {
  for (int byte = 0; byte < 8; ++byte) hash = (hash ^ (value >> (8 * byte) & 0xff)) * 0x100000001b3u;
  return hash;
}
constexpr uint64_t hash_begin = 0xcbf29ce484222325u;

/// Enters a result; its score.
double enter(TuningTask& task, ConfigCycles t) {
  TuningState& s = task.state;
  t.score = t.cycles;
  if (!task.objective.is_cycles() && std::isfinite(t.cycles)) {
    const Costs costs = costs_of(task.objective, task.query(), t.config, t.cycles);
    t.score = task.objective.score(costs);
    task.front.add(t.config, costs);
  }
  if (t.config == task.rule.config) s.rule = t;
  if (t.config == task.model_best.config) s.model_best = t;
  if (std::isfinite(t.cycles) && (!s.best || t.score < s.best->score)) s.best = t;
  return t.score;
}

/// True if it was not known before.
bool mark_told(TuningTask& task, CandidateId id) {
  if (task.told[id]) return false;
  task.told[id] = true;
  --task.left;
  return true;
}

}  // namespace

std::string_view name_of(StoreHit h) {
  switch (h) {
    case StoreHit::miss:
      return "none";
    case StoreHit::near:
      return "near";
    case StoreHit::exact:
      return "exact";
  }
  return "?";
}

std::string_view name_of(NotSearched why) {
  switch (why) {
    case NotSearched::pinned:
      return "pinned";
    case NotSearched::not_selected:
      return "not selected";
    case NotSearched::below_min_cycles:
      return "below --min-cycles";
  }
  return "?";
}

StopStatus TuningTask::status(std::size_t run_evaluations) const {
  StopStatus s;
  s.left = left;
  s.evaluations = state.evaluations;
  s.rounds_without_gain = state.rounds_without_gain;
  if (state.best) s.best_cycles = state.best->cycles;
  s.lower_bound = lower_bound;
  s.run_evaluations = run_evaluations;
  return s;
}

std::optional<double> TuningTask::optimum() const {
  const bool all = objective.is_cycles() && candidates.census.feasible == candidate_count && left == 0;
  return all && state.best ? std::optional(state.best->cycles) : std::nullopt;
}

void take_up(TuningTask& task, const StoredTuning& stored, const std::string& strategy) {
  task.told.assign(task.candidate_count, false);
  task.left = task.candidate_count;
  task.hit = stored.hit;
  task.hit_distance = stored.distance;
  for (const Config& c : stored.offers)
    if (task.candidates.find(c)) task.offers.push_back(c);

  TuningState& state = task.state;
  const SpaceCensus& census = task.candidates.census;
  const bool same_space = stored.state && stored.state->raw == census.raw && stored.state->feasible == census.feasible;
  if (stored.state) state.evaluations = stored.state->evaluations;
  if (same_space && stored.state->strategy == strategy) state.rounds_without_gain = stored.state->rounds_without_gain;
  state.strategy = strategy;
  state.raw = census.raw;
  state.feasible = census.feasible;

  std::vector<Trial> known;
  for (const ConfigCycles& t : stored.trials) {
    const auto id = task.candidates.find(t.config);
    if (!id) continue;
    const double score = enter(task, t);
    if (mark_told(task, *id)) known.push_back({*id, score});
  }
  task.strategy->tell(known);
  task.best_known_before = state.best.has_value();
  if (same_space && stored.state->settled == StopReason::exhausted) {
    task.told.assign(task.candidate_count, true);
    task.left = 0;
  }
}

bool record(TuningTask& task, const std::vector<Trial>& trials) {
  const auto before = task.state.best;
  std::vector<Trial> scored;
  for (const Trial& t : trials) {
    const ConfigCycles result{task.candidates.config(t.candidate), t.cycles};
    scored.push_back({t.candidate, enter(task, result)});
    mark_told(task, t.candidate);
    if (std::isfinite(t.cycles) && task.predictions.size() < most_predictions)
      task.predictions.push_back({task.candidates.predicted[t.candidate], static_cast<float>(scored.back().cycles)});
    const double best = task.history.empty() ? std::numeric_limits<double>::infinity() : task.history.back().score;
    if (scored.back().cycles < best) task.history.push_back({task.evaluations + 1, scored.back().cycles});
    ++task.state.evaluations;
    if (task.evaluations++ == 0) task.trials_hash = hash_begin;
    for (const uint16_t value : result.config.value) task.trials_hash = hash_step(task.trials_hash, value);
    task.trials_hash = hash_step(task.trials_hash, std::bit_cast<uint64_t>(t.cycles));
  }
  task.strategy->tell(scored);
  const auto& after = task.state.best;
  if (after && before && after->score < before->score) task.best_known_before = false;
  const bool gain = after && (!before || after->score < before->score * (1 - least_gain));
  task.state.rounds_without_gain = gain ? 0 : task.state.rounds_without_gain + 1;
  return after && (!before || after->score < before->score);
}

bool settle(TuningTask& task) {
  task.state.settled = first_fired(task.rules, task.status());
  if (!task.state.settled) return false;
  task.strategy.reset();
  task.candidates.indices = {};
  task.candidates.predicted = {};
  task.candidates.order = {};
  task.told = {};
  return true;
}

}  // namespace ares
