#include "search/strategies/knob_kernel.hpp"

#include <cmath>

namespace ares {
namespace {

enum class Scale : uint8_t { size, number, category };

Scale scale_of(Knob k) {
  switch (k) {
    case Knob::tile_h:
    case Knob::tile_w:
    case Knob::tile_co:
    case Knob::tile_ci:
    case Knob::tile_l2:
    case Knob::share:
      return Scale::size;
    case Knob::buf_in:
    case Knob::buf_w:
    case Knob::buf_out:
    case Knob::buf_l2:
      return Scale::number;
    case Knob::order:
    case Knob::kernel:
    case Knob::parallel:
    case Knob::kernel2:
      return Scale::category;
  }
  return Scale::category;
}

/// Squared distance of two values of which nothing is known but that they differ.
constexpr double categories_apart = 2;
/// Workers of the clusters that ARES knows; a guess that is wrong makes a feature less useful, nothing else.
constexpr double workers = 8;

/// How many times too much is computed when `whole` is done in steps of `step`, as log2.
double waste(double whole, double step) { return std::log2(std::ceil(whole / step) * step / whole); }

double square(double x) { return x * x; }

double squared_distance(Scale scale, double a, double b, double extent) {
  if (scale == Scale::category) return a == b ? 0 : categories_apart;
  if (scale == Scale::number || a == 0 || b == 0) return square(a - b);
  return square(std::log2(a / b)) + square(waste(extent, a) - waste(extent, b)) +
         square(waste(a, workers) - waste(b, workers)) / 4;
}

}  // namespace

Digits digits_of(const SearchSpace& space, uint64_t index) {
  Digits digits{};
  for (std::size_t k = space.knobs.size(); k-- > 0;) {
    const uint64_t size = space.knobs[k].values.size();
    digits[k] = static_cast<uint8_t>(index % size);
    index /= size;
  }
  return digits;
}

double kernel(const Likeness& l, const KernelShape& shape) {
  const double r = std::sqrt(5 * l.squared) / shape.length;
  const double matern = (1 + r + r * r / 3) * std::exp(-r);  // Rasmussen and Williams, Gaussian Processes, (4.17)
  return shape.additive * l.additive + (1 - shape.additive) * matern;
}

KnobDistance::KnobDistance(const SearchSpace& space) {
  for (const KnobRange& range : space.knobs) {
    Table& t = tables_.emplace_back();
    t.size = range.values.size();
    const Scale scale = scale_of(range.knob);
    t.ordered = scale != Scale::category;
    for (const uint16_t a : range.values)
      for (const uint16_t b : range.values) {
        const double d = squared_distance(scale, a, b, range.values.back());
        t.squared.push_back(static_cast<float>(d));
        t.alike.push_back(static_cast<float>(std::exp(-d / 2)));
      }
  }
}

Likeness KnobDistance::operator()(const Digits& a, const Digits& b) const {
  float squared = 0, alike = 0;
  for (std::size_t k = 0; k < tables_.size(); ++k) {
    const Table& t = tables_[k];
    const std::size_t pair = a[k] * t.size + b[k];
    squared += t.squared[pair];
    alike += t.alike[pair];
  }
  return {tables_.empty() ? 1 : alike / static_cast<double>(tables_.size()), squared};
}

}  // namespace ares
