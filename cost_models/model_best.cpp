#include "cost_models/model_best.hpp"

namespace ares {

std::optional<BestByModel> best_by_model(const CostModel& model, const Query& query) {
  constexpr size_t batch = 1024;
  std::optional<BestByModel> best;
  std::vector<Config> configs;
  std::vector<Estimate> estimates(batch);
  const auto score = [&] {
    model.estimate(query, configs, std::span(estimates).first(configs.size()));
    for (size_t i = 0; i < configs.size(); ++i)
      if (estimates[i].feasible && (!best || estimates[i].cycles < best->estimate.cycles))
        best = BestByModel{configs[i], estimates[i]};
    configs.clear();
  };
  for_each_feasible(make_space(query.shape, query.context), [&](uint64_t, const Config& c) {
    configs.push_back(c);
    if (configs.size() == batch) score();
    return true;
  });
  score();
  return best;
}

}  // namespace ares
