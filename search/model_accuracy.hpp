// How well a cost model predicted what was then measured. Of the configs that were measured, not of the whole space: a
// strategy that follows the model measures what the model likes.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace ares {

/// Cycles of one config.
struct PredictedMeasured {
  float predicted = 0, measured = 0;
};

struct ModelAccuracy {
  std::size_t configs = 0;
  double mape = 0;  ///< mean of |predicted / measured - 1|
  double tau = 1;   ///< Kendall's tau-b: 1 orders all pairs as measured, 0 is chance; of at most 2,000 configs, evenly
                    ///< spaced in the order of measuring
  double recall = 1;  ///< of the ten predicted fastest (fewer where fewer were measured), the share that is in fact no
                      ///< slower than the tenth fastest measured
  double regret = 0;  ///< the predicted fastest against the fastest measured: 0.02 is 2 % slower
};

/// Nothing: fewer than two configs.
std::optional<ModelAccuracy> model_accuracy(const std::vector<PredictedMeasured>& results);

/// Kendall's tau-b of the two columns, in the square of their number.
double kendall_tau(const std::vector<PredictedMeasured>& results);

}  // namespace ares
