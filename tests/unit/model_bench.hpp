// A group, some of its configs and what the analytical model says of them: what models that learn are tried on.
#pragma once

#include <vector>

#include "core/group/space.hpp"
#include "cost_models/cost_model.hpp"

namespace ares::test {

struct ModelBench {
  Target target = load_target("gap9").value();
  GroupShape shape;
  Context context;
  std::vector<Config> configs;  ///< each `every`-th of the feasible ones, at most `most`
  std::vector<Estimate> analytical;

  ModelBench(const GroupShape& of, uint64_t every, size_t most) : shape(of) {
    context.l1_bytes = 64 * 1024;
    for_each_feasible(make_space(shape, context), [&](uint64_t index, const Config& c) {
      if (index % every == 0) configs.push_back(c);
      return configs.size() < most;
    });
    analytical = by(**make_cost_model("analytical"));
  }

  Query query() const { return {shape, context, target}; }

  std::vector<Estimate> by(const CostModel& model) const {
    std::vector<Estimate> e(configs.size());
    model.estimate(query(), configs, e);
    return e;
  }
};

}  // namespace ares::test
