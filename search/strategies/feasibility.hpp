// The probability that a config can be measured, learned from those that could and those that could not.
//
// There are several explanations for failures: for each knob that its value, or one alike, is to blame, and for each
// knob with an order that everything from some value on, or up to some value, fails. Each explanation is weighed by how
// well it predicts every result from all the others; the probability is their mean. While everything has failed none
// is better than another, and a config is as good as its most suspicious knob.
#pragma once

#include <cstddef>
#include <vector>

#include "search/strategies/knob_kernel.hpp"

namespace ares {

class Feasibility {
 public:
  /// `distance` outlives it.
  explicit Feasibility(const KnobDistance& distance) : distance_(distance) {}

  void add(const Digits& digits, bool measured);

  std::size_t failures() const { return failed_; }

  /// In (0, 1]. What failed nearly always is a millionth of that: it comes when nothing else is left.
  double probability(const Digits& digits) const;

 private:
  enum class Kind { alike, from, up_to };
  struct Explanation {
    std::size_t knob = 0;
    Kind kind = Kind::alike;
    double weight = 0;
  };
  struct Result {
    Digits digits{};
    bool measured = false;
  };
  double explained(const Explanation& e, const Digits& digits, std::size_t without) const;
  void weigh() const;

  const KnobDistance& distance_;
  std::vector<Result> results_;  ///< the newest
  std::size_t failed_ = 0, measured_ = 0;
  mutable std::vector<Explanation> explanations_;  ///< weighed when they are asked for
  mutable bool weighed_ = false;
};

}  // namespace ares
