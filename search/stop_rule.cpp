#include "search/stop_rule.hpp"

namespace ares {
namespace {

template <class Condition>
StopRule rule(StopReason reason, Condition condition) {
  return [reason, condition](const StopStatus& s) { return condition(s) ? std::optional(reason) : std::nullopt; };
}

}  // namespace

std::string_view name_of(StopReason r) {
  switch (r) {
    case StopReason::exhausted:
      return "exhausted";
    case StopReason::within_bound:
      return "within-bound";
    case StopReason::no_gain:
      return "no-gain";
    case StopReason::max_iter:
      return "max-iter";
    case StopReason::wall_clock:
      return "wall-clock";
    case StopReason::max_evals:
      return "max-evals";
    case StopReason::target:
      return "target";
    case StopReason::interrupted:
      return "interrupted";
  }
  return "?";
}

std::optional<StopReason> first_fired(std::span<const StopRule> rules, const StopStatus& status) {
  for (const StopRule& r : rules)
    if (const auto reason = r(status)) return reason;
  return std::nullopt;
}

StopRule when_exhausted() {
  return rule(StopReason::exhausted, [](const StopStatus& s) { return s.left == 0; });
}

StopRule when_within_bound(double fraction) {
  return rule(StopReason::within_bound,
              [fraction](const StopStatus& s) { return s.best_cycles <= s.lower_bound * (1 + fraction); });
}

StopRule when_no_gain(int rounds) {
  return rule(StopReason::no_gain, [rounds](const StopStatus& s) { return s.rounds_without_gain >= rounds; });
}

StopRule when_max_iter(std::size_t evaluations) {
  return rule(StopReason::max_iter, [evaluations](const StopStatus& s) { return s.evaluations >= evaluations; });
}

StopRule when_past(std::chrono::steady_clock::time_point deadline) {
  return rule(StopReason::wall_clock,
              [deadline](const StopStatus&) { return std::chrono::steady_clock::now() >= deadline; });
}

StopRule when_max_evals(std::size_t evaluations) {
  return rule(StopReason::max_evals, [evaluations](const StopStatus& s) { return s.run_evaluations >= evaluations; });
}

StopRule when_network_within(double cycles) {
  return rule(StopReason::target, [cycles](const StopStatus& s) { return s.network_cycles <= cycles; });
}

StopRule when_interrupted(const std::atomic<bool>& flag) {
  return rule(StopReason::interrupted, [&flag](const StopStatus&) { return flag.load(); });
}

}  // namespace ares
