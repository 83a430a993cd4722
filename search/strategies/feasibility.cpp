#include "search/strategies/feasibility.hpp"

#include <algorithm>
#include <cmath>

namespace ares {
namespace {

constexpr std::size_t most_results = 200;  ///< of more, the newest count
constexpr double prior_weight = 0.1;       ///< of a config's being measurable, in results
constexpr double hopeless = 0.05;          ///< a lower probability is not worth a measurement
constexpr std::size_t nobody = static_cast<std::size_t>(-1);

/// What fails has sharper bounds than what is slow.
double sharply(double alike) { return alike * alike * alike * alike; }

}  // namespace

void Feasibility::add(const Digits& digits, bool measured) {
  ++(measured ? measured_ : failed_);
  if (results_.size() == most_results) results_.erase(results_.begin());
  results_.push_back({digits, measured});
  weighed_ = false;
}

/// Probability by one explanation alone, from all results but one.
double Feasibility::explained(const Explanation& e, const Digits& digits, std::size_t without) const {
  double good = 0, bad = 0;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const Result& r = results_[i];
    if (i == without) continue;
    const int beyond = e.kind == Kind::from ? r.digits[e.knob] - digits[e.knob] : digits[e.knob] - r.digits[e.knob];
    if (e.kind == Kind::alike)
      (r.measured ? good : bad) += sharply(distance_.alike(digits, r.digits, e.knob));
    else if (r.measured)
      good += beyond >= 0;  // further on, and it could be measured
    else
      bad += beyond <= 0;  // not as far, and it failed
  }
  const double prior = e.kind == Kind::alike ? 1 : 0.5;
  return (good + prior * prior_weight) / (good + bad + prior_weight);
}

void Feasibility::weigh() const {
  explanations_.clear();
  for (std::size_t k = 0; k < distance_.knobs(); ++k) {
    explanations_.push_back({k, Kind::alike});
    if (!distance_.ordered(k)) continue;
    explanations_.push_back({k, Kind::from});
    explanations_.push_back({k, Kind::up_to});
  }
  double best = -HUGE_VAL;
  for (Explanation& e : explanations_) {
    for (std::size_t i = 0; i < results_.size(); ++i) {
      const double p = explained(e, results_[i].digits, i);
      e.weight += std::log(std::max(results_[i].measured ? p : 1 - p, 1e-3));
    }
    best = std::max(best, e.weight);
  }
  double sum = 0;
  for (Explanation& e : explanations_) sum += e.weight = std::exp(e.weight - best);
  for (Explanation& e : explanations_) e.weight /= sum;
  weighed_ = true;
}

double Feasibility::probability(const Digits& digits) const {
  if (failed_ == 0) return 1;
  double p = 0;
  if (measured_ == 0) {
    p = 1;
    for (std::size_t k = 0; k < distance_.knobs(); ++k) p = std::min(p, explained({k, Kind::alike}, digits, nobody));
  } else {
    if (!weighed_) weigh();
    for (const Explanation& e : explanations_)
      if (e.weight > 1e-3) p += e.weight * explained(e, digits, nobody);
  }
  return p < hopeless ? p * 1e-6 : p;
}

}  // namespace ares
