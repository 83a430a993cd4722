// How alike two configs of a space are, for regression over its knobs.
//
// Tile sizes are compared on a log scale (1: one is twice the other), by how much of the last tile is left empty, and
// by how evenly eight workers share one; numbers of buffers as they are; the rest (order, kernel, parallel) only by
// whether they agree. Of these squared distances, d[k] of knob k, the kernel is
//
//     additive * mean over k of exp(-d[k] / 2)  +  (1 - additive) * Matern 5/2 of sqrt(sum of d[k]) / length
//
// The first part learns what each knob does by itself and carries it over the whole space (Duvenaud, Nickisch and
// Rasmussen, Additive Gaussian Processes, 2011), the second what combinations do nearby.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/group/space.hpp"

namespace ares {

/// Of a config: for each knob of its space the position in the knob's list.
using Digits = std::array<uint8_t, knob_count>;

Digits digits_of(const SearchSpace& space, uint64_t index);

/// What the kernel is made of, for one pair of configs.
struct Likeness {
  double additive = 0;  ///< mean of the knobs' own likenesses, in 0..1
  double squared = 0;   ///< sum of squared distances
};

struct KernelShape {
  double length = 2, additive = 0.5;
};

double kernel(const Likeness& l, const KernelShape& shape);

/// Tables of all pairs of values of each knob.
class KnobDistance {
 public:
  explicit KnobDistance(const SearchSpace& space);
  Likeness operator()(const Digits& a, const Digits& b) const;
  /// exp(-d[k] / 2) of one knob alone, by its position in the space.
  double alike(const Digits& a, const Digits& b, std::size_t k) const {
    return tables_[k].alike[a[k] * tables_[k].size + b[k]];
  }
  std::size_t knobs() const { return tables_.size(); }
  /// True where the knob's values are more or less of something.
  bool ordered(std::size_t k) const { return tables_[k].ordered; }

 private:
  struct Table {
    std::size_t size = 0;
    bool ordered = false;
    std::vector<float> squared, alike;  ///< of value i and j at i * size + j
  };
  std::vector<Table> tables_;
};

}  // namespace ares
