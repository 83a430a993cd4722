#include "search/strategies/registry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace ares {
namespace {

struct Entry {
  const char* name;
  const char* summary;
  std::unique_ptr<Strategy> (*make)(const Candidates&, uint64_t seed);
};

constexpr std::array<Entry, 5> entries{{
    {"auto", "bayesian and coordinate descent; of cheap measurements the model's favourites, a slice, neighbours",
     make_auto},
    {"bayesian", "the largest expected improvement under a Gaussian process over model and knobs", make_bayesian},
    {"evolutionary", "children of the best results: crossover and mutation of knobs", make_evolutionary},
    {"grid", "everything, in the order in which the cost model ranks it", make_grid},
    {"random", "everything, in random order", make_random},
}};

}  // namespace

std::vector<StrategyInfo> strategies() {
  std::vector<StrategyInfo> infos;
  for (const Entry& e : entries) infos.push_back({e.name, e.summary});
  return infos;
}

Result<std::unique_ptr<Strategy>> make_strategy(const std::string& name, const Candidates& candidates, uint64_t seed) {
  const auto* entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return name == e.name; });
  if (entry != entries.end()) return entry->make(candidates, seed);
  std::vector<std::string> names;
  for (const Entry& e : entries) names.emplace_back(e.name);
  return fail(fmt::format("strategy '{}' is not available; choose one of: {}", name, fmt::join(names, ", ")));
}

}  // namespace ares
