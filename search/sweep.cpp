#include "search/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/text_table.hpp"
#include "search/network_choice.hpp"

namespace ares {
namespace {

struct Key {
  const char *name, *meaning;
  void (*set)(Target&, PlanOptions&, double value);
};

constexpr std::array<Key, 5> keys{{
    {"l1", "bytes of L1", [](Target& t, PlanOptions&, double v) { t.l1_bytes = static_cast<uint32_t>(v); }},
    {"l2", "bytes of L2", [](Target& t, PlanOptions&, double v) { t.l2_bytes = static_cast<uint32_t>(v); }},
    {"cores", "workers", [](Target& t, PlanOptions& o, double v) { t.cores.count = o.cores = static_cast<int>(v); }},
    {"dma", "bytes per cycle between L2 and L1",
     [](Target& t, PlanOptions&, double v) { t.dma.bytes_per_cycle_in = t.dma.bytes_per_cycle_out = v; }},
    {"l3", "bytes per cycle from L3", [](Target& t, PlanOptions&, double v) { t.l3.bytes_per_cycle_read = v; }},
}};

const Key* find_key(const std::string& name) {
  const auto* it = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return name == k.name; });
  return it == keys.end() ? nullptr : it;
}

/// 64K, 1.5M, 8.
std::optional<double> number(const std::string& text) {
  std::size_t end = 0;
  double v = 0;
  try {
    v = std::stod(text, &end);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  const std::string unit = text.substr(end);
  if (unit == "K") v *= 1024;
  if (unit == "M") v *= 1024 * 1024;
  const bool known = unit.empty() || unit == "K" || unit == "M";
  return known && v > 0 && v < 2e9 ? std::optional(v) : std::nullopt;
}

std::string bottleneck_of_most(const std::vector<GroupInContext>& groups, const Tuner& tuner) {
  std::map<Bottleneck, double> cycles;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const Estimate& e = tuner.task_of(g).model_best_estimate;
    cycles[e.bottleneck] += e.cycles;
  }
  const auto most =
      std::max_element(cycles.begin(), cycles.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == cycles.end() ? "-" : name_of(most->first);
}

Result<SweepPoint> play_on(const LayerGraph& graph, const Target& target, const PlanOptions& options,
                           const CostModel& model) {
  const auto groups = plan_contexts(graph, target, options);
  if (!groups) return tl::unexpected(groups.error());
  const std::atomic<bool> never{false};
  const Measurer none{"model", 1, 0};
  Tuner tuner(*groups, target, model, none, nullptr, {}, {}, never);
  if (auto ok = tuner.prepare(); !ok) return tl::unexpected(ok.error());
  tuner.predict();
  const auto choice = choose_network(graph, target, options, tuner);
  if (!choice) return tl::unexpected(choice.error());
  return SweepPoint{"",
                    choice->of(Variant::rule).cycles,
                    choice->best().cycles,
                    choice->best().cold_cycles,
                    bottleneck_of_most(*groups, tuner),
                    ""};
}

}  // namespace

Result<SweepRequest> parse_sweep(const std::string& text) {
  const std::size_t equals = text.find('=');
  SweepRequest request;
  request.key = text.substr(0, equals);
  const Key* key = find_key(request.key);
  if (!key) {
    std::string known;
    for (const Key& k : keys) known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", k.name, k.meaning);
    return fail(fmt::format("--sweep {}: write KEY=VALUE,VALUE.. with one of the keys {}", text, known));
  }
  if (equals != std::string::npos) boost::split(request.values, text.substr(equals + 1), boost::is_any_of(","));
  for (const std::string& v : request.values) {
    const auto n = number(v);
    const bool whole = request.key != "cores" || (n && *n == std::floor(*n) && *n <= 64);
    if (!n || !whole) return fail(fmt::format("--sweep {}: '{}' is no number of {}", text, v, key->meaning));
  }
  if (request.values.empty()) return fail(fmt::format("--sweep {}: names no value", text));
  return request;
}

Sweep sweep(const SweepRequest& request, const LayerGraph& graph, const Target& target, const PlanOptions& options,
            const CostModel& model) {
  Sweep s{request.key, {}};
  const auto add = [&](const std::string& value, const Target& t, const PlanOptions& o) {
    auto point = play_on(graph, t, o, model);
    s.points.push_back(point ? *point : SweepPoint{"", 0, 0, 0, "", point.error().what});
    s.points.back().value = value;
  };
  add("as it is", target, options);
  for (const std::string& value : request.values) {
    Target variant = target;
    PlanOptions variant_options = options;
    find_key(request.key)->set(variant, variant_options, *number(value));
    rehash(variant);
    add(value, variant, variant_options);
  }
  return s;
}

std::string to_text(const Sweep& s, double clock_hz) {
  std::vector<Column> columns{{s.key}, {"rule", true}, {"model-best", true}, {"change", true}, {"cold", true}};
  if (clock_hz > 0) columns.push_back({fmt::format("ms at {:g} MHz", clock_hz / 1e6), true});
  columns.push_back({"limited by, mostly"});
  std::vector<std::vector<std::string>> rows;
  for (const SweepPoint& p : s.points) {
    const double own = s.points.front().cycles;
    std::vector<std::string> row{p.value};
    if (!p.error.empty()) {
      row.resize(columns.size() - 1, "-");
      row.push_back(p.error);
    } else {
      row.insert(row.end(),
                 {grouped(p.rule_cycles), grouped(p.cycles),
                  own > 0 ? fmt::format("{:+.1f} %", 100 * (p.cycles / own - 1)) : "-", grouped(p.cold_cycles)});
      if (clock_hz > 0) row.push_back(fmt::format("{:.3f}", 1000 * p.cycles / clock_hz));
      row.push_back(p.bottleneck);
    }
    rows.push_back(row);
  }
  return "Cycles of the whole network, warm, by the event simulator; configs by the cost model, nothing tuned.\n\n" +
         text_table(columns, rows);
}

std::string to_json(const Sweep& s, const std::string& model, const Target& target) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const SweepPoint& p : s.points) {
    nlohmann::ordered_json j{{"value", p.value}};
    if (p.error.empty()) {
      j["rule_cycles"] = p.rule_cycles;
      j["model_best_cycles"] = p.cycles;
      j["model_best_cold_cycles"] = p.cold_cycles;
      j["bottleneck"] = p.bottleneck;
    } else {
      j["error"] = p.error;
    }
    points.push_back(j);
  }
  const nlohmann::ordered_json j{
      {"schema_version", 1}, {"model", model}, {"target", target.name}, {"sweep", s.key}, {"points", points}};
  return j.dump(2) + "\n";
}

}  // namespace ares
