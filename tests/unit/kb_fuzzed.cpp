// Damaged exports of a knowledge base: read or refused, and whatever was taken answers questions.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <sstream>

#include "cost_models/model_best.hpp"
#include "kb/choose.hpp"
#include "kb/json.hpp"
#include "tests/unit/kb_fixture.hpp"

using namespace ares;
using namespace ares::kb;
using namespace ares::kb::fixture;

namespace {

/// A line of every kind of record.
std::string sound_text() {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  Trial rule = trial(2, 1200), best = trial(4, 900);
  rule.rule = true;
  best.model_best = true;
  const std::vector trials{rule, best, failed_trial(7, FailureKind::timeout, "no answer within 5 s")};
  for (const int channels : {48, 64, 96}) value_or_throw(kb.record(subject(conv_signature(channels)), origin, trials));
  value_or_throw(kb.settle(subject(conv_signature(48)), {"auto", "exhausted", 100, 10, 5}));
  PlanEntry plan;
  plan.subject = {{conv_signature(48), conv_signature(64)}, {{-1, 0}, {0, 1}, {1, -1}}, Source::event, environment()};
  plan.configs = {config(2), config(4)};
  plan.cycles = 3000;
  value_or_throw(kb.record(plan));
  value_or_throw(kb.record(Run{"run-1", "ares-tune", "digits", "gap9", 1, 2, 3, 4}));
  std::ostringstream text;
  value_or_throw(export_text(kb, text));
  return text.str();
}

/// With another number, another byte, or a piece gone.
std::string damaged(std::string text, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  constexpr std::array numbers{"0",     "-1",         "1",           "3",          "255",  "65535",
                               "65536", "2147483647", "-2147483648", "4294967296", "1e300"};
  constexpr const char* digits = "0123456789";
  const std::size_t at = below(text.size()), number = text.find_first_of(digits, at), change = below(6);
  if (change == 0) {
    text[at] = static_cast<char>(below(256));
  } else if (change == 1) {
    text.erase(at, 1 + below(12));
  } else if (number != std::string::npos) {
    text.replace(number, text.find_first_not_of(digits, number) - number, numbers[below(numbers.size())]);
  }
  return text;
}

/// Everything that is asked of a knowledge base.
void question(const KnowledgeBase& kb) {
  static const Target target = value_or_throw(load_target("gap9"));
  static const auto model = value_or_throw(make_cost_model("analytical"));
  const Scorer score = [&](const GroupShape& shape, const Context& context, const Config& c) {
    return estimate(*model, {shape, context, target}, c).cycles;
  };
  const Signature asked = conv_signature(56);
  const SearchSpace space = make_space(asked.shape, asked.context);
  const Question q{asked.shape, asked.context, "gap9", RequantPolicy::fast, current(), *rule_config(space)};
  if (const auto choice = choose(std::array{&kb}, q, score, {4, 16}))
    CHECK_FALSE(check(asked.shape, asked.context, choice->config));
  std::ostringstream text;
  CHECK(export_text(kb, text));
}

}  // namespace

TEST_CASE("kb: damaged exports are refused in one line, or taken and harmless") {
  const std::string sound = sound_text();
  std::mt19937 random(7);
  int refused = 0, taken = 0;
  for (int base = 0; base < 6; ++base) {
    const TemporaryDirectory dir;
    KnowledgeBase kb = opened(dir.kb());
    for (int round = 0; round < 100; ++round) {
      std::istringstream text(damaged(sound, random));
      const auto result = import_text(kb, text, "damaged.jsonl");
      ++(result ? taken : refused);
      if (result) continue;
      CHECK(result.error().what.rfind("damaged.jsonl:", 0) == 0);
      CHECK(result.error().what.find('\n') == std::string::npos);
    }
    for (const std::string& damage : kb.verify()) FAIL_CHECK(damage);
    question(kb);
  }
  CHECK(refused > 200);
  CHECK(taken > 100);
}

TEST_CASE("kb: signatures of sizes that no layer has are refused") {
  CHECK(parse_signature("conv:in=8x8x16:out=8x8x16:kernel=3x3:pad=1,1,1,1"));
  for (const char* text : {"conv:in=0x8x16:out=8x8x16", "conv:in=8x8x16:out=-1x8x16", "conv:in=8x8x16777217:out=8x8x16",
                           "table:in=1x70000x70000:out=1x70000x70000", "linear:in=1x1x70000:out=1x1x70000",
                           "conv:in=8x8x16:out=8x8x16:stride=0x1", "conv:in=8x8x16:out=8x8x16:pad=-1,0,0,0",
                           "max_pool:in=8x8x16:out=16000000x1x1:stride=9x1", "matmul:in=1x8x16:out=1x8x16:heads=0",
                           "conv:in=8x8x16:out=8x8x16:cores=0"}) {
    INFO(std::string(text));
    const auto read = parse_signature(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().what == "signature: sizes that no layer has");
  }
}
