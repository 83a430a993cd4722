// Where measurements are dear, which shows in small batches, Bayesian optimisation (bayesian.cpp), which begins with
// the model's favourites; when it has brought nothing for a while, in turns with coordinate descent: the neighbours
// of the best few measured, best first.
//
// Where they are cheap, in large batches or after many of them, four stages, each going over to the next when it has
// nothing left to propose:
//   1. shortlist: the best by the cost model;
//   2. slice: one random candidate out of each of equally many strata of the model's ranking, against its blind spots;
//   3. neighbours: everything that differs in one knob from one of the best few measured, until none of these is new;
//   4. the rest, in the order of the cost model. A further improvement leads back to stage 3.
#include <algorithm>
#include <boost/random/uniform_int_distribution.hpp>
#include <random>

#include "search/strategies/registry.hpp"

namespace ares {
namespace {

constexpr std::size_t shortlist_size = 256;
constexpr std::size_t slice_size = 128;
constexpr std::size_t best_kept = 8;  ///< measured candidates whose neighbours are tried
constexpr std::size_t small_batch = 32;
constexpr std::size_t most_guided = 400;  ///< results after which Bayesian optimisation has had its say
constexpr std::size_t patience = 40;      ///< results without gain before coordinate descent joins
constexpr double least_gain = 0.001;

class Auto final : public Strategy {
 public:
  Auto(const Candidates& candidates, uint64_t seed)
      : candidates_(candidates), seed_(seed), taken_(candidates.size(), false), expanded_(candidates.size(), false) {
    const std::size_t shortlist = std::min(shortlist_size, candidates.size());
    queue_.assign(candidates.order.begin(), candidates.order.begin() + static_cast<std::ptrdiff_t>(shortlist));
    const std::size_t rest = candidates.size() - shortlist, strata = std::min(slice_size, rest);
    std::mt19937_64 generator(seed);
    for (std::size_t s = 0; s < strata; ++s) {
      boost::random::uniform_int_distribution<std::size_t> draw(rest * s / strata, rest * (s + 1) / strata - 1);
      queue_.push_back(candidates.order[shortlist + draw(generator)]);
    }
  }

  std::vector<CandidateId> ask(std::size_t count) override {
    if (count <= small_batch && results_ < most_guided) return ask_guided(count);
    std::vector<CandidateId> proposals;
    take_queued(count, proposals);
    while (proposals.size() < count && expand_next()) take_queued(count, proposals);
    for (; rest_ < candidates_.size() && proposals.size() < count; ++rest_)
      if (!taken_[candidates_.order[rest_]]) propose(candidates_.order[rest_], proposals);
    return proposals;
  }

  void tell(std::span<const Trial> trials) override {
    for (const Trial& t : trials) {
      taken_[t.candidate] = true;
      const bool gain = best_.empty() || t.cycles < best_.front().cycles * (1 - least_gain);
      without_gain_ = gain ? 0 : without_gain_ + 1;
      if (++results_ <= most_guided) known_.push_back(t);
      const auto worse = std::find_if(best_.begin(), best_.end(), [&](const Trial& b) { return t.cycles < b.cycles; });
      best_.insert(worse, t);
      if (best_.size() > best_kept) best_.pop_back();
    }
  }

 private:
  void propose(CandidateId c, std::vector<CandidateId>& proposals) {
    taken_[c] = true;
    proposals.push_back(c);
  }

  std::vector<CandidateId> ask_guided(std::size_t count) {
    std::vector<CandidateId> proposals;
    if (without_gain_ >= patience && (turn_++ % 2 == 0)) {
      if (!descending_) queued_ = queue_.size();  // what the shortlist of the other way left
      descending_ = true;
      take_queued(count, proposals);
      while (proposals.size() < count && expand_next()) take_queued(count, proposals);
      if (!proposals.empty()) return proposals;
    }
    if (!bayesian_) bayesian_ = make_bayesian(candidates_, seed_);
    bayesian_->tell(known_);
    known_.clear();
    for (const CandidateId c : bayesian_->ask(count)) propose(c, proposals);
    return proposals;
  }

  void take_queued(std::size_t count, std::vector<CandidateId>& proposals) {
    for (; queued_ < queue_.size() && proposals.size() < count; ++queued_)
      if (!taken_[queue_[queued_]]) propose(queue_[queued_], proposals);
  }

  /// Queues the neighbours of the best candidate whose turn has not come yet; false: there is none.
  bool expand_next() {
    const auto it = std::find_if(best_.begin(), best_.end(), [&](const Trial& t) { return !expanded_[t.candidate]; });
    if (it == best_.end()) return false;
    expanded_[it->candidate] = true;
    queue_.clear();
    queued_ = 0;
    const Config centre = candidates_.config(it->candidate);
    for (const KnobRange& range : candidates_.space.knobs) {
      for (const uint16_t value : range.values) {
        Config neighbour = centre;
        neighbour[range.knob] = value;
        if (const auto found = candidates_.find(neighbour)) queue_.push_back(*found);
      }
    }
    return true;
  }

  const Candidates& candidates_;
  uint64_t seed_;
  std::unique_ptr<Strategy> bayesian_;
  std::vector<Trial> known_;  ///< results that it has not been told
  std::size_t results_ = 0, without_gain_ = 0;
  bool descending_ = false;
  std::size_t turn_ = 0;
  std::vector<bool> taken_;     ///< proposed or told
  std::vector<bool> expanded_;  ///< its neighbours have been queued
  std::vector<Trial> best_;     ///< fewest cycles first; ties in the order told
  std::vector<CandidateId> queue_;
  std::size_t queued_ = 0;  ///< of the queue, how many were taken
  std::size_t rest_ = 0;    ///< in the model's order
};

}  // namespace

std::unique_ptr<Strategy> make_auto(const Candidates& candidates, uint64_t seed) {
  return std::make_unique<Auto>(candidates, seed);
}

}  // namespace ares
