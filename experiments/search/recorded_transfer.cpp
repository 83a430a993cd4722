#include "experiments/search/recorded_transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "core/base/text_table.hpp"
#include "cost_models/corrected.hpp"
#include "kb/signature.hpp"

namespace ares {
namespace {

/// Networks whose full tuning gains less say nothing about transfer.
constexpr double least_gain = 0.03;

std::string network_of(const std::string& member) { return member.substr(0, member.find('.')); }

std::set<std::string> networks_of(const RecordedSpace& s) {
  std::set<std::string> networks;
  for (const std::string& m : s.members) networks.insert(network_of(m));
  return networks;
}

bool share_a_network(const RecordedSpace& a, const RecordedSpace& b) {
  const auto mine = networks_of(a), theirs = networks_of(b);
  return std::any_of(mine.begin(), mine.end(), [&](const std::string& n) { return theirs.count(n) > 0; });
}

void append_results(const RecordedSpace& s, std::vector<GroupResult>& results) {
  const kb::Signature signature = value_or_throw(kb::parse_signature(s.signature));
  for (CandidateId id = 0; id < s.size(); ++id)
    results.push_back({signature.shape, signature.context, s.candidates.config(id), s.cycles[id]});
}

/// Of one network; cycles are sums over its groups.
struct Row {
  std::size_t groups = 0;
  double rule = 0, model_best = 0, near = 0, best = 0;

  double gain() const { return 1 - best / model_best; }
  double reached() const { return (model_best - near) / (model_best - best); }
};

/// Cycles of the recorded configs by a model.
std::vector<float> predictions(const RecordedSpace& s, const CostModel& model, const Query& query) {
  std::vector<Config> configs;
  for (CandidateId id = 0; id < s.size(); ++id) configs.push_back(s.candidates.config(id));
  std::vector<Estimate> estimates(configs.size());
  model.estimate(query, configs, estimates);
  std::vector<float> cycles;
  for (const Estimate& e : estimates) cycles.push_back(static_cast<float>(e.cycles));
  return cycles;
}

/// As CorrectedModel::surely_better(), among the recorded configs.
Transferred transferred(const RecordedSpace& s, const CorrectedModel& model, const Target& target) {
  const kb::Signature signature = value_or_throw(kb::parse_signature(s.signature));
  const Query query{signature.shape, signature.context, target};
  Transferred t{s, s.candidates.order.front()};
  t.space.candidates.predicted = predictions(s, model, query);
  rank(t.space.candidates);
  const Config favourite = s.candidates.config(t.choice);
  const auto analytical = value_or_throw(make_cost_model("analytical"));
  const BestByModel known{favourite, estimate(*analytical, query, favourite)};
  const std::vector<float> sure = predictions(s, *model.against(known, query.shape), query);
  const auto best = std::min_element(sure.begin(), sure.end());
  if (*best < t.space.candidates.predicted[t.choice] * (1 - CorrectedModel::least_expected))
    t.choice = static_cast<CandidateId>(best - sure.begin());
  return t;
}

double median(std::vector<double> v) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  const std::size_t middle = v.size() / 2;
  return v.size() % 2 ? v[middle] : (v[middle - 1] + v[middle]) / 2;
}

}  // namespace

std::vector<Transferred> by_others(const std::vector<RecordedSpace>& spaces, const Target& target) {
  std::vector<Transferred> all;
  for (const RecordedSpace& s : spaces) {
    std::vector<GroupResult> results;
    for (const RecordedSpace& other : spaces)
      if (!share_a_network(s, other)) append_results(other, results);
    all.push_back(transferred(s, CorrectedModel(results, target), target));
  }
  return all;
}

void print_transfer(const std::vector<RecordedSpace>& spaces, const std::vector<Transferred>& transferred) {
  std::map<std::string, Row> rows;
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    const RecordedSpace& s = spaces[i];
    for (const std::string& member : s.members) {
      Row& r = rows[network_of(member)];
      ++r.groups;
      r.rule += s.cycles[s.rule];
      r.model_best += s.cycles[s.candidates.order.front()];
      r.near += s.cycles[transferred[i].choice];
      r.best += s.optimum;
    }
  }
  const std::vector<Column> columns{{"network"},          {"groups", true},       {"rule", true},
                                    {"model-best", true}, {"near lookups", true}, {"optimum", true},
                                    {"gain", true},       {"reached", true},      {"over rule", true}};
  std::vector<std::vector<std::string>> cells;
  std::vector<double> reached;
  std::size_t worse = 0;
  for (const auto& [name, r] : rows) {
    const bool counts = r.gain() >= least_gain;
    if (counts) reached.push_back(r.reached());
    worse += r.near > r.model_best * (1 + 1e-9);
    cells.push_back({name, fmt::format("{}", r.groups), grouped(r.rule), grouped(r.model_best), grouped(r.near),
                     grouped(r.best), fmt::format("{:.1f} %", 100 * r.gain()),
                     r.gain() > 0 ? fmt::format("{:.0f} %", 100 * r.reached()) : "-",
                     fmt::format("{:.1f} %", 100 * (1 - r.near / r.rule))});
  }
  std::cout << text_table(columns, cells);
  fmt::print(
      "near lookups reach {:.0f} % of full tuning's gain over model-best on the median of {} networks "
      "with at least {:.0f} % to gain; {} of {} lose to model-best\n",
      100 * median(reached), reached.size(), 100 * least_gain, worse, rows.size());
}

}  // namespace ares
