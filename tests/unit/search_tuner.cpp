// The tuner against a cost model, a measurer and a store that the test makes up.
#include "search/tuner.hpp"

#include <doctest/doctest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"

using namespace ares;

namespace {

/// Any deterministic figure that depends on every knob: small tiles cost, and no two configs agree.
double figure(const Config& c, double weight_of_details) {
  double tiles = 1, details = 0;
  for (int k = 0; k < knob_count; ++k) {
    const double v = c.value[static_cast<std::size_t>(k)];
    if (k <= static_cast<int>(Knob::tile_ci) && v > 0) tiles *= 1 + 8 / v;
    details += std::fmod(v * (k + 3) * 0.618, 1.0);
  }
  return 1000 * tiles * (1 + weight_of_details * details);
}

class FakeModel final : public CostModel {
 public:
  std::string name() const override { return "fake"; }
  void estimate(const Query&, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    for (std::size_t i = 0; i < configs.size(); ++i) {
      estimates[i] = {};
      estimates[i].feasible = true;
      estimates[i].cycles = figure(configs[i], 0);
    }
  }
};

double measured(const Config& c) { return figure(c, 0.3); }

/// What was measured, in order.
using Log = std::vector<std::pair<GroupShape, Config>>;

Measurer fake_measurer(Log& log) {
  Measurer m;
  m.source = "fake";
  m.batch = 32;
  m.seconds_each = 1e-3;
  m.measure = [&log](const Query& q, std::span<const Config> configs, std::span<Measurement> results,
                     const std::atomic<bool>&) {
    for (std::size_t i = 0; i < configs.size(); ++i) {
      log.emplace_back(q.shape, configs[i]);
      results[i].cycles = measured(configs[i]);
    }
  };
  return m;
}

class MemoryStore final : public TuningStore {
 public:
  StoredTuning load(const Query& query, const SearchSpace&) override {
    for (const auto& [shape, stored] : entries)
      if (shape == query.shape) return stored;
    return {};
  }
  Result<void> save(const TuningRound& round) override {
    if (failing) return fail("the disk is full");
    auto it = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.first == round.query.shape; });
    if (it == entries.end()) it = entries.insert(entries.end(), {round.query.shape, {}});
    it->second.hit = StoreHit::exact;
    it->second.state = round.state;
    it->second.trials.insert(it->second.trials.end(), round.trials.begin(), round.trials.end());
    return {};
  }
  std::vector<std::pair<GroupShape, StoredTuning>> entries;
  bool failing = false;
};

GroupInContext linear(const std::string& name, int32_t in, int32_t out) {
  GroupInContext g;
  g.group.name = name;
  g.group.shape.family = Family::linear;
  g.group.shape.in = {1, 1, in};
  g.group.shape.out = {1, 1, out};
  g.context.l1_bytes = 64 * 1024;
  return g;
}

GroupInContext conv(const std::string& name, int32_t size, int32_t in, int32_t out) {
  GroupInContext g = linear(name, in, out);
  g.group.shape.family = Family::conv;
  g.group.shape.in = {size, size, in};
  g.group.shape.out = {size, size, out};
  g.group.shape.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  return g;
}

/// The figures above know nothing of true lower bounds.
TunerOptions made_up_cycles() {
  TunerOptions o;
  o.within_bound = -1;
  return o;
}

struct Bench {
  std::vector<GroupInContext> groups;
  Target target = load_target("gap9").value();
  FakeModel model;
  Log log;
  Measurer measurer = fake_measurer(log);
  MemoryStore store;
  TunerOptions options = made_up_cycles();
  TunerObserver observer;
  std::atomic<bool> stop{false};

  std::unique_ptr<Tuner> tune(TuningStore* where = nullptr) {
    log.clear();
    auto tuner = std::make_unique<Tuner>(groups, target, model, measurer, where, options, observer, stop);
    const auto prepared = tuner->prepare();
    REQUIRE_MESSAGE(prepared, prepared.error().what);
    const auto ended = tuner->run();
    REQUIRE_MESSAGE(ended, ended.error().what);
    reason = *ended;
    return tuner;
  }
  std::optional<StopReason> reason;
};

double true_optimum(const TuningTask& task) {
  double best = std::numeric_limits<double>::infinity();
  for_each_feasible(task.candidates.space, [&](uint64_t, const Config& c) {
    best = std::min(best, measured(c));
    return true;
  });
  return best;
}

}  // namespace

TEST_CASE("an affordable space is exhausted: every config once, and its optimum found") {
  Bench b;
  b.groups = {linear("fc", 24, 10)};
  const auto tuner = b.tune();
  const TuningTask& task = tuner->task_of(0);
  CHECK_FALSE(b.reason);
  CHECK(task.state.settled == StopReason::exhausted);
  CHECK(b.log.size() == task.candidates.census.feasible);
  for (std::size_t i = 0; i < b.log.size(); ++i)
    for (std::size_t j = i + 1; j < b.log.size(); ++j) REQUIRE_FALSE(b.log[i].second == b.log[j].second);
  REQUIRE(task.optimum());
  CHECK(*task.optimum() == doctest::Approx(true_optimum(task)));
}

TEST_CASE("rule and model-best of every group come before anything else") {
  Bench b;
  b.groups = {linear("a", 64, 10), linear("b", 128, 32), conv("c", 8, 16, 16)};
  const auto tuner = b.tune();
  Log baseline;
  for (std::size_t g = 0; g < 3; ++g) {
    const TuningTask& t = tuner->task_of(g);
    baseline.emplace_back(t.shape, t.rule.config);
    if (t.rule.config != t.model_best.config) baseline.emplace_back(t.shape, t.model_best.config);
  }
  REQUIRE(b.log.size() > baseline.size());
  for (std::size_t i = 0; i < baseline.size(); ++i) CHECK(b.log[i] == baseline[i]);
}

TEST_CASE("--max-evals is kept, and the same whatever the number of threads") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16), linear("b", 256, 64)};
  b.options.max_evals = 96;
  std::vector<uint64_t> hashes;
  Log first;
  for (const std::size_t threads : {1, 2, 3}) {
    const tbb::global_control jobs(tbb::global_control::max_allowed_parallelism, threads);
    const auto tuner = b.tune();
    CHECK(b.reason == StopReason::max_evals);
    CHECK(tuner->measurements() == 96);
    CHECK(b.log.size() == 96);
    if (first.empty()) first = b.log;
    CHECK(first == b.log);
    std::vector<uint64_t> now;
    for (std::size_t g = 0; g < 2; ++g) now.push_back(tuner->task_of(g).trials_hash);
    if (hashes.empty()) hashes = now;
    CHECK(hashes == now);
  }
  b.options.seed = 1;
  b.options.strategy = "random";
  b.tune();
  CHECK_FALSE(first == b.log);
}

TEST_CASE("an identical run of settled groups measures nothing; results stay") {
  Bench b;
  b.groups = {linear("a", 24, 10), conv("b", 16, 32, 32)};
  b.options.exhaust_seconds = 0.2;  // a is affordable, b settles when it gains nothing
  const auto first = b.tune(&b.store);
  CHECK_FALSE(b.reason);
  CHECK(first->task_of(0).state.settled == StopReason::exhausted);
  CHECK(first->task_of(1).state.settled == StopReason::no_gain);
  const auto second = b.tune(&b.store);
  CHECK(second->measurements() == 0);
  CHECK(b.log.empty());
  for (std::size_t g = 0; g < 2; ++g) {
    CHECK(second->task_of(g).state.settled == first->task_of(g).state.settled);
    CHECK(second->task_of(g).state.best->cycles == first->task_of(g).state.best->cycles);
    CHECK(second->task_of(g).state.rule->cycles == first->task_of(g).state.rule->cycles);
    CHECK(second->task_of(g).state.model_best->cycles == first->task_of(g).state.model_best->cycles);
    CHECK(second->task_of(g).optimum() == first->task_of(g).optimum());
  }
}

TEST_CASE("a run goes on where the last one was cut, measuring nothing twice") {
  for (const char* strategy : {"auto", "grid", "random"}) {
    CAPTURE(strategy);
    Bench b;
    b.groups = {linear("a", 64, 24)};
    b.options.strategy = strategy;
    b.options.no_gain_rounds = 1 << 20;
    const auto whole = b.tune();
    const std::size_t size = whole->task_of(0).candidate_count;
    std::vector<Config> seen;
    for (int run = 0; run < 1000; ++run) {
      b.options.max_evals = size / 5 + 1;
      const auto tuner = b.tune(&b.store);
      for (const auto& [shape, config] : b.log) seen.push_back(config);
      if (!b.reason) break;
    }
    CHECK(seen.size() == size);
    std::sort(seen.begin(), seen.end(), [](const Config& x, const Config& y) { return x.value < y.value; });
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  }
}

TEST_CASE("equal groups are tuned once") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16), linear("fc", 24, 10), conv("b", 8, 16, 16)};
  const auto tuner = b.tune();
  CHECK(tuner->tasks().size() == 2);
  CHECK(&tuner->task_of(0) == &tuner->task_of(2));
  CHECK(tuner->task_of(0).members == std::vector<std::size_t>{0, 2});
}

TEST_CASE("--max-iter settles a group, also in the next run") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16)};
  b.options.max_iter = 50;
  const auto tuner = b.tune(&b.store);
  CHECK(tuner->measurements() == 50);
  CHECK(tuner->task_of(0).state.settled == StopReason::max_iter);
  CHECK(b.tune(&b.store)->measurements() == 0);
  b.options.max_iter = 80;
  CHECK(b.tune(&b.store)->measurements() == 30);
}

TEST_CASE("groups left out by --layers and --min-cycles get their baseline and nothing more") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16), linear("fc", 24, 10)};
  b.options.layers = {"fc"};
  auto tuner = b.tune();
  CHECK(tuner->task_of(0).not_searched == NotSearched::not_selected);
  CHECK(tuner->task_of(0).evaluations <= 2);
  CHECK(tuner->task_of(0).state.best);
  CHECK(tuner->task_of(1).state.settled == StopReason::exhausted);

  b.options.layers = {};
  b.options.min_cycles = 1e12;
  tuner = b.tune();
  CHECK(tuner->task_of(0).not_searched == NotSearched::below_min_cycles);
  CHECK(tuner->task_of(1).not_searched == NotSearched::below_min_cycles);
}

TEST_CASE("a pin is measured and its group not searched") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16)};
  const SearchSpace space = make_space(b.groups[0].group.shape, b.groups[0].context);
  const Config pin = space.config(feasible_indices(space).back());
  b.options.pins = {{"a", pin}};
  const auto tuner = b.tune();
  const TuningTask& task = tuner->task_of(0);
  CHECK(task.not_searched == NotSearched::pinned);
  REQUIRE(task.pins.size() == 1);
  CHECK(task.pins[0].cycles == measured(pin));
  CHECK(tuner->measurements() <= 3);
}

TEST_CASE("wrong names and infeasible pins are errors that name them") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16)};
  const auto error = [&] {
    Tuner tuner(b.groups, b.target, b.model, b.measurer, nullptr, b.options, {}, b.stop);
    const auto prepared = tuner.prepare();
    return prepared ? std::string() : prepared.error().what;
  };
  b.options.layers = {"zz"};
  CHECK(error().find("'zz'") != std::string::npos);
  b.options.layers = {};
  b.options.strategy = "psychic";
  CHECK(error().find("psychic") != std::string::npos);
  b.options.strategy = "auto";
  const SearchSpace space = make_space(b.groups[0].group.shape, b.groups[0].context);
  Config pin = *rule_config(space);
  b.groups[0].context.l1_bytes = 1024;
  b.options.pins = {{"a", pin}};
  CHECK(error().find("--pin") != std::string::npos);
  b.options.pins = {};
  b.groups[0].context.l1_bytes = 16;
  CHECK(error().find("L1") != std::string::npos);
}

TEST_CASE("configs that fail to measure are told and survived") {
  Bench b;
  b.groups = {linear("fc", 24, 10)};
  const auto healthy = b.measurer.measure;
  b.measurer.measure = [&](const Query& q, std::span<const Config> configs, std::span<Measurement> results,
                           const std::atomic<bool>& stop) {
    healthy(q, configs, results, stop);
    for (std::size_t i = 0; i < configs.size(); ++i)
      if (configs[i][Knob::buf_in] == 2) results[i] = {};
  };
  const auto tuner = b.tune();
  CHECK(tuner->task_of(0).state.settled == StopReason::exhausted);
  REQUIRE(tuner->task_of(0).state.best);
  CHECK(std::isfinite(tuner->task_of(0).state.best->cycles));
}

TEST_CASE("an interruption ends the run; what was measured counts") {
  Bench b;
  b.groups = {conv("a", 16, 32, 32)};
  b.options.exhaust_seconds = 1e9;
  b.observer.measured = [&](const TuningTask& t, std::span<const ConfigCycles>) { b.stop = t.state.evaluations > 100; };
  const auto tuner = b.tune(&b.store);
  CHECK(b.reason == StopReason::interrupted);
  CHECK(tuner->measurements() == b.log.size());
  CHECK(tuner->measurements() < 200);
  REQUIRE(b.store.entries.size() == 1);
  CHECK(b.store.entries[0].second.trials.size() == tuner->measurements());
}

TEST_CASE("observers hear of a result only after it is stored") {
  Bench b;
  b.groups = {linear("fc", 24, 10)};
  bool stored_first = true;
  b.observer.improved = [&](const TuningTask& t) {
    stored_first = stored_first && !b.store.entries.empty() &&
                   b.store.entries[0].second.state->best->cycles == t.state.best->cycles;
  };
  b.tune(&b.store);
  CHECK(stored_first);
}

TEST_CASE("a store that fails ends the run with its error") {
  Bench b;
  b.groups = {linear("fc", 24, 10)};
  b.store.failing = true;
  Tuner tuner(b.groups, b.target, b.model, b.measurer, &b.store, b.options, {}, b.stop);
  REQUIRE(tuner.prepare());
  const auto ended = tuner.run();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().what == "the disk is full");
}

TEST_CASE("what the store offers is measured with the baseline") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16)};
  const SearchSpace space = make_space(b.groups[0].group.shape, b.groups[0].context);
  const Config offer = space.config(feasible_indices(space)[5]);
  b.store.entries.push_back({b.groups[0].group.shape, {}});
  b.store.entries[0].second.offers = {offer};
  const auto tuner = b.tune(&b.store);
  const std::size_t position = tuner->task_of(0).rule.config == tuner->task_of(0).model_best.config ? 1 : 2;
  REQUIRE(b.log.size() > position);
  CHECK(b.log[position].second == offer);
}

TEST_CASE("without a measurer the model has the last word") {
  Bench b;
  b.groups = {conv("a", 8, 16, 16)};
  b.measurer = Measurer{};
  const auto tuner = b.tune();
  CHECK(tuner->measurements() == 0);
  CHECK(tuner->task_of(0).state.best->config == tuner->task_of(0).model_best.config);
}

TEST_CASE("a group within reach of its lower bound is settled") {
  Bench b;
  b.groups = {conv("a", 16, 32, 32)};
  b.options.exhaust_seconds = 0;
  b.options.within_bound = 1e9;
  CHECK(b.tune()->task_of(0).state.settled == StopReason::within_bound);
}

/// Likes best what `measured` says, so that its favourite is the optimum.
class Prior final : public CostModel {
 public:
  std::string name() const override { return "prior"; }
  void estimate(const Query&, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    for (std::size_t i = 0; i < configs.size(); ++i) {
      estimates[i] = {};
      estimates[i].feasible = true;
      estimates[i].cycles = measured(configs[i]);
    }
  }
};

TEST_CASE("a prior ranks the configs and offers its favourite; model-best stays the model's") {
  const Prior prior;
  Bench plain, b;
  plain.groups = b.groups = {conv("a", 8, 16, 16), linear("fc", 64, 32)};
  plain.options.exhaust_seconds = b.options.exhaust_seconds = 0;
  b.options.prior = &prior;
  const auto without = plain.tune();
  b.options.max_evals = 0;  // the baseline alone, offers too
  const auto baseline = b.tune();
  for (std::size_t g = 0; g < b.groups.size(); ++g) {
    const TuningTask& task = baseline->task_of(g);
    CHECK(task.model_best.config == without->task_of(g).model_best.config);
    CHECK(task.model_best.cycles == without->task_of(g).model_best.cycles);
    CHECK(task.state.best->cycles == doctest::Approx(true_optimum(task)));
    CHECK(task.evaluations <= 3);
  }
  b.options.max_evals.reset();
  (void)b.tune(&b.store);
  (void)b.tune(&b.store);
  CHECK(b.log.empty());  // an identical run measures nothing
}

TEST_CASE("with a prior the trials do not depend on the number of threads either") {
  const Prior prior;
  Bench b;
  b.groups = {conv("a", 8, 16, 16)};
  b.options.prior = &prior;
  b.options.exhaust_seconds = 0;
  const auto on = [&](std::size_t threads) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    (void)b.tune();
    return b.log;
  };
  const Log one = on(1);
  CHECK(one.size() > 10);
  CHECK(on(4) == one);
}

TEST_CASE("with the real model and simulator an exhausted group ends at the optimum of brute force") {
  Bench b;
  b.groups = {linear("fc", 64, 32)};
  const auto model = make_cost_model("analytical").value();
  const Measurer event = event_measurer();
  Tuner tuner(b.groups, b.target, *model, event, nullptr, TunerOptions{}, {}, b.stop);
  REQUIRE(tuner.prepare());
  REQUIRE(tuner.run());
  const TuningTask& task = tuner.task_of(0);
  double best = std::numeric_limits<double>::infinity();
  for_each_feasible(task.candidates.space, [&](uint64_t, const Config& c) {
    best = std::min(best, play(*lower(task.shape, c, task.context), b.target).cycles);
    return true;
  });
  REQUIRE(task.optimum());
  CHECK(*task.optimum() == best);
}
