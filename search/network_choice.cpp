#include "search/network_choice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cost_models/event.hpp"

namespace ares {
namespace {

struct Found {
  ConfigCycles result;
  ConfigOrigin origin;
};

/// Where the best config of a task came from: what was known before the search decides, then the search.
ConfigOrigin origin_of(const TuningTask& task) {
  const Config& best = task.state.best->config;
  if (task.best_known_before) return ConfigOrigin::kb_exact;
  if (task.offered(best)) return ConfigOrigin::kb_near;
  if (task.state.evaluations > 0 && !task.not_searched) return ConfigOrigin::search;
  return best == task.rule.config && best != task.model_best.config ? ConfigOrigin::rule : ConfigOrigin::model;
}

Found find(const Tuner& tuner, std::size_t group, Variant v) {
  const TuningTask& task = tuner.task_of(group);
  for (const Pin& pin : task.pins)
    if (pin.group == group) return {{pin.config, pin.cycles}, ConfigOrigin::pin};
  switch (v) {
    case Variant::tuned:
      return {*task.state.best, origin_of(task)};
    case Variant::model_best:
      return {*task.state.model_best, ConfigOrigin::model};
    case Variant::rule:
      return {*task.state.rule, ConfigOrigin::rule};
  }
  return {*task.state.best, origin_of(task)};
}

}  // namespace

ChosenConfig config_of(const Tuner& tuner, std::size_t group, Variant v) {
  const Found found = find(tuner, group, v);
  return {found.result.config, found.origin, fmt::format("{:.0f} cycles", found.result.cycles)};
}

double cycles_of(const Tuner& tuner, std::size_t group, Variant v) { return find(tuner, group, v).result.cycles; }

Result<NetworkChoice> choose_network(const LayerGraph& graph, const Target& target, const PlanOptions& options,
                                     const Tuner& tuner) {
  NetworkChoice choice;
  const Objective& objective = tuner.objective();
  for (const Variant v : variants) {
    std::size_t position = 0;
    auto program = plan_network(graph, target, options, [&](const Group&, const Context&) -> Result<ChosenConfig> {
      return config_of(tuner, position++, v);
    });
    if (!program) return tl::unexpected(program.error());
    PlayedNetwork& played = choice.played[static_cast<std::size_t>(v)];
    played.program = std::move(*program);
    const PlayResult warm = play(played.program, target, false).total;
    played.cycles = warm.cycles;
    played.cold_cycles = play(played.program, target, true).total.cycles;
    played.costs = {warm.cycles, energy_pj(objective.energy, target, to_estimate(warm, 0)),
                    static_cast<double>(played.program.l1_bytes),
                    static_cast<double>(played.program.arena_bytes + played.program.l2_constant_bytes)};
    if (objective.score(played.costs) < objective.score(choice.best().costs)) choice.kept = v;
  }
  return choice;
}

}  // namespace ares
