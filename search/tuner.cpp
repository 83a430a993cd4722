#include "search/tuner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "kb/signature.hpp"

namespace ares {
namespace {

/// Candidates listed in all tasks together; at 16 bytes each (index, prediction, rank) a gigabyte.
constexpr std::size_t most_candidates = 64u << 20;
/// Candidates listed in one task.
constexpr std::size_t most_candidates_of_task = 8u << 20;
/// Share of the budget that exhausting spaces may be predicted to take.
constexpr double exhaust_share = 0.8;

std::size_t remaining(std::optional<std::size_t> most, std::size_t used) {
  if (!most) return std::numeric_limits<std::size_t>::max();
  return *most > used ? *most - used : 0;
}

/// A seed of its own for each task, independent of the order of groups and of which others there are.
uint64_t task_seed(uint64_t seed, const Candidates& candidates) {
  uint64_t mixed = seed;  // splitmix64, https://prng.di.unimi.it/splitmix64.c
  for (const uint64_t v : {candidates.census.raw, candidates.census.feasible}) {
    mixed += v + 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
  }
  return mixed;
}

}  // namespace

Tuner::Tuner(const std::vector<GroupInContext>& groups, const Target& target, const CostModel& model,
             const Measurer& measurer, TuningStore* store, TunerOptions options, TunerObserver observer,
             const std::atomic<bool>& stop)
    : groups_(groups),
      target_(target),
      model_(model),
      measurer_(measurer),
      store_(store),
      options_(std::move(options)),
      observer_(std::move(observer)),
      stop_(stop) {}

double Tuner::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

std::size_t Tuner::left_to_exhaust() const {
  std::size_t left = 0;
  for (const TuningTask& t : tasks_)
    if (t.open() && t.exhaustible) left += t.left;
  return left;
}

Result<void> Tuner::check_names() const {
  std::set<std::string> names;
  for (const GroupInContext& g : groups_) names.insert(g.group.name);
  const auto unknown = [&](const char* option, const std::string& name) {
    return fail(fmt::format("{}: there is no group '{}'; the model has: {}", option, name, fmt::join(names, ", ")));
  };
  for (const std::string& name : options_.layers)
    if (!names.contains(name)) return unknown("--layers", name);
  for (const auto& [name, config] : options_.pins)
    if (!names.contains(name)) return unknown("--pin", name);
  for (const GroupInContext& g : groups_) {
    const auto pin = options_.pins.find(g.group.name);
    if (pin == options_.pins.end()) continue;
    if (const auto why = check(g.group.shape, g.context, pin->second))
      return fail(fmt::format("--pin: {} of group '{}' is not feasible: {}", to_string(pin->second), g.group.name,
                              to_string(*why)));
  }
  return {};
}

void Tuner::make_tasks() {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const auto& [group, context] = groups_[g];
    const GroupShape shape = kb::remembered_shape(group.shape);
    std::size_t t = 0;
    while (t < tasks_.size() && !(tasks_[t].shape == shape && tasks_[t].context == context)) ++t;
    if (t == tasks_.size()) {
      TuningTask& task = tasks_.emplace_back();
      task.shape = shape;
      task.context = context;
      task.target = &target_;
      task.name = group.name;
    }
    tasks_[t].members.push_back(g);
    task_of_.push_back(t);
    if (const auto pin = options_.pins.find(group.name); pin != options_.pins.end())
      tasks_[t].pins.push_back({g, pin->second});
  }
}

Result<void> Tuner::prepare() {
  begin_ = std::chrono::steady_clock::now();
  if (auto ok = check_names(); !ok) return ok;
  make_tasks();
  for (TuningTask& task : tasks_) {
    if (observer_.preparing) observer_.preparing(task);
    if (auto ok = prepare(task); !ok) return ok;
    if (stop_) return {};
    if (observer_.prepared) observer_.prepared(task);
  }
  share_exhaustion();

  run_rules_ = {when_interrupted(stop_),
                when_past(begin_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                       std::chrono::duration<double>(options_.budget_seconds)))};
  if (options_.max_evals) run_rules_.push_back(when_max_evals(*options_.max_evals));
  if (options_.target_cycles > 0) run_rules_.push_back(when_network_within(options_.target_cycles));
  return {};
}

Result<void> Tuner::prepare(TuningTask& task) {
  const SearchSpace space = make_space(task.shape, task.context);
  const auto rule = rule_config(space);
  const auto no_fit = [&] {
    return fail(
        fmt::format("group '{}': no config fits the L1 window of {} bytes; raise --l1-limit, or lower --stack "
                    "or --cores",
                    task.name, task.context.l1_bytes));
  };
  if (!rule) return no_fit();
  StoredTuning stored = store_ ? store_->load(task.query(), space) : StoredTuning{};
  task.objective = options_.objective;
  if (!task.objective.is_cycles()) stored.state.reset();  // where the search for fewest cycles stands
  list_candidates(task, *rule, stored);
  if (stop_) return {};
  if (task.candidates.size() == 0) return no_fit();
  if (!task.candidates.find(*rule))
    return fail(fmt::format("group '{}': its rule config {} is not feasible", task.name, to_string(*rule)));
  task.model_best_estimate = estimate(model_, task.query(), task.model_best.config);
  task.model_best.cycles = task.model_best_estimate.cycles;  // `predicted` has six digits
  task.rule = {*rule, estimate(model_, task.query(), *rule).cycles};
  task.lower_bound = ares::lower_bound(task.query());

  auto strategy = make_strategy(options_.strategy, task.candidates, task_seed(options_.seed, task.candidates));
  if (!strategy) return tl::unexpected(strategy.error());
  task.strategy = std::move(*strategy);
  take_up(task, stored, options_.strategy);
  return {};
}

/// What can be measured, ranked; model-best, and the prior's favourite among the offers.
void Tuner::list_candidates(TuningTask& task, const Config& rule, StoredTuning& stored) {
  const Query query = task.query();
  std::vector<Config> keep{rule};
  keep.insert(keep.end(), stored.offers.begin(), stored.offers.end());
  for (const ConfigCycles& t : stored.trials) keep.push_back(t.config);
  const std::size_t most = std::min(most_candidates_of_task, most_candidates / tasks_.size());
  const bool by_cycles = task.objective.is_cycles();
  const auto scored = by_cycles ? nullptr : scored_by(task.objective, model_);
  const bool by_prior = by_cycles && options_.prior;
  task.candidates = make_candidates(query,
                                    by_prior    ? *options_.prior
                                    : by_cycles ? model_
                                                : *scored,
                                    most, keep, stop_);
  task.candidate_count = task.candidates.size();
  if (stop_ || task.candidate_count == 0) return;
  const Config first = task.candidates.config(task.candidates.order.front());
  task.model_best.config = first;
  if (!by_prior) return;
  task.model_best.config = task.candidates.config(favourite_of(query, model_, task.candidates, stop_));
  if (!(first == task.model_best.config)) stored.offers.insert(stored.offers.begin(), first);
}

void Tuner::share_exhaustion() {
  std::vector<TuningTask*> by_size;
  for (TuningTask& task : tasks_) {
    const auto selected = [&](std::size_t g) { return options_.layers.contains(groups_[g].group.name); };
    if (task.pins.size() == task.members.size())
      task.not_searched = NotSearched::pinned;
    else if (!options_.layers.empty() && std::none_of(task.members.begin(), task.members.end(), selected))
      task.not_searched = NotSearched::not_selected;
    else if (task.model_best.cycles < options_.min_cycles)
      task.not_searched = NotSearched::below_min_cycles;
    else
      by_size.push_back(&task);
  }
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const TuningTask* a, const TuningTask* b) { return a->candidate_count < b->candidate_count; });
  const double seconds = std::min(options_.exhaust_seconds, exhaust_share * options_.budget_seconds);
  const std::size_t evaluations = options_.max_evals.value_or(std::numeric_limits<std::size_t>::max());
  std::size_t sum = 0;
  for (TuningTask* task : by_size) {
    sum += task->candidate_count;
    task->exhaustible = sum <= evaluations && static_cast<double>(sum) * measurer_.seconds_each <= seconds;
    task->rules = {when_exhausted()};
    if (options_.max_iter) task->rules.push_back(when_max_iter(*options_.max_iter));
    if (task->exhaustible) continue;
    if (task->objective.is_cycles()) task->rules.push_back(when_within_bound(options_.within_bound));
    task->rules.push_back(when_no_gain(options_.no_gain_rounds));
  }
}

void Tuner::predict() {
  for (TuningTask& task : tasks_) {
    task.state.rule = task.rule;
    task.state.model_best = task.state.best = task.model_best;
    for (Pin& pin : task.pins) pin.cycles = estimate(model_, task.query(), pin.config).cycles;
  }
}

Result<std::optional<StopReason>> Tuner::run() {
  if (measurer_.is_none()) {
    predict();
    return std::nullopt;
  }
  if (auto ok = baseline(); !ok) return tl::unexpected(ok.error());
  if (auto ok = measure_pins(); !ok) return tl::unexpected(ok.error());
  while (TuningTask* task = most_promising()) {
    StopStatus status = task->status(measurements_);
    status.network_cycles = network_cycles();
    if (const auto reason = first_fired(run_rules_, status)) return reason;
    if (auto ok = round(*task); !ok) return tl::unexpected(ok.error());
  }
  return std::nullopt;
}

Result<void> Tuner::baseline() {
  for (TuningTask& task : tasks_) {
    std::vector<CandidateId> proposals;
    const auto propose = [&](CandidateId id) {
      if (std::find(proposals.begin(), proposals.end(), id) == proposals.end()) proposals.push_back(id);
    };
    if (!task.state.rule) propose(*task.candidates.find(task.rule.config));
    if (!task.state.model_best) propose(*task.candidates.find(task.model_best.config));
    const bool done = task.not_searched || first_fired(task.rules, task.status());
    for (const Config& c : task.offers)
      if (const auto id = task.candidates.find(c); !done && !task.told[*id]) propose(*id);
    if (!proposals.empty()) {
      if (auto ok = measure(task, proposals); !ok) return ok;
    } else if (!task.not_searched && settle(task) && observer_.settled) {
      observer_.settled(task);
    }
    if (stop_) return {};
  }
  return {};
}

Result<void> Tuner::measure_pins() {
  for (TuningTask& task : tasks_) {
    for (Pin& pin : task.pins) {
      Measurement result;
      measurer_.measure(task.query(), std::span(&pin.config, 1), std::span(&result, 1), stop_);
      pin.cycles = result.cycles;
      ++measurements_;
      if (!std::isfinite(pin.cycles) && !stop_)
        return fail(fmt::format("--pin: measuring {} of group '{}' failed{}", to_string(pin.config),
                                groups_[pin.group].group.name,
                                result.failure ? ": " + result.failure->message : std::string()));
    }
  }
  return {};
}

TuningTask* Tuner::most_promising() {
  // Expected gain of the network: what the group may still lose down to its bound, in every one of its members, fading
  // with the rounds that brought nothing; all rounds of one measurer cost the same.
  const auto promise = [](const TuningTask& task) {
    const StopStatus s = task.status();
    const double fading = 1.0 + s.rounds_without_gain;
    return static_cast<double>(task.members.size()) * (s.best_cycles - s.lower_bound) / (fading * fading);
  };
  TuningTask* best = nullptr;
  for (TuningTask& task : tasks_)
    if (task.open() && (!best || promise(task) > promise(*best))) best = &task;
  return best;
}

double Tuner::network_cycles() const {
  double sum = 0;
  for (const TuningTask& t : tasks_) sum += static_cast<double>(t.members.size()) * t.status().best_cycles;
  return sum;
}

Result<void> Tuner::round(TuningTask& task) {
  const std::size_t limit = std::min({measurer_.batch, remaining(options_.max_evals, measurements_),
                                      remaining(options_.max_iter, task.state.evaluations)});
  return measure(task, task.strategy->ask(limit));
}

Result<void> Tuner::measure(TuningTask& task, const std::vector<CandidateId>& proposals) {
  std::vector<Config> configs;
  for (const CandidateId id : proposals) configs.push_back(task.candidates.config(id));
  std::vector<Measurement> measured(configs.size());
  measurer_.measure(task.query(), configs, measured, stop_);
  if (stop_) return {};

  std::vector<Trial> trials;
  std::vector<ConfigCycles> results;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const Measurement& m = measured[i];
    trials.push_back({proposals[i], m.cycles});
    results.push_back({configs[i], m.cycles, m.cold_cycles, m.sliced, m.failure});
    if (m.failure) task.last_failure = m.failure->message;
  }
  measurements_ += proposals.size();
  const bool improved = record(task, trials);
  const bool settled = !task.not_searched && settle(task);
  if (store_) {
    const Query query = task.query();
    TuningState state = task.state;
    if (!task.objective.is_cycles()) state.settled.reset();  // nothing is settled about cycles
    const TuningRound round{query, task.name, state, results};
    if (auto ok = store_->save(round); !ok) return ok;
  }
  if (observer_.measured) observer_.measured(task, results);
  if (improved && observer_.improved) observer_.improved(task);
  if (settled && observer_.settled) observer_.settled(task);
  return {};
}

}  // namespace ares
