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

constexpr std::array<Entry, 3> entries{{
    {"auto", "the model's favourites, a random slice over all its ranks, then neighbours of the best", make_auto},
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
