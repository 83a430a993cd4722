// How well one model's cycles follow another's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ares {

/// Relative differences (median, 95th percentile, largest of their size; median of the signed ones) and Kendall's
/// tau-b.
struct Agreement {
  double median = 0, p95 = 0, worst = 0, bias = 0, tau = 0;
};

/// Pairs ordered alike less pairs ordered otherwise, over all pairs, corrected for ties.
inline double kendall_tau(const std::vector<double>& a, const std::vector<double>& b) {
  int64_t concordant = 0, discordant = 0, ties_a = 0, ties_b = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = i + 1; j < a.size(); ++j) {
      const double d = (a[i] - a[j]) * (b[i] - b[j]);
      if (d > 0) ++concordant;
      if (d < 0) ++discordant;
      if (a[i] == a[j] && b[i] != b[j]) ++ties_a;
      if (b[i] == b[j] && a[i] != a[j]) ++ties_b;
    }
  const auto both = static_cast<double>(concordant + discordant);
  const double scale = std::sqrt((both + static_cast<double>(ties_a)) * (both + static_cast<double>(ties_b)));
  return scale == 0 ? 1 : static_cast<double>(concordant - discordant) / scale;
}

/// `model` against `reference`, config by config; neither is empty.
inline Agreement agreement(const std::vector<double>& model, const std::vector<double>& reference) {
  std::vector<double> sizes, differences;
  for (size_t i = 0; i < model.size(); ++i) {
    differences.push_back(model[i] / reference[i] - 1);
    sizes.push_back(std::abs(differences.back()));
  }
  std::sort(sizes.begin(), sizes.end());
  std::sort(differences.begin(), differences.end());
  const auto at = [](const std::vector<double>& v, double q) {
    return v[static_cast<size_t>(q * static_cast<double>(v.size() - 1))];
  };
  return {at(sizes, 0.5), at(sizes, 0.95), sizes.back(), at(differences, 0.5), kendall_tau(model, reference)};
}

}  // namespace ares
