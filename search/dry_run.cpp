#include "search/dry_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/text_table.hpp"
#include "core/target/target.hpp"
#include "cost_models/gvsoc/simulator.hpp"

namespace ares {
namespace {

std::string number(std::size_t n) { return grouped(static_cast<double>(n)); }

std::string plan_text(const TuningTask& task, const TunerOptions& options, const Measurer& measurer) {
  if (measurer.is_none()) return "nothing is measured: the model's best is taken";
  if (task.not_searched) return fmt::format("rule and model-best only: {}", name_of(*task.not_searched));
  if (const auto reason = first_fired(task.rules, task.status()))
    return fmt::format("nothing: settled by an earlier run ({})", name_of(*reason));
  const std::size_t left = std::min(task.left, options.max_iter.value_or(task.left));
  const double seconds = static_cast<double>(left) * measurer.seconds_each;
  if (task.exhaustible) return fmt::format("measure all {} left, about {}", number(left), duration_text(seconds));
  return fmt::format("{} until {} rounds of {} bring nothing", options.strategy, options.no_gain_rounds,
                     measurer.batch);
}

std::string hit_text(const GroupReport& g) {
  if (g.hit != StoreHit::near) return std::string(name_of(g.hit));
  return fmt::format("near, distance {:.2f}", g.hit_distance);
}

std::string estimates_table(const TuneReport& r) {
  std::vector<std::vector<std::string>> rows;
  for (const GroupReport& g : r.groups)
    rows.push_back({g.name, operator_text(g.shape), shape_text(g.shape), grouped(static_cast<double>(g.macs)),
                    grouped(g.rule_cycles), grouped(g.model_best_cycles), grouped(g.lower_bound_cycles),
                    name_of(g.bottleneck), hit_text(g)});
  return text_table({{"group"},
                     {"operator"},
                     {"shape"},
                     {"MACs", true},
                     {"rule", true},
                     {"model-best", true},
                     {"bound", true},
                     {"limited by"},
                     {"known"}},
                    rows);
}

std::string spaces_table(const TuneReport& r) {
  std::vector<Column> columns{{"group"}, {"configs", true}, {"feasible", true}};
  for (int c = 0; c < constraint_count; ++c) columns.push_back({name_of(static_cast<Constraint>(c)), true});
  std::vector<std::vector<std::string>> rows;
  for (const GroupReport& g : r.groups) {
    rows.push_back({g.name, number(g.census.raw), number(g.census.feasible)});
    for (const uint64_t removed : g.census.removed) rows.back().push_back(number(removed));
  }
  return text_table(columns, rows);
}

std::string plan_table(const TuneReport& r) {
  std::vector<std::vector<std::string>> rows;
  for (const GroupReport& g : r.groups)
    rows.push_back({g.name, grouped(g.model_best_cycles - g.lower_bound_cycles),
                    g.same_as.empty() ? g.plan : "nothing: the same as " + g.same_as});
  return text_table({{"group"}, {"cycles to gain at most", true}, {"what would be done"}}, rows);
}

}  // namespace

TuneReport dry_run_report(const std::vector<GroupInContext>& groups, Tuner& tuner, const CostModel& model,
                          const TunerOptions& options, const Measurer& measurer) {
  TuneReport r;
  r.dry_run = true;
  r.cost_model = model.name();
  std::vector<std::string> plans;
  for (std::size_t g = 0; g < groups.size(); ++g) plans.push_back(plan_text(tuner.task_of(g), options, measurer));
  tuner.predict();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    GroupReport& report =
        r.groups.emplace_back(group_report(groups[g], g, tuner, model, measurer, Variant::model_best));
    report.plan = plans[g];
    report.cycles_from = "model";
  }
  r.wall_s = tuner.seconds();
  return r;
}

std::string dry_run_text(const TuneReport& r) {
  std::string text = fmt::format("{}\nCycles as the cost model {} predicts them.\n{}\n", heading(r), r.cost_model,
                                 ranking_text(r.correction));
  text += estimates_table(r);
  text += "\nSearch spaces, and how many configs each constraint removes:\n\n" + spaces_table(r);
  text += "\nHow the budget would be spent, most promising group first at every step:\n\n" + plan_table(r);
  text += "\nNothing was measured or written.\n";
  return text;
}

std::string inventory_text(const kb::KnowledgeBase* kb, const std::string& kb_place) {
  std::string text = "Targets:\n";
  for (const std::string& name : known_targets()) {
    const auto target = load_target(name);
    text += fmt::format("  {:<12} {}\n", name, target ? target->description : target.error().what);
  }
  text += "Simulators:\n  event        discrete-event play of tile programs, built in\n";
  const auto gvsoc = gvsoc::find_simulator();
  text += fmt::format("  gvsoc        {}\nStrategies:\n", gvsoc ? gvsoc::describe(*gvsoc) : gvsoc.error().what);
  for (const StrategyInfo& s : strategies()) text += fmt::format("  {:<12} {}\n", s.name, s.summary);
  text += "Cost models:\n";
  for (const std::string& name : cost_model_names()) text += fmt::format("  {}\n", name);
  text += fmt::format("Knowledge base: {}\n", kb_place);
  if (!kb) return text + "  empty\n";
  std::map<std::string, std::size_t> targets;
  std::size_t entries = 0, settled = 0, plans = 0;
  (void)kb->for_each([&](const kb::Entry& e) {
    ++targets[e.subject.signature.target];
    ++entries;
    settled += e.settled.has_value();
    return true;
  });
  (void)kb->for_each([&](const kb::PlanEntry&) { return ++plans > 0; });
  text += fmt::format("  {} groups known, {} of them settled; {} network plans\n", entries, settled, plans);
  for (const auto& [name, count] : targets) text += fmt::format("  {} for {}\n", count, name);
  return text;
}

}  // namespace ares
