// A genetic algorithm over knob values, without repetition: children of two good parents, chosen by tournament, take
// each knob from one of them and change now and then. Where no child is new and feasible, a random candidate steps in.
#include <algorithm>
#include <boost/random/uniform_int_distribution.hpp>
#include <numeric>
#include <random>

#include "search/strategies/registry.hpp"

namespace ares {
namespace {

constexpr std::size_t population_size = 24;  ///< the best results; the first ones are the model's favourites and chance
constexpr std::size_t tournament = 3;
constexpr int attempts = 64;              ///< children tried for one proposal
constexpr std::size_t mutation_odds = 5;  ///< one knob in so many mutates

class Evolutionary final : public Strategy {
 public:
  Evolutionary(const Candidates& candidates, uint64_t seed)
      : candidates_(candidates), generator_(seed), taken_(candidates.size(), false), shuffled_(candidates.size()) {
    std::iota(shuffled_.begin(), shuffled_.end(), CandidateId{0});
    const auto& order = candidates.order;
    blind_ = order.empty() || !(candidates.predicted[order.front()] < candidates.predicted[order.back()]);
  }

  std::vector<CandidateId> ask(std::size_t count) override {
    std::vector<CandidateId> proposals;
    while (proposals.size() < count) {
      const auto next = proposed_ < population_size || population_.size() < 2 ? founder() : child();
      if (!next) break;
      taken_[*next] = true;
      ++proposed_;
      proposals.push_back(*next);
    }
    return proposals;
  }

  void tell(std::span<const Trial> trials) override {
    for (const Trial& t : trials) {
      taken_[t.candidate] = true;
      const auto at =
          std::find_if(population_.begin(), population_.end(), [&](const Trial& p) { return t.cycles < p.cycles; });
      population_.insert(at, t);
      if (population_.size() > population_size) population_.pop_back();
    }
  }

 private:
  std::size_t below(std::size_t count) {
    return boost::random::uniform_int_distribution<std::size_t>(0, count - 1)(generator_);
  }

  /// Model's favourites and random candidates in turn.
  std::optional<CandidateId> founder() {
    if (!blind_ && proposed_ % 2 == 0)
      for (; next_ < candidates_.size(); ++next_)
        if (!taken_[candidates_.order[next_]]) return candidates_.order[next_];
    return stranger();
  }

  /// A random one; a Fisher-Yates shuffle, done as far as it is needed.
  std::optional<CandidateId> stranger() {
    while (drawn_ < shuffled_.size()) {
      std::swap(shuffled_[drawn_], shuffled_[drawn_ + below(shuffled_.size() - drawn_)]);
      const CandidateId c = shuffled_[drawn_++];
      if (!taken_[c]) return c;
    }
    return std::nullopt;
  }

  Config parent() {
    std::size_t winner = population_.size();
    for (std::size_t i = 0; i < tournament; ++i) winner = std::min(winner, below(population_.size()));
    return candidates_.config(population_[winner].candidate);
  }

  std::optional<CandidateId> child() {
    for (int attempt = 0; attempt < attempts; ++attempt) {
      Config c = parent();
      const Config other = parent();
      for (const KnobRange& range : candidates_.space.knobs) {
        if (below(2) == 0) c[range.knob] = other[range.knob];
        if (below(mutation_odds) == 0) c[range.knob] = range.values[below(range.values.size())];
      }
      if (const auto found = candidates_.find(c); found && !taken_[*found]) return found;
    }
    return stranger();
  }

  const Candidates& candidates_;
  std::mt19937_64 generator_;
  std::vector<bool> taken_;  ///< proposed or told
  bool blind_ = false;       ///< the model predicts the same for all
  std::vector<CandidateId> shuffled_;
  std::vector<Trial> population_;  ///< fewest cycles first
  std::size_t drawn_ = 0, next_ = 0, proposed_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_evolutionary(const Candidates& candidates, uint64_t seed) {
  return std::make_unique<Evolutionary>(candidates, seed);
}

}  // namespace ares
