#include "core/plan/plan_json.hpp"

#include <nlohmann/json.hpp>

namespace ares {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Placement& p) { return {{"level", name_of(p.level)}, {"offset", p.offset}, {"bytes", p.bytes}}; }

/// The operands that are loaded early, stored late, or that stay in L1.
Json operands(const TileProgram& p, bool Copy::*mark) {
  Json names = Json::array();
  for (const TileOperation& op : p.operations)
    if (const auto* c = std::get_if<Copy>(&op.what); c && c->*mark) names.push_back(name_of(c->operand));
  return names;
}

Json to_json(const PlannedGroup& g) {
  Json inputs = Json::array({to_json(g.input)});
  if (g.group.inputs.size() > 1) inputs.push_back(to_json(g.input2));
  if (g.group.inputs.size() > 2) inputs.push_back(to_json(g.input3));
  return {{"name", g.group.name},
          {"op", name_of(g.group.shape.family)},
          {"config", to_string(g.chosen.config)},
          {"config_from", name_of(g.chosen.origin)},
          {"weights_in", name_of(g.context.weights)},
          {"l1_window", g.context.l1_bytes},
          {"l1_bytes", g.program.l1_bytes},
          {"early", operands(g.program, &Copy::early)},
          {"late", operands(g.program, &Copy::late)},
          {"stays_in_l1", operands(g.program, &Copy::stays)},
          {"inputs", std::move(inputs)},
          {"output", to_json(g.output)},
          {"weights", to_json(g.weights)},
          {"params", to_json(g.params)},
          {"tails", to_json(g.tails)},
          {"staging", {{"offset", g.staging_offset}, {"bytes", g.program.l2_bytes}}}};
}

}  // namespace

std::string plan_to_json(const NetworkProgram& n) {
  Json groups = Json::array();
  for (const PlannedGroup& g : n.groups) groups.push_back(to_json(g));
  const Json plan = {{"network", n.name},
                     {"cores", n.cores},
                     {"stack", n.stack},
                     {"l1_bytes", n.l1_bytes},
                     {"l2_arena", {{"bytes", n.arena_bytes}, {"lower_bound", n.arena_lower_bound}}},
                     {"l2_constant_bytes", n.l2_constant_bytes},
                     {"l3_bytes", n.l3_bytes},
                     {"groups", groups}};
  return plan.dump(1) + "\n";
}

}  // namespace ares
