// How well the analytical model follows the event simulator: over random feasible configs of each group the relative
// difference of cycles (median, 95th percentile, largest) and Kendall's tau, the share of pairs ordered alike less the
// share ordered otherwise. Also what the model's choice costs: event cycles of the model's best config over the best.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "cost_models/cost_model.hpp"
#include "experiments/tutorial_groups.hpp"

using namespace ares;

namespace {

struct Agreement {
  double median = 0, p95 = 0, worst = 0, bias = 0, tau = 0;
};

double kendall_tau(const std::vector<double>& a, const std::vector<double>& b) {
  int64_t concordant = 0, discordant = 0, ties_a = 0, ties_b = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = i + 1; j < a.size(); ++j) {
      const double d = (a[i] - a[j]) * (b[i] - b[j]);
      if (d > 0) ++concordant;
      if (d < 0) ++discordant;
      if (a[i] == a[j] && b[i] != b[j]) ++ties_a;
      if (b[i] == b[j] && a[i] != a[j]) ++ties_b;
    }
  const double both = static_cast<double>(concordant + discordant);
  const double scale = std::sqrt((both + static_cast<double>(ties_a)) * (both + static_cast<double>(ties_b)));
  return scale == 0 ? 1 : static_cast<double>(concordant - discordant) / scale;
}

Agreement compare(const std::vector<double>& model, const std::vector<double>& event) {
  std::vector<double> differences, signed_differences;
  for (size_t i = 0; i < model.size(); ++i) {
    signed_differences.push_back(model[i] / event[i] - 1);
    differences.push_back(std::abs(signed_differences.back()));
  }
  std::sort(differences.begin(), differences.end());
  std::sort(signed_differences.begin(), signed_differences.end());
  const auto at = [](const std::vector<double>& v, double q) {
    return v[static_cast<size_t>(q * static_cast<double>(v.size() - 1))];
  };
  return {at(differences, 0.5), at(differences, 0.95), differences.back(), at(signed_differences, 0.5),
          kendall_tau(model, event)};
}

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
  const Agreement a = compare(model, played);
  fmt::print("{:<14} {:>10} {:>9} {:>8.1f}% {:>8.1f}% {:>8.1f}% {:>+7.1f}% {:>7.3f} {:>12.0f} {:>12.0f}\n", group.name,
             space.raw_size(), feasible, 100 * a.median, 100 * a.p95, 100 * a.worst, 100 * a.bias, a.tau,
             *std::min_element(played.begin(), played.end()), lower_bound(query));
  if (std::getenv("ARES_STUDY_WORST") == nullptr) return;
  std::vector<size_t> order(configs.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t x, size_t y) {
    return std::abs(model[x] / played[x] - 1) > std::abs(model[y] / played[y] - 1);
  });
  for (size_t i = 0; i < std::min<size_t>(5, order.size()); ++i)
    fmt::print("    {:>10.0f} event {:>10.0f} model  {}\n", played[order[i]], model[order[i]],
               to_string(configs[order[i]]));
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
