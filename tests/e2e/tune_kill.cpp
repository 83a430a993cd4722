// kill -9 at random moments: the knowledge base opens, is sound, and has every result that was reported.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "core/import/load_network.hpp"
#include "core/plan/network_program.hpp"
#include "kb/environment.hpp"
#include "kb/knowledge_base.hpp"
#include "tune_support.hpp"

using namespace ares;
using namespace ares::tune_test;

namespace {

using Subjects = std::map<std::string, kb::Subject>;

Subjects subjects() {
  const LayerGraph graph = load_network(small_model()).value();
  const Target target = load_target("gap9").value();
  PlanOptions options;
  options.cores = target.cores.count;
  Subjects result;
  const auto groups = plan_contexts(graph, target, options).value();
  for (const GroupInContext& g : groups) {
    const auto environment = kb::current_environment(target, g.group.shape.family).of(kb::Source::event);
    const auto signature = kb::make_signature(g.group.shape, g.context, target.name, graph.policy);
    result[g.group.name] = {signature, kb::Source::event, environment};
  }
  return result;
}

/// Everything that the knowledge base knows of one group.
struct Known {
  std::map<std::string, double> cycles;
  double best = 0;
  bool exhausted = false;  ///< then only the best results are kept, and all have been seen
};

Known known_of(const kb::KnowledgeBase& base, const kb::Subject& subject) {
  Known known;
  const auto entry = base.find(subject);
  REQUIRE(entry);
  for (const kb::Measured& m : entry->results) known.cycles[to_string(m.config)] = m.cycles;
  for (const auto& [config, cycles] : base.measured(subject)) known.cycles[to_string(config)] = cycles;
  known.best = entry->best().cycles;
  known.exhausted = entry->settled && entry->settled->reason == "exhausted";
  return known;
}

/// Checks each line of a trial log against the knowledge base; returns how many there are.
std::size_t check_reported(const std::string& log, const kb::KnowledgeBase& base, const Subjects& all) {
  std::map<std::string, Known> known;
  auto reported = lines(log);
  if (!log.ends_with('\n') && !reported.empty()) reported.pop_back();  // cut in the middle of the line
  for (const std::string& line : reported) {
    const auto trial = nlohmann::json::parse(line);
    const std::string group = trial["group"];
    if (!known.contains(group)) known[group] = known_of(base, all.at(group));
    const Known& k = known[group];
    const auto found = k.cycles.find(trial["config"]);
    if (k.exhausted && found == k.cycles.end())
      REQUIRE(k.best <= trial["cycles"].get<double>());
    else
      REQUIRE_MESSAGE((found != k.cycles.end() && found->second == trial["cycles"]), line);
  }
  return reported.size();
}

void kill_often(int kills) {
  const Subjects all = subjects();
  std::mt19937 random(20260101);
  std::size_t reported = 0;
  int in_the_middle = 0;
  std::unique_ptr<Scratch> scratch;
  std::vector<std::string> logs;
  for (int i = 0; i < kills; ++i) {
    if (i % 5 == 0) {  // five kills, one after the other, on the same knowledge base
      scratch = std::make_unique<Scratch>();
      logs.clear();
    }
    const std::string place = *scratch / "kb";
    logs.push_back(*scratch / ("trials" + std::to_string(i)));
    Tuning t(*scratch, {"--model", small_model(), "--kb", place, "--trials", logs.back(), "--strategy", "random"});
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 500));
    t.send(SIGKILL);
    in_the_middle += t.wait() == -SIGKILL;
    if (!std::filesystem::exists(place)) continue;  // killed before it began
    auto base = kb::KnowledgeBase::open(place);
    REQUIRE_MESSAGE(base, base.error().what);
    const auto damage = base->verify();
    REQUIRE_MESSAGE(damage.empty(), damage.front());
    for (const std::string& log : logs) reported += check_reported(read_text(log), *base, all);
  }
  MESSAGE(in_the_middle << " of " << kills << " killed in the middle; " << reported << " reported results looked up");
  CHECK(in_the_middle > 0);
  CHECK(reported > 0);
}

}  // namespace

TEST_CASE("killed at random moments, a tuner loses nothing that it reported") { kill_often(10); }

TEST_SUITE("full") {
  TEST_CASE("killed at 50 random moments, a tuner loses nothing that it reported") { kill_often(50); }
}
