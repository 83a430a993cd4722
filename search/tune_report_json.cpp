#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "codegen/pins.hpp"
#include "search/tune_report.hpp"

namespace ares {
namespace {

using Json = nlohmann::ordered_json;

/// Raised with every change that a reader must know of.
constexpr int schema_version = 1;

Json dims(const Dims& d) { return {d.h, d.w, d.c}; }

Json shape_json(const GroupShape& s) {
  Json j{{"in", dims(s.in)}, {"out", dims(s.out)}};
  if (!has_window(s.family)) return j;
  const Window& w = s.window;
  j["kernel"] = {w.kh, w.kw};
  j["stride"] = {w.sh, w.sw};
  j["dilation"] = {w.dh, w.dw};
  j["pad"] = {w.pt, w.pl, w.pb, w.pr};
  return j;
}

Json optional_json(const std::optional<double>& d) { return d ? Json(*d) : Json(nullptr); }

Json accuracy_json(const std::optional<ModelAccuracy>& a) {
  if (!a) return nullptr;
  return {{"configs", a->configs},
          {"mape", a->mape},
          {"kendall_tau", a->tau},
          {"top10_recall", a->recall},
          {"regret", a->regret}};
}

/// Energy is the target's table's, a model.
Json costs_json(const Costs& c) {
  return {{"cycles", c.cycles}, {"energy_uj", c.energy_pj / 1e6}, {"l1_bytes", c.l1_bytes}, {"l2_bytes", c.l2_bytes}};
}

Json front_json(const std::vector<ParetoFront::Point>& front) {
  Json points = Json::array();
  for (const ParetoFront::Point& p : front) {
    Json point = costs_json(p.costs);
    point["config"] = config_json(p.config);
    points.push_back(std::move(point));
  }
  return points;
}

Json group_json(const GroupReport& g) {
  Json removed = Json::object();
  for (int c = 0; c < constraint_count; ++c)
    removed[name_of(static_cast<Constraint>(c))] = g.census.removed[static_cast<std::size_t>(c)];
  Json j{{"name", g.name}, {"op", g.op}, {"shape", shape_json(g.shape)}, {"macs", g.macs}};
  j["config"] = config_json(g.config);
  j["rule_cycles"] = g.rule_cycles;
  j["model_best_cycles"] = g.model_best_cycles;
  j["tuned_cycles"] = g.tuned_cycles;
  j["optimum_cycles"] = optional_json(g.optimum_cycles);
  j["lower_bound_cycles"] = g.lower_bound_cycles;
  j["bottleneck"] = name_of(g.bottleneck);
  j["config_from"] = name_of(g.origin);
  j["cycles_from"] = g.cycles_from;
  j["settled"] = g.settled;
  j["why"] = g.why;
  j["evaluations"] = g.evaluations;
  j["evaluations_total"] = g.evaluations_total;
  j["same_as"] = g.same_as.empty() ? Json(nullptr) : Json(g.same_as);
  j["space"] = {{"raw", g.census.raw}, {"feasible", g.census.feasible}, {"removed", removed}};
  j["kb"] = {{"hit", name_of(g.hit)}};
  if (g.hit == StoreHit::near) j["kb"]["distance"] = g.hit_distance;
  j["model_accuracy"] = accuracy_json(g.accuracy);
  if (g.costs.cycles > 0) j["costs"] = costs_json(g.costs);
  if (!g.front.empty()) j["pareto"] = front_json(g.front);
  if (!g.plan.empty()) j["plan"] = g.plan;
  j["trials_hash"] = fmt::format("{:016x}", g.trials_hash);
  return j;
}

const char* name_of_variant(Variant v) {
  switch (v) {
    case Variant::tuned:
      return "tuned";
    case Variant::model_best:
      return "model-best";
    case Variant::rule:
      return "rule";
  }
  return "?";
}

Json total_json(const TuneReport& r) {
  if (r.dry_run) return {{"measurements", 0}, {"wall_s", r.wall_s}};
  Json total{{"rule_cycles", r.rule_cycles},
             {"model_best_cycles", r.model_best_cycles},
             {"tuned_cycles", r.tuned_cycles},
             {"tuned_cold_cycles", r.tuned_cold_cycles}};
  total["rule_cold_cycles"] = r.rule_cold_cycles;
  total["model_best_cold_cycles"] = r.model_best_cold_cycles;
  total["optimum_cycles"] = optional_json(r.optimum_cycles);
  total["lower_bound_cycles"] = r.lower_bound_cycles;
  total["winners_cycles"] = r.winners_cycles;
  total["network_plays"] = r.plays;
  total["fused"] = r.fused;
  total["kept"] = name_of_variant(r.kept);
  total["cycles_from"] = r.cycles_from;
  if (!r.objective.is_cycles()) total["costs"] = costs_json(r.costs);
  if (!r.simulator.empty()) total["simulator"] = r.simulator;
  total["measurements"] = r.measurements;
  total["model_accuracy"] = accuracy_json(accuracy_of(r));
  if (r.clock_hz > 0) {
    total["clock_hz"] = r.clock_hz;
    total["tuned_ms"] = milliseconds(r, r.tuned_cycles);
    total["tuned_cold_ms"] = milliseconds(r, r.tuned_cold_cycles);
  }
  if (r.target_ms > 0) {
    total["target_ms"] = r.target_ms;
    total["meets_target"] = meets_target(r);
  }
  total["wall_s"] = r.wall_s;
  total["ended"] = r.ended ? Json(std::string(name_of(*r.ended))) : Json(nullptr);
  return total;
}

}  // namespace

std::string to_json(const TuneReport& r) {
  Json j{{"schema_version", schema_version}, {"model", r.model}, {"target", r.target}, {"seed", r.seed}};
  j["requant"] = r.requant;
  j["objective"] = r.objective.is_cycles() ? "warm" : r.objective.name();
  j["strategy"] = r.strategy;
  j["cost_model"] = r.cost_model;
  if (!r.cost_model_failure.empty()) j["cost_model_failure"] = r.cost_model_failure;
  if (const Correction& c = r.correction; !c.source.empty())
    j["corrected_by"] = {{"source", c.source}, {"results", c.results}, {"groups", c.groups}};
  j["cores"] = r.cores;
  j["dry_run"] = r.dry_run;
  j["groups"] = Json::array();
  for (const GroupReport& g : r.groups) j["groups"].push_back(group_json(g));
  j["total"] = total_json(r);
  return j.dump(2) + "\n";
}

}  // namespace ares
