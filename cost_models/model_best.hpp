// The best config of a group by a cost model, unmeasured.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cost_models/cost_model.hpp"

namespace ares {

struct BestByModel {
  Config config;
  Estimate estimate;
};

/// Largest space, in raw configs, that best_by_model() scores completely.
inline constexpr uint64_t most_scored = uint64_t{1} << 18;

/// The best of all feasible configs; of equals the first. Nothing: not even the smallest tile fits. In a space of more
/// than `most` configs (streamed weights have up to billions) the best that descent finds from the best of evenly
/// spread samples and from the rule, changing two knobs at a time.
std::optional<BestByModel> best_by_model(const CostModel& model, const Query& query, uint64_t most = most_scored);

/// best_by_model() for the groups of a network. Networks repeat their layers, so answers are kept.
class ModelBests {
 public:
  /// `target` has to stay alive.
  ModelBests(std::shared_ptr<const CostModel> model, const Target& target);
  std::optional<BestByModel> operator()(const GroupShape& shape, const Context& context);

 private:
  struct Answer {
    GroupShape shape;
    Context context;
    std::optional<BestByModel> best;
  };
  std::shared_ptr<const CostModel> model_;
  const Target& target_;
  std::vector<Answer> answers_;
};

}  // namespace ares
