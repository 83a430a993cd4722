#include "search/stop_rule.hpp"

#include <doctest/doctest.h>

using namespace ares;

namespace {

StopStatus status() {
  StopStatus s;
  s.left = 1;
  s.evaluations = 40;
  s.rounds_without_gain = 3;
  s.best_cycles = 110;
  s.lower_bound = 100;
  s.run_evaluations = 1000;
  return s;
}

}  // namespace

TEST_CASE("a group's stop rules fire at their limits, not before") {
  StopStatus s = status();
  CHECK_FALSE(when_exhausted()(s));
  s.left = 0;
  CHECK(when_exhausted()(s) == StopReason::exhausted);

  CHECK_FALSE(when_within_bound(0.09)(status()));
  CHECK(when_within_bound(0.101)(status()) == StopReason::within_bound);
  CHECK_FALSE(when_no_gain(4)(status()));
  CHECK(when_no_gain(3)(status()) == StopReason::no_gain);
  CHECK_FALSE(when_max_iter(41)(status()));
  CHECK(when_max_iter(40)(status()) == StopReason::max_iter);
}

TEST_CASE("nothing measured is not within any bound") {
  StopStatus s;
  s.lower_bound = 100;
  CHECK_FALSE(when_within_bound(10)(s));
}

TEST_CASE("a run's stop rules fire at their limits, not before") {
  CHECK_FALSE(when_max_evals(1001)(status()));
  CHECK(when_max_evals(1000)(status()) == StopReason::max_evals);
  const auto now = std::chrono::steady_clock::now();
  CHECK(when_past(now)(status()) == StopReason::wall_clock);
  CHECK_FALSE(when_past(now + std::chrono::hours(1))(status()));
  CHECK_FALSE(when_network_within(1e9)(status()));
  StopStatus fast = status();
  fast.network_cycles = 5000;
  CHECK_FALSE(when_network_within(4999)(fast));
  CHECK(when_network_within(5000)(fast) == StopReason::target);
  std::atomic<bool> flag{false};
  const StopRule interrupted = when_interrupted(flag);
  CHECK_FALSE(interrupted(status()));
  flag = true;
  CHECK(interrupted(status()) == StopReason::interrupted);
}

TEST_CASE("the first rule that fires gives the reason") {
  const std::vector<StopRule> rules{when_exhausted(), when_no_gain(3), when_max_iter(10)};
  CHECK(first_fired(rules, status()) == StopReason::no_gain);
  CHECK_FALSE(first_fired({}, status()));
}
