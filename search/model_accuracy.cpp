#include "search/model_accuracy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ares {
namespace {

constexpr std::size_t most_for_tau = 2000;
constexpr std::size_t top = 10;

std::vector<PredictedMeasured> evenly_spaced(const std::vector<PredictedMeasured>& all, std::size_t most) {
  if (all.size() <= most) return all;
  std::vector<PredictedMeasured> part;
  for (std::size_t i = 0; i < most; ++i) part.push_back(all[i * all.size() / most]);
  return part;
}

int sign(float a, float b) { return (a > b) - (a < b); }

}  // namespace

double kendall_tau(const std::vector<PredictedMeasured>& r) {
  int64_t balance = 0, untied_predicted = 0, untied_measured = 0;
  for (std::size_t i = 0; i < r.size(); ++i)
    for (std::size_t j = i + 1; j < r.size(); ++j) {
      const int p = sign(r[i].predicted, r[j].predicted), m = sign(r[i].measured, r[j].measured);
      balance += p * m;
      untied_predicted += p != 0;
      untied_measured += m != 0;
    }
  const double scale =
      std::sqrt(static_cast<double>(untied_predicted)) * std::sqrt(static_cast<double>(untied_measured));
  return scale > 0 ? static_cast<double>(balance) / scale : 1;
}

std::optional<ModelAccuracy> model_accuracy(const std::vector<PredictedMeasured>& results) {
  if (results.size() < 2) return std::nullopt;
  ModelAccuracy a;
  a.configs = results.size();
  for (const auto& [predicted, measured] : results) a.mape += std::fabs(predicted / measured - 1.0);
  a.mape /= static_cast<double>(results.size());
  a.tau = kendall_tau(evenly_spaced(results, most_for_tau));

  std::vector<PredictedMeasured> sorted = results;
  const auto count = static_cast<std::ptrdiff_t>(std::min(top, sorted.size()));
  std::partial_sort(sorted.begin(), sorted.begin() + count, sorted.end(),
                    [](const auto& x, const auto& y) { return x.measured < y.measured; });
  const float best = sorted.front().measured, tenth = sorted[static_cast<std::size_t>(count) - 1].measured;
  std::partial_sort(sorted.begin(), sorted.begin() + count, sorted.end(), [](const auto& x, const auto& y) {
    return x.predicted != y.predicted ? x.predicted < y.predicted : x.measured < y.measured;
  });
  const auto fast =
      std::count_if(sorted.begin(), sorted.begin() + count, [tenth](const auto& r) { return r.measured <= tenth; });
  a.recall = static_cast<double>(fast) / static_cast<double>(count);
  a.regret = sorted.front().measured / best - 1.0;
  return a;
}

}  // namespace ares
