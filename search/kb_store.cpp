#include "search/kb_store.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "kb/environment.hpp"
#include "kb/plan_subject.hpp"

namespace ares {
namespace {

using Json = nlohmann::json;

/// Configs taken over from an entry of another environment or shape, and in all: each is measured before the search
/// begins, and a measurement may take a second.
constexpr std::size_t offers_per_entry = 2, most_offers = 6;

std::string cursor_of(const TuningState& s) {
  return Json{{"strategy", s.strategy}, {"rounds", s.rounds_without_gain}, {"raw", s.raw}, {"feasible", s.feasible}}
      .dump();
}

/// A cursor of another form is none.
void read_cursor(const std::string& cursor, TuningState& s) {
  const Json j = Json::parse(cursor, nullptr, false);
  if (!j.is_object()) return;
  const auto number = [&](const char* key) {
    const auto it = j.find(key);
    return it != j.end() && it->is_number_unsigned() ? it->get<uint64_t>() : 0;
  };
  if (const auto it = j.find("strategy"); it != j.end() && it->is_string()) s.strategy = it->get<std::string>();
  s.rounds_without_gain = static_cast<int>(number("rounds"));
  s.raw = number("raw");
  s.feasible = number("feasible");
}

std::optional<StopReason> reason_named(const std::string& name) {
  for (int r = 0; r <= static_cast<int>(StopReason::interrupted); ++r)
    if (name_of(static_cast<StopReason>(r)) == name) return static_cast<StopReason>(r);
  return std::nullopt;
}

/// What an entry offers to a group, the best first.
struct Offering {
  double distance = 0;  ///< of its signature
  kb::Entry entry;
};

/// First the best of every entry, the nearest first, then the second best.
std::vector<Config> offers_of(const std::vector<Offering>& offerings, const SearchSpace& space) {
  std::vector<Config> offers;
  for (std::size_t rank = 0; rank < offers_per_entry; ++rank)
    for (const Offering& o : offerings) {
      if (rank >= o.entry.results.size() || offers.size() == most_offers) continue;
      const Config fitted = fit_config(space, o.entry.results[rank].config);
      const bool known = std::find(offers.begin(), offers.end(), fitted) != offers.end();
      if (!known && !check(space, fitted)) offers.push_back(fitted);
    }
  return offers;
}

kb::Trial to_kb(const ConfigCycles& t, const TuningState& state) {
  kb::Trial trial;
  trial.config = t.config;
  trial.cycles = t.cycles;
  trial.rule = state.rule && state.rule->config == t.config;
  trial.model_best = state.model_best && state.model_best->config == t.config;
  trial.cold_cycles = t.cold_cycles;
  trial.sliced = t.sliced;
  if (!std::isfinite(t.cycles)) {
    trial.cycles = 0;
    trial.failure = t.failure.value_or(kb::FailureReason{kb::FailureKind::crashed, "no result"});
  }
  return trial;
}

}  // namespace

kb::Environment remembered_environment(const Target& target, Family family, kb::Source source,
                                       const std::string& simulator) {
  kb::Environment environment = kb::current_environment(target, family).of(source);
  if (!simulator.empty()) environment.simulator = simulator;
  return environment;
}

KbStore::KbStore(kb::KnowledgeBase& kb, const Target& target, RequantPolicy policy, kb::Provenance provenance,
                 kb::Source source, std::string simulator, const kb::KnowledgeBase* shipped)
    : kb_(kb),
      target_(target),
      policy_(policy),
      provenance_(std::move(provenance)),
      source_(source),
      simulator_(std::move(simulator)),
      shipped_(shipped) {}

kb::Subject KbStore::subject(const Query& query) const {
  return {kb::make_signature(query.shape, query.context, target_.name, policy_), source_,
          remembered_environment(target_, query.shape.family, source_, simulator_)};
}

StoredTuning KbStore::load(const Query& query, const SearchSpace& space) {
  StoredTuning stored;
  const kb::Subject s = subject(query);
  if (const auto entry = kb_.find(s)) {
    stored.hit = entry->results.empty() ? StoreHit::miss : StoreHit::exact;
    TuningState state;
    state.evaluations = entry->evaluations;
    read_cursor(entry->cursor, state);
    if (entry->settled) state.settled = reason_named(entry->settled->reason);
    stored.state = state;
    for (const kb::Measured& m : entry->results) stored.trials.push_back({m.config, m.cycles});
    for (const auto& [config, cycles] : kb_.measured(s)) stored.trials.push_back({config, cycles});
    for (const kb::Failure& f : kb_.failures(s))
      stored.trials.push_back({f.config, std::numeric_limits<double>::infinity()});
  }
  offer(stored, s, space);
  return stored;
}

void KbStore::offer(StoredTuning& stored, const kb::Subject& s, const SearchSpace& space) const {
  std::vector<Offering> offerings;
  for (const kb::KnowledgeBase* kb : {static_cast<const kb::KnowledgeBase*>(&kb_), shipped_}) {
    if (kb == nullptr) continue;
    for (kb::Entry& e : kb->all(s.signature))
      if (kb != &kb_ || e.subject != s) offerings.push_back({0, std::move(e)});
    for (kb::Neighbour& n : kb->nearest(s.signature, {}, nullptr))
      offerings.push_back({n.distance, std::move(n.entry)});
  }
  std::stable_sort(offerings.begin(), offerings.end(),
                   [](const Offering& a, const Offering& b) { return a.distance < b.distance; });
  if (stored.hit == StoreHit::miss && !offerings.empty()) {
    stored.hit = StoreHit::near;
    stored.distance = offerings.front().distance;
  }
  if (!neighbours_)
    offerings.erase(
        std::remove_if(offerings.begin(), offerings.end(), [](const Offering& o) { return o.distance > 0; }),
        offerings.end());
  stored.offers = offers_of(offerings, space);
}

Result<void> KbStore::save(const TuningRound& round) {
  const kb::Subject s = subject(round.query);
  kb::Provenance provenance = provenance_;
  provenance.layer = round.group;
  std::vector<kb::Trial> trials;
  trials.reserve(round.trials.size());
  for (const ConfigCycles& t : round.trials) trials.push_back(to_kb(t, round.state));
  if (auto ok = kb_.record(s, provenance, trials, cursor_of(round.state)); !ok) return ok;
  if (!round.state.settled) return {};
  const kb::Settled settled{round.state.strategy, std::string(name_of(*round.state.settled)), round.state.raw,
                            round.state.feasible, 0};
  return kb_.settle(s, settled, round.state.settled == StopReason::exhausted);
}

Result<void> KbStore::save(const LayerGraph& graph, const std::vector<GroupInContext>& groups,
                           const PlayedNetwork& network) {
  kb::PlanEntry entry;
  entry.subject = kb::plan_subject(graph, groups, target_);
  entry.configs = kb::plan_configs(groups, network.program);
  entry.detail = to_string(network.program.fused);
  entry.cycles = network.cycles;
  entry.cold_cycles = network.cold_cycles;
  entry.provenance = provenance_;
  return kb_.record(entry);
}

Context tuning_context(const Group& group, const Context& context, const Target& target, RequantPolicy policy) {
  return kb::make_signature(group.shape, context, target.name, policy).context;
}

}  // namespace ares
