// Bayesian optimisation: proposes what is expected to improve the best result most, times the probability that it can
// be measured at all.
//
//   1. shortlist: the untried candidates that the cost model likes best, a random slice (denser at the top of the
//      model's ranking), and the neighbours of the best results; of a small space everything;
//   2. score by expected improvement under a Gaussian process (gaussian_process.hpp);
//   3. refine: the neighbours of the best of the shortlist join it, while that helps.
//
// Without results the cost model has the word; where it says the same of everything, chance. Further proposals of a
// batch are made as if the first ones had given what is expected of them.
#include <algorithm>
#include <boost/random/uniform_int_distribution.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <cmath>
#include <numeric>
#include <random>

#include "search/strategies/feasibility.hpp"
#include "search/strategies/gaussian_process.hpp"
#include "search/strategies/neighbours.hpp"
#include "search/strategies/registry.hpp"

namespace ares {
namespace {

constexpr std::size_t small_space = 700;  ///< all of it is scored
constexpr std::size_t head_size = 96, slice_size = 192;
constexpr std::size_t centres = 3;         ///< best results whose neighbours are scored
constexpr std::size_t refinements = 4;     ///< rounds of refining the shortlist
constexpr std::size_t random_start = 6;    ///< results before the process is asked, where the model says nothing
constexpr std::size_t most_results = 120;  ///< that the process takes: of more, those of fewest cycles
constexpr std::size_t most_expected = 16;  ///< proposals of a batch that are assumed to give what is expected
constexpr double failures_to_doubt = 3;    ///< failures and nothing else that halve the model's say
constexpr double search_growth = 1.2;      ///< the process's shape is searched when it has so many times more results

/// Expected improvement over `best` of what is to be minimised (Jones, Schonlau and Welch, 1998).
double expected_improvement(const Prediction& p, double best) {
  const double z = (best - p.mean) / p.deviation;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * M_PI), below = std::erfc(-z / std::sqrt(2.0)) / 2;
  return p.deviation * (z * below + density);
}

class Bayesian final : public Strategy {
 public:
  Bayesian(const Candidates& candidates, uint64_t seed)
      : candidates_(candidates),
        generator_(seed),
        distance_(candidates.space),
        process_(distance_),
        feasibility_(distance_),
        taken_(candidates.size(), false) {
    const auto& order = candidates.order;
    blind_ = order.empty() || !(candidates.predicted[order.front()] < candidates.predicted[order.back()]);
  }

  std::vector<CandidateId> ask(std::size_t count) override {
    std::vector<CandidateId> proposals;
    const std::size_t results = process_.size();
    while (proposals.size() < count) {
      const auto next = results > 0 && !(blind_ && results < random_start) ? guided()
                        : feasibility_.failures() == 0                     ? unguided()
                                                                           : cautious();
      if (!next) break;
      taken_[*next] = true;
      proposals.push_back(*next);
      if (results == 0 || proposals.size() == count) continue;
      if (proposals.size() < most_expected)
        expect(*next);
      else
        take_by_score(count, proposals);
    }
    while (process_.size() > results) process_.drop_last();
    fitted_ = false;
    return proposals;
  }

  void tell(std::span<const Trial> trials) override {
    for (const Trial& t : trials) {
      taken_[t.candidate] = true;
      const bool measured = std::isfinite(t.cycles) && t.cycles > 0;
      feasibility_.add(point(t.candidate).digits, measured);
      if (!measured) continue;
      const auto worse = std::find_if(best_.begin(), best_.end(), [&](const Trial& b) { return t.cycles < b.cycles; });
      best_.insert(worse, t);
      if (best_.size() > centres) best_.pop_back();
      process_.add(point(t.candidate), std::log(t.cycles));
      if (process_.size() > most_results) process_.drop_worst();
    }
    fitted_ = false;
  }

 private:
  Point point(CandidateId c) const {
    const double model = candidates_.predicted[c];
    return {digits_of(candidates_.space, candidates_.indices[c]),
            std::isfinite(model) && model > 0 ? std::log(model) : 0};
  }

  /// The first untried one in the model's order; where that says nothing, any.
  std::optional<CandidateId> unguided() {
    if (blind_)
      for (int attempt = 0; attempt < 8; ++attempt)
        if (const CandidateId c = any(); !taken_[c]) return c;
    while (next_ < candidates_.size() && taken_[candidates_.order[next_]]) ++next_;
    if (next_ == candidates_.size()) return std::nullopt;
    return candidates_.order[next_];
  }

  /// While everything has failed: what the model likes, away from the failures, the model heard less with each.
  std::optional<CandidateId> cautious() {
    make_shortlist();
    if (shortlist_.empty()) return unguided();
    scores_.clear();
    const double heard = failures_to_doubt / (failures_to_doubt + static_cast<double>(feasibility_.failures()));
    const double best = point(candidates_.order.front()).log_model;
    for (const CandidateId c : shortlist_) {
      const Point p = point(c);
      scores_.push_back(feasibility_.probability(p.digits) * std::exp(heard * (best - p.log_model)));
    }
    return shortlist_[leader()];
  }

  CandidateId any() {
    return candidates_
        .order[boost::random::uniform_int_distribution<std::size_t>(0, candidates_.size() - 1)(generator_)];
  }

  /// Somewhere in the model's order, its logarithm evenly distributed.
  CandidateId any_near_the_top() {
    boost::random::uniform_real_distribution<double> draw(0, std::log(static_cast<double>(candidates_.size())));
    return candidates_.order[std::min(candidates_.size() - 1, static_cast<std::size_t>(std::exp(draw(generator_))))];
  }

  void enlist(CandidateId c) {
    if (taken_[c]) return;
    shortlist_.push_back(c);
  }

  void make_shortlist() {
    shortlist_.clear();
    if (candidates_.size() <= small_space) {
      for (CandidateId c = 0; c < candidates_.size(); ++c) enlist(c);
      return;
    }
    while (next_ < candidates_.size() && taken_[candidates_.order[next_]]) ++next_;
    if (!blind_)
      for (std::size_t i = next_; i < candidates_.size() && shortlist_.size() < head_size; ++i)
        enlist(candidates_.order[i]);
    for (std::size_t i = 0; i < slice_size; ++i) enlist(blind_ || i % 2 ? any() : any_near_the_top());
    for (const Trial& t : best_) for_each_neighbour(candidates_, t.candidate, [&](CandidateId c) { enlist(c); });
    tidy(0);
  }

  /// Of what joined the shortlist from `first` on, keeps what is new.
  void tidy(std::size_t first) {
    const auto begin = shortlist_.begin(), middle = begin + static_cast<std::ptrdiff_t>(first);
    std::sort(middle, shortlist_.end());
    shortlist_.erase(std::unique(middle, shortlist_.end()), shortlist_.end());
    const auto known = [&](CandidateId c) { return std::find(begin, middle, c) != middle; };
    shortlist_.erase(std::remove_if(middle, shortlist_.end(), known), shortlist_.end());
  }

  /// Scores the shortlist from `first` on.
  void score(std::size_t first) {
    std::vector<Point> points;
    for (std::size_t i = first; i < shortlist_.size(); ++i) points.push_back(point(shortlist_[i]));
    std::vector<Prediction> predictions(points.size());
    process_.predict(points, predictions);
    const double best = std::log(best_.front().cycles);
    scores_.resize(first);
    for (std::size_t i = 0; i < points.size(); ++i)
      scores_.push_back(expected_improvement(predictions[i], best) * feasibility_.probability(points[i].digits));
  }

  std::size_t leader() const {
    return static_cast<std::size_t>(std::max_element(scores_.begin(), scores_.end()) - scores_.begin());
  }

  void fit() {
    const auto size = static_cast<double>(process_.size());
    const bool search = size >= search_growth * searched_at_ || size < 12;
    process_.fit(search && !expecting_);
    if (search && !expecting_) searched_at_ = size;
    fitted_ = true;
  }

  /// The candidate of the highest score; nothing: none is left.
  std::optional<CandidateId> guided() {
    if (!fitted_) fit();
    make_shortlist();
    if (shortlist_.empty()) return unguided();
    score(0);
    std::size_t best = leader();
    for (std::size_t round = 0; round < refinements && candidates_.size() > small_space; ++round) {
      const std::size_t before = shortlist_.size();
      for_each_neighbour(candidates_, shortlist_[best], [&](CandidateId c) { enlist(c); });
      tidy(before);
      score(before);
      const std::size_t now = leader();
      if (now == best) break;
      best = now;
    }
    return shortlist_[best];
  }

  /// The rest of the shortlist, best first.
  void take_by_score(std::size_t count, std::vector<CandidateId>& proposals) {
    std::vector<std::size_t> by_score(scores_.size());
    std::iota(by_score.begin(), by_score.end(), std::size_t{0});
    std::stable_sort(by_score.begin(), by_score.end(),
                     [&](std::size_t a, std::size_t b) { return scores_[a] > scores_[b]; });
    for (const std::size_t i : by_score) {
      if (proposals.size() == count) return;
      if (i >= shortlist_.size() || taken_[shortlist_[i]]) continue;
      taken_[shortlist_[i]] = true;
      proposals.push_back(shortlist_[i]);
    }
  }

  /// As if the candidate's result were known.
  void expect(CandidateId c) {
    const Point p = point(c);
    Prediction expected;
    if (!fitted_) fit();
    process_.predict({&p, 1}, {&expected, 1});
    process_.add(p, expected.mean);
    expecting_ = true;
    fit();
    expecting_ = false;
  }

  const Candidates& candidates_;
  std::mt19937_64 generator_;
  KnobDistance distance_;
  GaussianProcess process_;
  Feasibility feasibility_;
  std::vector<bool> taken_;  ///< proposed or told
  bool blind_ = false;       ///< the model predicts the same for all
  std::vector<Trial> best_;  ///< fewest cycles first
  std::vector<CandidateId> shortlist_;
  std::vector<double> scores_;
  std::size_t next_ = 0;  ///< all before it in the model's order are taken
  double searched_at_ = 0;
  bool fitted_ = false, expecting_ = false;
};

}  // namespace

std::unique_ptr<Strategy> make_bayesian(const Candidates& candidates, uint64_t seed) {
  return std::make_unique<Bayesian>(candidates, seed);
}

}  // namespace ares
