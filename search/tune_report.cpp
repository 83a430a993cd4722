#include "search/tune_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/text_table.hpp"

namespace ares {
namespace {

std::string why(const TuningTask& task, const Measurer& measurer) {
  if (task.not_searched) return std::string(name_of(*task.not_searched));
  if (task.state.settled) return std::string(name_of(*task.state.settled));
  return measurer.is_none() ? "not measured" : "budget";
}

std::string gain_text(double rule, double tuned) { return tuned > 0 ? fmt::format("{:.2f}x", rule / tuned) : "-"; }

std::vector<std::string> row(const GroupReport& g) {
  const std::string op = operator_text(g.shape);
  return {g.name,
          op,
          shape_text(g.shape),
          grouped(static_cast<double>(g.macs)),
          grouped(g.rule_cycles),
          grouped(g.model_best_cycles),
          grouped(g.tuned_cycles),
          g.optimum_cycles ? grouped(*g.optimum_cycles) : "-",
          grouped(g.lower_bound_cycles),
          name_of(g.bottleneck),
          gain_text(g.rule_cycles, g.tuned_cycles),
          name_of(g.origin),
          g.same_as.empty() ? grouped(static_cast<double>(g.evaluations)) : "-",
          g.same_as.empty() ? (g.settled ? g.why : "no: " + g.why) : "as " + g.same_as};
}

std::vector<std::string> total_row(const TuneReport& r) {
  double macs = 0;
  for (const GroupReport& g : r.groups) macs += static_cast<double>(g.macs);
  return {"network",
          "",
          "",
          grouped(macs),
          grouped(r.rule_cycles),
          grouped(r.model_best_cycles),
          grouped(r.tuned_cycles),
          r.optimum_cycles ? grouped(*r.optimum_cycles) : "-",
          grouped(r.lower_bound_cycles),
          "",
          gain_text(r.rule_cycles, r.tuned_cycles),
          "",
          grouped(static_cast<double>(r.measurements)),
          ""};
}

std::string kept_text(Variant kept) {
  switch (kept) {
    case Variant::tuned:
      return "the tuned program";
    case Variant::model_best:
      return "the model's best program: as a whole it is better than the tuned one";
    case Variant::rule:
      return "the rule's program: as a whole it is better than the tuned one";
  }
  return "";
}

std::string source_text(const TuneReport& r) {
  if (!r.simulator.empty())
    return fmt::format("Warm cycles; groups on {}; the network by the {} simulator.", r.simulator, r.cycles_from);
  if (r.groups.empty() || r.groups.front().cycles_from == r.cycles_from)
    return fmt::format("Warm cycles, from the {} simulator.", r.cycles_from);
  return fmt::format("Warm cycles; groups by the cost model {}, the network by the {} simulator.", r.cost_model,
                     r.cycles_from);
}

std::string end_text(const TuneReport& r) {
  const auto open = std::count_if(r.groups.begin(), r.groups.end(), [](const GroupReport& g) { return !g.settled; });
  if (r.ended == StopReason::interrupted) return "interrupted; what was measured is kept";
  if (open == 0) return "every group is settled";
  if (r.ended) return fmt::format("the budget ({}) ended it; {} groups can be tuned further", name_of(*r.ended), open);
  return fmt::format("{} groups were not searched to the end", open);
}

std::string time_text(const TuneReport& r) {
  if (r.clock_hz <= 0) return "";
  std::string text = fmt::format("At {:g} MHz {:.3f} ms warm, {:.3f} ms cold.", r.clock_hz / 1e6,
                                 milliseconds(r, r.tuned_cycles), milliseconds(r, r.tuned_cold_cycles));
  if (r.target_ms <= 0) return text + "\n";
  const double ratio = milliseconds(r, r.tuned_cycles) / r.target_ms;
  return text +
         (meets_target(r)
              ? fmt::format(" The target of {:g} ms is met, with {:.1f} % to spare.\n", r.target_ms, 100 * (1 - ratio))
              : fmt::format(" The target of {:g} ms is missed: it takes {:.2f} times as long.\n", r.target_ms, ratio));
}

std::string objective_text(const TuneReport& r) {
  if (r.objective.is_cycles()) return "";
  return fmt::format(
      "Tuned for {}: {:.1f} uJ (by the target's energy table, a model), {} bytes of L1 and {} bytes of L2.\n",
      r.objective.name(), r.costs.energy_pj / 1e6, grouped(r.costs.l1_bytes), grouped(r.costs.l2_bytes));
}

std::string network_text(const TuneReport& r) {
  if (r.plays == 0) return "";
  std::string text =
      fmt::format("network: per-group winners {}, whole-network search {} ({} plays", grouped(r.winners_cycles),
                  grouped(r.tuned_cycles), grouped(static_cast<double>(r.plays)));
  if (!r.fused.empty()) text += fmt::format("; fused: {}", fmt::join(r.fused, ", "));
  return text + ").\n";
}

std::string accuracy_text(const TuneReport& r) {
  const auto a = accuracy_of(r);
  if (!a) return "";
  return fmt::format(
      "Cost model {}: {:.1f} % off on average, Kendall's tau {:.2f}, {:.0f} % of its ten best are among the "
      "ten best, its best is {:.2f} % slower than the best found.\n",
      r.correction.groups > 0 ? "corrected" : r.cost_model, 100 * a->mape, a->tau, 100 * a->recall, 100 * a->regret);
}

}  // namespace

std::string ranking_text(const Correction& c) {
  if (c.source.empty()) return "";
  if (c.groups == 0)
    return fmt::format("Ranked by the analytical model: the knowledge base has no results of {} to correct it by.\n",
                       c.source);
  return fmt::format("Ranked by the analytical model, corrected by {} results of {} for {} groups.\n",
                     grouped(static_cast<double>(c.results)), c.source, c.groups);
}

double milliseconds(const TuneReport& r, double cycles) { return r.clock_hz > 0 ? 1000 * cycles / r.clock_hz : 0; }

bool meets_target(const TuneReport& r) { return milliseconds(r, r.tuned_cycles) <= r.target_ms; }

std::optional<ModelAccuracy> accuracy_of(const TuneReport& r) {
  ModelAccuracy all;
  all.recall = 0;
  double predicted_best = 0, best = 0;
  std::vector<double> taus;
  for (const GroupReport& g : r.groups) {
    if (!g.accuracy) continue;
    const auto configs = static_cast<double>(g.accuracy->configs);
    all.configs += g.accuracy->configs;
    all.mape += configs * g.accuracy->mape;
    all.recall += g.accuracy->recall;
    taus.push_back(g.accuracy->tau);
    predicted_best += g.tuned_cycles * (1 + g.accuracy->regret);
    best += g.tuned_cycles;
  }
  if (taus.empty()) return std::nullopt;
  std::sort(taus.begin(), taus.end());
  all.mape /= static_cast<double>(all.configs);
  all.recall /= static_cast<double>(taus.size());
  all.tau = taus[taus.size() / 2];
  all.regret = predicted_best / best - 1;
  return all;
}

std::string heading(const TuneReport& r) {
  return fmt::format("{}: {} on {}, {} cores, {} requantisation.", r.file, r.model, r.target, r.cores, r.requant);
}

std::string operator_text(const GroupShape& shape) {
  const Window& w = shape.window;
  std::string text = name_of(shape.family);
  if (!has_window(shape.family)) return text;
  text += fmt::format(" {}x{}", w.kh, w.kw);
  if (w.sh != 1 || w.sw != 1) text += w.sh == w.sw ? fmt::format("/{}", w.sh) : fmt::format("/{}x{}", w.sh, w.sw);
  return text;
}

std::string shape_text(const GroupShape& shape) {
  const auto dims = [&](const Dims& d) {
    if (d.h == 1 && d.w == 1) return fmt::format("{}", d.c);
    if (shape.family == Family::linear) return fmt::format("{}x{}", d.w, d.c);
    return fmt::format("{}x{}x{}", d.h, d.w, d.c);
  };
  return fmt::format("{} > {}", dims(shape.in), dims(shape.out));
}

GroupReport group_report(const GroupInContext& g, std::size_t position, const Tuner& tuner, const CostModel& model,
                         const Measurer& measurer, Variant variant) {
  const TuningTask& task = tuner.task_of(position);
  const ChosenConfig chosen = config_of(tuner, position, variant);
  GroupReport r;
  r.name = g.group.name;
  r.op = name_of(g.group.shape.family);
  r.shape = g.group.shape;
  r.context = g.context;
  r.macs = g.group.shape.macs();
  r.config = chosen.config;
  r.origin = chosen.origin;
  r.rule_cycles = task.state.rule->cycles;
  r.model_best_cycles = task.state.model_best->cycles;
  r.tuned_cycles = cycles_of(tuner, position, variant);
  r.optimum_cycles = task.optimum();
  r.lower_bound_cycles = task.lower_bound;
  r.bottleneck = estimate(model, task.query(), chosen.config).bottleneck;
  r.cycles_from = measurer.source;
  r.settled = task.state.settled.has_value();
  r.why = why(task, measurer);
  r.evaluations = task.evaluations;
  r.evaluations_total = task.state.evaluations;
  if (task.members.front() != position) r.same_as = task.name;
  r.census = task.candidates.census;
  r.trials_hash = task.trials_hash;
  if (r.same_as.empty() && !measurer.is_none()) r.accuracy = model_accuracy(task.predictions);
  if (!task.objective.is_cycles()) {
    r.costs = costs_of(task.objective, task.query(), r.config, r.tuned_cycles);
    if (r.same_as.empty()) r.front = task.front.points();
  }
  r.hit = task.hit;
  r.hit_distance = task.hit_distance;
  return r;
}

TuneReport make_report(const std::vector<GroupInContext>& groups, const Tuner& tuner, const CostModel& model,
                       const Measurer& measurer, const NetworkChoice& choice) {
  TuneReport r;
  r.cost_model = model.name();
  bool all_exhausted = choice.kept == Variant::tuned;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    r.groups.push_back(group_report(groups[g], g, tuner, model, measurer, choice.kept));
    r.lower_bound_cycles += r.groups.back().lower_bound_cycles;
    all_exhausted = all_exhausted && r.groups.back().optimum_cycles && r.groups.back().origin != ConfigOrigin::pin;
  }
  r.kept = choice.kept;
  r.objective = tuner.objective();
  r.costs = choice.best().costs;
  r.rule_cycles = choice.of(Variant::rule).cycles;
  r.model_best_cycles = choice.of(Variant::model_best).cycles;
  r.tuned_cycles = choice.best().cycles;
  r.winners_cycles = choice.of(choice.kept).cycles;
  r.plays = choice.plays;
  for (const PlannedGroup& g : choice.best().program.groups)
    if (g.group.shape.tail_count > 0) r.fused.push_back(g.group.name);
  r.rule_cold_cycles = choice.of(Variant::rule).cold_cycles;
  r.model_best_cold_cycles = choice.of(Variant::model_best).cold_cycles;
  r.tuned_cold_cycles = choice.best().cold_cycles;
  if (all_exhausted) r.optimum_cycles = choice.of(Variant::tuned).cycles;
  r.cycles_from = "event";
  r.simulator = measurer.description;
  r.measurements = tuner.measurements();
  r.wall_s = tuner.seconds();
  return r;
}

std::string to_table(const TuneReport& r) {
  const std::vector<Column> columns{{"group"},       {"operator"},    {"shape"},       {"MACs", true},
                                    {"rule", true},  {"model", true}, {"tuned", true}, {"optimum", true},
                                    {"bound", true}, {"limited by"},  {"gain", true},  {"config from"},
                                    {"tried", true}, {"settled"}};
  std::vector<std::vector<std::string>> rows;
  for (const GroupReport& g : r.groups) rows.push_back(row(g));
  rows.push_back(total_row(r));
  std::string text = heading(r) + "\n" + source_text(r) + "\n" + ranking_text(r.correction) + "\n";
  text += text_table(columns, rows);
  text += fmt::format("\nKept: {}, {} cycles warm, {} cold ({} by rule, {} by the model's best).\n", kept_text(r.kept),
                      grouped(r.tuned_cycles), grouped(r.tuned_cold_cycles), grouped(r.rule_cycles),
                      grouped(r.model_best_cycles));
  text += network_text(r);
  text += time_text(r) + objective_text(r) + accuracy_text(r);
  text += fmt::format("{} measurements in {:.1f} s; {}.\n", grouped(static_cast<double>(r.measurements)), r.wall_s,
                      end_text(r));
  text += r.kb.empty() ? "Nothing is remembered (--no-kb).\n" : fmt::format("Remembered in {}.\n", r.kb);
  return text;
}

}  // namespace ares
