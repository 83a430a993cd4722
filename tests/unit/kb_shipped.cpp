// The text of the knowledge base that ships: scripts/ship_kb makes it anew.
#include <doctest/doctest.h>

#include <fstream>

#include "core/group/space.hpp"
#include "cost_models/event.hpp"
#include "kb/environment.hpp"
#include "kb/json.hpp"
#include "kb_fixture.hpp"
#include "search/measurer.hpp"

namespace ares::kb {
namespace {

using namespace fixture;

/// Everything in the shipped text.
std::vector<Entry> shipped_entries() {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  std::ifstream text(ARES_SOURCE_DIR "/kb/shipped/gap9.jsonl");
  REQUIRE(text);
  REQUIRE(import_text(kb, text, "kb/shipped/gap9.jsonl"));
  std::vector<Entry> entries;
  REQUIRE(kb.for_each(std::function<bool(const Entry&)>([&](const Entry& e) {
    entries.push_back(e);
    return true;
  })));
  return entries;
}

TEST_CASE("kb: the shipped text can be read and says of each group how rule and model-best fared") {
  const auto entries = shipped_entries();
  CHECK(entries.size() > 50);
  for (const Entry& e : entries) {
    INFO(to_string(e.subject.signature));
    CHECK(e.subject.source == Source::event);
    REQUIRE(e.rule());
    REQUIRE(e.model_best());
    CHECK(e.best().cycles <= e.rule()->cycles);
    CHECK(e.best().cycles <= e.model_best()->cycles);
  }
}

TEST_SUITE("full") {
  TEST_CASE("kb: the shipped results are today's; where this fails, run scripts/ship_kb") {
    const Target target = load_target("gap9").value();
    const Measurer measurer = event_measurer();
    const std::atomic<bool> never{false};
    for (const Entry& e : shipped_entries()) {
      const Signature& s = e.subject.signature;
      INFO(to_string(s));
      CHECK(current_environment(target, s.shape.family).matches(e.subject.source, e.subject.environment));
      const Config best = e.best().config;
      REQUIRE_FALSE(check(s.shape, s.context, best));
      Measurement now;
      measurer.measure({s.shape, s.context, target}, std::span(&best, 1), std::span(&now, 1), never);
      CHECK(now.cycles == doctest::Approx(e.best().cycles).epsilon(1e-9));
    }
  }
}

}  // namespace
}  // namespace ares::kb
