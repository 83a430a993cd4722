#include "search/kb_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "kb/environment.hpp"
#include "kb_fixture.hpp"

using namespace ares;

namespace {

GroupShape conv_shape(int32_t channels) {
  GroupShape s;
  s.in = {14, 14, 32};
  s.out = {14, 14, channels};
  s.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  return s;
}

struct Bench {
  kb::fixture::TemporaryDirectory directory;
  kb::KnowledgeBase base = kb::KnowledgeBase::open(directory.kb()).value();
  Target target = load_target("gap9").value();
  KbStore store{base, target, RequantPolicy::fast, {"model", "", "run", 0}};
  GroupShape shape = conv_shape(64);
  Context context = context_of(96 * 1024);
  SearchSpace space = make_space(shape, context);
  std::vector<uint64_t> feasible = feasible_indices(space);

  static Context context_of(uint32_t l1) {
    Context c;
    c.l1_bytes = l1;
    return c;
  }
  Query query() const { return {shape, context, target}; }

  /// A round with the i-th feasible configs of a list; result i is 1000 + i cycles.
  std::vector<ConfigCycles> trials(std::initializer_list<std::size_t> which) const {
    std::vector<ConfigCycles> result;
    for (const std::size_t i : which) result.push_back({space.config(feasible[i]), 1000.0 + static_cast<double>(i)});
    return result;
  }
  TuningState state(const std::vector<ConfigCycles>& results) const {
    TuningState s;
    s.strategy = "auto";
    s.raw = space.raw_size();
    s.feasible = feasible.size();
    s.evaluations = results.size();
    s.rounds_without_gain = 3;
    s.rule = results[0];
    s.model_best = results[1];
    s.best = results[0];
    return s;
  }
  void save(const TuningState& s, const std::vector<ConfigCycles>& results) {
    const Query q = query();
    const auto saved = store.save({q, "conv1", s, results});
    REQUIRE_MESSAGE(saved, saved.error().what);
  }
};

bool has(const std::vector<ConfigCycles>& all, const ConfigCycles& one) {
  return std::any_of(all.begin(), all.end(),
                     [&](const ConfigCycles& t) { return t.config == one.config && t.cycles == one.cycles; });
}

}  // namespace

TEST_CASE("a knowledge base without the group gives nothing") {
  Bench b;
  const StoredTuning stored = b.store.load(b.query(), b.space);
  CHECK(stored.hit == StoreHit::miss);
  CHECK_FALSE(stored.state);
  CHECK(stored.trials.empty());
  CHECK(stored.offers.empty());
}

TEST_CASE("an unsettled group comes back with its state and every trial, failures included") {
  Bench b;
  auto results = b.trials({4, 9, 2, 7});
  results[3].cycles = std::numeric_limits<double>::infinity();
  b.save(b.state(results), results);
  const StoredTuning stored = b.store.load(b.query(), b.space);
  CHECK(stored.hit == StoreHit::exact);
  REQUIRE(stored.state);
  CHECK(stored.state->strategy == "auto");
  CHECK(stored.state->raw == b.space.raw_size());
  CHECK(stored.state->feasible == b.feasible.size());
  CHECK(stored.state->rounds_without_gain == 3);
  CHECK_FALSE(stored.state->settled);
  for (const ConfigCycles& r : results) CHECK(has(stored.trials, r));

  const auto entry = b.base.all(kb::make_signature(b.shape, b.context, "gap9", RequantPolicy::fast)).at(0);
  CHECK(entry.rule()->config == results[0].config);
  CHECK(entry.model_best()->config == results[1].config);
  CHECK(entry.best().provenance.layer == "conv1");
}

TEST_CASE("settled groups say why; only exhausted ones drop their trials") {
  for (const StopReason reason : {StopReason::exhausted, StopReason::no_gain}) {
    Bench b;
    std::vector<ConfigCycles> results;
    for (std::size_t i = 0; i < 200; ++i)
      results.push_back({b.space.config(b.feasible[i]), 1000.0 + static_cast<double>(i)});
    TuningState s = b.state(results);
    s.settled = reason;
    b.save(s, results);
    const StoredTuning stored = b.store.load(b.query(), b.space);
    REQUIRE(stored.state);
    CHECK(stored.state->settled == reason);
    CHECK(stored.state->evaluations == 200);
    CHECK(has(stored.trials, results[0]));
    CHECK(has(stored.trials, results[199]) == (reason == StopReason::no_gain));
  }
}

TEST_CASE("near shapes and older environments offer feasible configs, and never as results") {
  Bench b;
  const auto results = b.trials({4, 9});
  b.save(b.state(results), results);

  Bench near_by;  // its own base is not used
  near_by.shape = conv_shape(80);
  near_by.space = make_space(near_by.shape, near_by.context);
  StoredTuning stored = b.store.load(near_by.query(), near_by.space);
  CHECK(stored.hit == StoreHit::near);
  CHECK(stored.distance > 0);
  CHECK(stored.distance < 1);
  CHECK_FALSE(stored.state);
  CHECK(stored.trials.empty());
  REQUIRE_FALSE(stored.offers.empty());
  for (const Config& c : stored.offers) CHECK_FALSE(check(near_by.shape, near_by.context, c));
  b.store.offer_no_neighbours();
  stored = b.store.load(near_by.query(), near_by.space);
  CHECK(stored.hit == StoreHit::near);
  CHECK(stored.offers.empty());

  Target changed = b.target;
  changed.cores.fork_join += 1;
  rehash(changed);
  KbStore later(b.base, changed, RequantPolicy::fast, {"model", "", "run", 0});
  stored = later.load(b.query(), b.space);
  CHECK_FALSE(stored.state);
  CHECK(stored.trials.empty());
  REQUIRE_FALSE(stored.offers.empty());
  CHECK(stored.offers[0] == results[0].config);
}

TEST_CASE("the shipped knowledge base offers what it has of the group itself and of near ones, a few in all") {
  Bench shipped, own;
  const auto results = shipped.trials({4, 9, 2});
  shipped.save(shipped.state(results), results);
  KbStore store(own.base, own.target, RequantPolicy::fast, {"model", "", "run", 0}, kb::Source::event, "",
                &shipped.base);
  StoredTuning stored = store.load(own.query(), own.space);
  CHECK(stored.hit == StoreHit::near);
  CHECK(stored.distance == 0);
  CHECK_FALSE(stored.state);
  CHECK(stored.trials.empty());
  REQUIRE(stored.offers.size() == 2);
  CHECK(stored.offers[0] == results[2].config);  // of 1002 cycles
  CHECK(stored.offers[1] == results[0].config);

  for (const int32_t channels : {40, 48, 56, 72, 80, 96}) {
    Bench other;
    other.shape = conv_shape(channels);
    other.space = make_space(other.shape, other.context);
    other.feasible = feasible_indices(other.space);
    KbStore to_shipped(shipped.base, other.target, RequantPolicy::fast, {"model", "", "run", 0});
    const auto of_other = other.trials({1, 2, 3});
    const Query q = other.query();
    REQUIRE(to_shipped.save({q, "conv", other.state(of_other), of_other}));
  }
  stored = store.load(own.query(), own.space);
  CHECK(stored.offers.size() <= 6);
  CHECK(stored.offers[0] == results[2].config);
}
