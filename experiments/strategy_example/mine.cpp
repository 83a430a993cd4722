// A strategy of one's own: hill climbing. It measures the model's favourite, then whatever differs from the best result
// in one knob, the model's favourite among these first; where nothing new is near, it goes on in the model's order.
// The program runs ARES's conformance suite over it. To use it in ares-tune, move the class to search/strategies and
// add its line to registry.cpp there.
#include <iostream>
#include <memory>

#include "search/strategies/neighbours.hpp"
#include "tests/suites/strategy_suite.hpp"

namespace {

class HillClimbing final : public ares::Strategy {
 public:
  explicit HillClimbing(const ares::Candidates& candidates)
      : candidates_(candidates), taken_(candidates.size(), false) {}

  std::vector<ares::CandidateId> ask(std::size_t count) override {
    std::vector<ares::CandidateId> proposals;
    while (proposals.size() < count) {
      auto next = nearby();
      if (!next) next = following();
      if (!next) break;
      taken_[*next] = true;
      proposals.push_back(*next);
    }
    return proposals;
  }

  void tell(std::span<const ares::Trial> trials) override {
    for (const ares::Trial& t : trials) {
      taken_[t.candidate] = true;
      if (t.cycles < best_.cycles) best_ = t;
    }
  }

 private:
  /// Of the untried neighbours of the best result, the one that the model expects most of.
  std::optional<ares::CandidateId> nearby() const {
    std::optional<ares::CandidateId> found;
    if (!(best_.cycles < std::numeric_limits<double>::infinity())) return found;
    ares::for_each_neighbour(candidates_, best_.candidate, [&](ares::CandidateId c) {
      if (!taken_[c] && (!found || candidates_.predicted[c] < candidates_.predicted[*found])) found = c;
    });
    return found;
  }

  std::optional<ares::CandidateId> following() {
    while (next_ < candidates_.size() && taken_[candidates_.order[next_]]) ++next_;
    if (next_ == candidates_.size()) return std::nullopt;
    return candidates_.order[next_];
  }

  const ares::Candidates& candidates_;  // outlives the strategy
  std::vector<bool> taken_;             // proposed or told
  ares::Trial best_;
  std::size_t next_ = 0;  // in the model's order
};

}  // namespace

int main() {
  const auto found =
      ares::conformance::check_strategy([](const ares::Candidates& c, uint64_t) -> std::unique_ptr<ares::Strategy> {
        return std::make_unique<HillClimbing>(c);
      });
  std::cout << (found.empty() ? "it keeps the contract\n" : found.text());
  return found.empty() ? 0 : 1;
}
