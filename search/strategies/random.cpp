// Uniform over the feasible configs, without repetition: a Fisher-Yates shuffle, done as far as it is asked for.
#include <boost/random/uniform_int_distribution.hpp>
#include <numeric>
#include <random>
#include <utility>

#include "search/strategies/registry.hpp"

namespace ares {
namespace {

class Random final : public Strategy {
 public:
  Random(const Candidates& candidates, uint64_t seed)
      : generator_(seed), shuffled_(candidates.size()), told_(candidates.size(), false) {
    std::iota(shuffled_.begin(), shuffled_.end(), CandidateId{0});
  }

  std::vector<CandidateId> ask(std::size_t count) override {
    std::vector<CandidateId> proposals;
    while (next_ < shuffled_.size() && proposals.size() < count) {
      boost::random::uniform_int_distribution<std::size_t> draw(next_, shuffled_.size() - 1);
      std::swap(shuffled_[next_], shuffled_[draw(generator_)]);
      const CandidateId c = shuffled_[next_++];
      if (!told_[c]) proposals.push_back(c);
    }
    return proposals;
  }

  void tell(std::span<const Trial> trials) override {
    for (const Trial& t : trials) told_[t.candidate] = true;
  }

 private:
  std::mt19937_64 generator_;
  std::vector<CandidateId> shuffled_;
  std::vector<bool> told_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_random(const Candidates& candidates, uint64_t seed) {
  return std::make_unique<Random>(candidates, seed);
}

}  // namespace ares
