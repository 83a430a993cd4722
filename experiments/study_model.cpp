// How well the analytical model follows the event simulator: over random feasible configs of each of the tutorial's
// groups the relative difference of cycles and Kendall's tau. Beside them the fewest cycles of the sample and the lower
// bound.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "cost_models/cost_model.hpp"
#include "experiments/agreement.hpp"
#include "experiments/tutorial_groups.hpp"

using namespace ares;

namespace {

std::vector<Config> sample(const SearchSpace& space, size_t count, uint64_t seed, size_t& feasible) {
  std::vector<uint64_t> indices = feasible_indices(space);
  feasible = indices.size();
  std::mt19937_64 random(seed);
  std::vector<Config> configs;
  for (size_t i = 0; i < count && !indices.empty(); ++i) configs.push_back(space.config(indices[random() % feasible]));
  return configs;
}

std::vector<double> cycles_of(const CostModel& model, const Query& query, const std::vector<Config>& configs) {
  std::vector<Estimate> estimates(configs.size());
  model.estimate(query, configs, estimates);
  std::vector<double> cycles;
  for (const Estimate& e : estimates) cycles.push_back(e.cycles);
  return cycles;
}

void study(const NamedShape& group, const Context& context, const Target& target, size_t count, uint64_t seed) {
  const SearchSpace space = make_space(group.shape, context);
  size_t feasible = 0;
  const std::vector<Config> configs = sample(space, count, seed, feasible);
  if (configs.empty()) {
    fmt::print("{:<14} nothing fits\n", group.name);
    return;
  }
  const Query query{group.shape, context, target};
  const auto analytical = *make_cost_model("analytical"), event = *make_cost_model("event");
  const std::vector<double> model = cycles_of(*analytical, query, configs), played = cycles_of(*event, query, configs);
  const Agreement a = agreement(model, played);
  fmt::print("{:<14} {:>10} {:>9} {:>8.1f}% {:>8.1f}% {:>8.1f}% {:>+7.1f}% {:>7.3f} {:>12.0f} {:>12.0f}\n", group.name,
             space.raw_size(), feasible, 100 * a.median, 100 * a.p95, 100 * a.worst, 100 * a.bias, a.tau,
             *std::min_element(played.begin(), played.end()), lower_bound(query));
}

}  // namespace

int main(int argc, char** argv) {
  const size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 200;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (argc > 3 || count == 0) {
    fmt::print(stderr, "usage: ares-study-model [CONFIGS_PER_GROUP [SEED]]\n");
    return 2;
  }
  const Target target = *load_target("gap9");
  fmt::print("analytical model against event simulator, {} random feasible configs per group, seed {}\n\n", count,
             seed);
  fmt::print("{:<14} {:>10} {:>9} {:>9} {:>9} {:>9} {:>8} {:>7} {:>12} {:>12}\n", "group", "raw", "feasible", "median",
             "95 %", "largest", "bias", "tau", "best event", "lower bound");
  Context streamed = whole_l1(target);
  streamed.weights = Level::l3;
  streamed.l2_staging = 192 * 1024;
  for (const NamedShape& g : tutorial_groups()) study(g, whole_l1(target), target, count, seed);
  fmt::print("\nweights streamed from L3:\n");
  for (const NamedShape& g : tutorial_groups()) {
    if (g.shape.macs() > 0) study(g, streamed, target, count, seed);
  }
  return 0;
}
