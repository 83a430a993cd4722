#include "search/html_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/text_table.hpp"
#include "cost_models/accelerator_cycles.hpp"
#include "search/svg.hpp"

namespace ares {
namespace {

using svg::escaped;

/// Multiply-accumulates of a worker in a cycle: four bytes by four bytes (sdotsp4).
constexpr double simd_width = 4;

constexpr const char* style = R"(<style>
body { font: 14px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2em auto; max-width: 1400px; padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.15em; margin-top: 2em; } p { max-width: 75ch; }
table { border-collapse: collapse; font-size: 12px; } th, td { padding: 3px 6px; border-bottom: 1px solid #ddd; white-space: nowrap; }
th { text-align: left; border-bottom: 2px solid #888; } .n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: 9px; background: #0072b2; vertical-align: middle; }
.scroll { overflow-x: auto; } svg { max-width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: #333; }
.frame { fill: none; stroke: #999; } .grid { stroke: #e4e4e4; } .small { color: #555; font-size: 12.5px; }
</style>)";

std::string cell(const std::string& text) { return "<td>" + escaped(text) + "</td>"; }
std::string number(double v) { return "<td class='n'>" + grouped(v) + "</td>"; }

std::string summary(const TuneReport& r) {
  const auto times = [&](double other) { return r.tuned_cycles > 0 ? other / r.tuned_cycles : 1; };
  std::string s = fmt::format("<h1>{}</h1><p class='small'>{}</p>", escaped(r.model), escaped(heading(r)));
  s += fmt::format("<p><b>{} cycles</b> warm, {} cold, by the {} simulator", grouped(r.tuned_cycles),
                   grouped(r.tuned_cold_cycles), escaped(r.cycles_from));
  if (r.clock_hz > 0) s += fmt::format("; {:.3f} ms at {:g} MHz", milliseconds(r, r.tuned_cycles), r.clock_hz / 1e6);
  s += fmt::format(". The rule's program takes {:.2f} times as long, the model's best {:.2f} times.",
                   times(r.rule_cycles), times(r.model_best_cycles));
  if (!r.objective.is_cycles())
    s += fmt::format(" Tuned for {}: {:.1f} &micro;J by the target's energy table (a model), {} bytes of L1.",
                     r.objective.name(), r.costs.energy_pj / 1e6, grouped(r.costs.l1_bytes));
  if (r.target_ms > 0)
    s += fmt::format(" The target of {:g} ms is <b>{}</b>.", r.target_ms, meets_target(r) ? "met" : "missed");
  return s + fmt::format(" {} measurements in {}; strategy {}, cost model {}. {}</p>",
                         grouped(static_cast<double>(r.measurements)), duration_text(r.wall_s), escaped(r.strategy),
                         escaped(r.cost_model), ranking_text(r.correction));
}

std::string table(const TuneReport& r) {
  double most = 1;
  for (const GroupReport& g : r.groups) most = std::max(most, g.tuned_cycles);
  std::string s =
      "<h2>Groups</h2><div class='scroll'><table><tr><th>group<th>operator<th>shape<th class='n'>MAC<th "
      "class='n'>rule<th class='n'>model-best<th class='n'>tuned<th><th class='n'>bound<th "
      "class='n'>MAC/cycle<th>limited "
      "by<th>config from<th>settled</tr>";
  for (const GroupReport& g : r.groups) {
    s += "<tr>" + cell(g.name) + cell(operator_text(g.shape)) + cell(shape_text(g.shape));
    s += number(static_cast<double>(g.macs)) + number(g.rule_cycles) + number(g.model_best_cycles);
    s += number(g.tuned_cycles);
    s += fmt::format("<td><span class='bar' style='width:{:.0f}px'></span></td>", 80 * g.tuned_cycles / most);
    s += number(g.lower_bound_cycles);
    s += fmt::format("<td class='n'>{:.2f}</td>", static_cast<double>(g.macs) / std::max(1.0, g.tuned_cycles));
    s += cell(name_of(g.bottleneck)) + cell(name_of(g.origin));
    s += cell(g.settled ? g.why : "no: " + g.why) + "</tr>";
  }
  return s + fmt::format(
                 "</table></div><p class='small'>Cycles of the groups are warm, by {}; the bound is below every "
                 "config.</p>",
                 escaped(r.groups.empty() ? r.cycles_from : r.groups.front().cycles_from));
}

std::string curves(const Tuner& tuner) {
  std::vector<svg::Series> series;
  for (const TuningTask& t : tuner.tasks()) {
    if (t.history.empty() || !t.state.best) continue;
    svg::Series s{t.name, {}, true, true, false, {}};
    for (const Improvement& i : t.history)
      s.points.push_back({static_cast<double>(i.evaluations), 100 * (i.score / t.state.best->score - 1)});
    s.points.push_back({static_cast<double>(std::max<std::size_t>(1, t.evaluations)), 0});
    series.push_back(std::move(s));
  }
  const std::string drawn =
      svg::chart({"measurements of the group", true}, {"best so far, % above the best found", false}, series);
  return "<h2>Search</h2>" + (drawn.empty() ? "<p>Nothing was measured in this run.</p>" : drawn);
}

/// Multiply-accumulates of the accelerator in a cycle at its best: a large convolution of 3x3 with weights of 8 bits.
double accelerator_peak(const Target& target) {
  constexpr JobTile tile{3, 3, 256, 1024};
  Job job;
  job.scale_bits = 8;
  const JobCost cost = job_cost(job, tile, target.accelerator.kind);
  return 9.0 * tile.rows * tile.columns * tile.channels * tile.reduction / (cost.count * cost.cycles);
}

std::string roofline(const TuneReport& r, const Target& target, const CostModel& model) {
  std::map<std::string, svg::Series> by_limit;
  double most = 1, least = 1;
  bool accelerated = false;
  for (const GroupReport& g : r.groups) {
    const Estimate e = estimate(model, {g.shape, g.context, target}, g.config);
    const double bytes = e.dma_in * target.dma.bytes_per_cycle_in + e.dma_out * target.dma.bytes_per_cycle_out;
    if (g.macs <= 0 || !(bytes > 0) || !(g.tuned_cycles > 0)) continue;
    svg::Series& s = by_limit[name_of(g.bottleneck)];
    s.name = std::string("limited by ") + name_of(g.bottleneck);
    const double macs = static_cast<double>(g.macs), intensity = macs / bytes;
    accelerated = accelerated || on_accelerator(g.config);
    most = std::max(most, intensity);
    least = std::min(least, intensity);
    s.points.push_back({intensity, macs / g.tuned_cycles});
    s.labels.push_back(fmt::format("{}: {:.2f} MAC/cycle, {:.1f} MAC/byte", g.name, macs / g.tuned_cycles, intensity));
  }
  if (by_limit.empty()) return "";
  std::vector<svg::Series> series;
  for (auto& [limit, s] : by_limit) series.push_back(std::move(s));
  const double bandwidth = target.dma.bytes_per_cycle_in, workers = simd_width * target.cores.count;
  const double highest = accelerated ? std::max(workers, accelerator_peak(target)) : workers;
  most = std::max(most, highest / bandwidth) * 2;
  const auto roof = [&](const std::string& name, double peak) {
    series.push_back({name, {{peak / bandwidth, peak}, {most, peak}}, true, false, true, {}});
  };
  roof("peak of the workers", workers);
  if (accelerated) roof("peak of the accelerator", accelerator_peak(target));
  series.push_back(
      {"L2 to L1", {{least / 2, least / 2 * bandwidth}, {highest / bandwidth, highest}}, true, false, true, {}});
  return "<h2>Roofline</h2>" +
         svg::chart({"MAC per byte moved between L2 and L1", true}, {"MAC per cycle", true}, series);
}

std::string accuracy(const TuneReport& r, const Tuner& tuner) {
  constexpr std::size_t most_of_group = 250;
  std::vector<svg::Series> series;
  double low = HUGE_VAL, high = 0;
  for (const TuningTask& t : tuner.tasks()) {
    svg::Series s{t.name, {}, false, false, false, {}};
    const std::size_t step = 1 + t.predictions.size() / most_of_group;
    for (std::size_t i = 0; i < t.predictions.size(); i += step) {
      const auto& p = t.predictions[i];
      s.points.push_back({p.predicted, p.measured});
      low = std::min<double>(low, p.measured);
      high = std::max<double>(high, p.measured);
    }
    if (!s.points.empty()) series.push_back(std::move(s));
  }
  if (series.empty()) return "";
  series.push_back({"as predicted", {{low, low}, {high, high}}, true, false, true, {}});
  const std::string unit = r.objective.is_cycles() ? "cycles" : r.objective.name();
  std::string s = "<h2>Cost model</h2>" + svg::chart({unit + ", predicted", true}, {unit + ", measured", true}, series);
  if (const auto a = accuracy_of(r))
    s += fmt::format(
        "<p class='small'>{}: {:.1f} % off on average over {} configs, Kendall's tau {:.2f}, {:.0f} % of its ten best "
        "are among the ten best, its best is {:.2f} % slower than the best found. Of what was measured, not of the "
        "whole space.</p>",
        escaped(r.cost_model), 100 * a->mape, a->configs, a->tau, 100 * a->recall, 100 * a->regret);
  return s;
}

std::string memory(const NetworkProgram& n) {
  struct Life {
    std::size_t first = 0, last = 0;
    Placement place;
  };
  std::map<TensorId, Life> lives;
  const auto use = [&](TensorId tensor, std::size_t group, const Placement& place) {
    auto [it, fresh] = lives.try_emplace(tensor, Life{group, group, place});
    it->second.last = group;
  };
  std::vector<std::string> columns;
  std::vector<svg::Box> boxes;
  for (std::size_t g = 0; g < n.groups.size(); ++g) {
    const PlannedGroup& p = n.groups[g];
    columns.push_back(p.group.name);
    for (const TensorId t : p.group.inputs) use(t, g, n.tensors[static_cast<std::size_t>(t)]);
    use(p.group.output, g, p.output);
    if (p.program.l2_bytes > 0)
      boxes.push_back({static_cast<double>(g), static_cast<double>(g + 1), static_cast<double>(p.staging_offset),
                       static_cast<double>(p.staging_offset + p.program.l2_bytes),
                       fmt::format("{}: weights on their way from L3, {} bytes", p.group.name, p.program.l2_bytes), 7});
  }
  int colour = 0;
  for (const auto& [tensor, l] : lives) {
    if (l.place.level != Level::l2) continue;
    boxes.push_back(
        {static_cast<double>(l.first), static_cast<double>(l.last + 1), static_cast<double>(l.place.offset),
         static_cast<double>(l.place.offset + l.place.bytes),
         fmt::format("{} bytes at {}, from {} to {}", l.place.bytes, l.place.offset, columns[l.first], columns[l.last]),
         colour++ % 7});
  }
  std::string s = fmt::format(
      "<h2>Memory</h2><p>L2: {} bytes of activations and staging (at least {} are alive at once), {} bytes of "
      "constants; L3 image {} bytes.</p>",
      grouped(n.arena_bytes), grouped(n.arena_lower_bound), grouped(n.l2_constant_bytes),
      grouped(static_cast<double>(n.l3_bytes)));
  s += "<div class='scroll'>" + svg::map(columns, "L2 arena, bytes", n.arena_bytes, boxes) + "</div>";
  std::vector<svg::Box> l1;
  for (std::size_t g = 0; g < n.groups.size(); ++g)
    l1.push_back({static_cast<double>(g) + 0.1, static_cast<double>(g) + 0.9, 0,
                  static_cast<double>(n.groups[g].program.l1_bytes),
                  fmt::format("{}: {} of {} bytes", n.groups[g].group.name, n.groups[g].program.l1_bytes,
                              n.groups[g].context.l1_bytes),
                  0});
  uint32_t window = n.l1_bytes;
  for (const PlannedGroup& g : n.groups) window = std::max(window, g.context.l1_bytes);
  return s + "<p>L1: what each group takes of its window.</p><div class='scroll'>" +
         svg::map(columns, "L1, bytes", window, l1) + "</div>";
}

}  // namespace

std::string to_html(const TuneReport& r, const Tuner& tuner, const PlayedNetwork& network, const Target& target,
                    const CostModel& model) {
  std::string s = fmt::format(
      "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{}: ares-tune</title>", escaped(r.model));
  s += std::string(style) + "</head><body>\n" + summary(r) + "\n" + table(r) + "\n" + curves(tuner) + "\n";
  s += roofline(r, target, model) + "\n" + accuracy(r, tuner) + "\n" + memory(network.program) + "\n";
  return s + "</body></html>\n";
}

}  // namespace ares
