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

void append_results(const RecordedSpace& s, std::vector<LearnedFrom>& results) {
  const kb::Signature signature = value_or_throw(kb::parse_signature(s.signature));
  for (CandidateId id = 0; id < s.size(); ++id)
    results.push_back({signature.shape, signature.context, s.candidates.config(id), s.cycles[id]});
}

/// Of one network; cycles are sums over its groups.
struct Row {
  std::size_t groups = 0;
  double rule = 0, model_best = 0, corrected = 0, best = 0;

  double gain() const { return 1 - best / model_best; }
  double reached() const { return (model_best - corrected) / (model_best - best); }
};

/// The config that `choice` ranks first, unless it expects less than 1 % of it.
CandidateId favourite(const RecordedSpace& s, const RecordedSpace& choice) {
  const CandidateId model_best = s.candidates.order.front(), first = choice.candidates.order.front();
  const auto& predicted = choice.candidates.predicted;
  return predicted[first] > predicted[model_best] * (1 - least_expected) ? model_best : first;
}

double median(std::vector<double> v) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  const std::size_t middle = v.size() / 2;
  return v.size() % 2 ? v[middle] : (v[middle - 1] + v[middle]) / 2;
}

}  // namespace

std::vector<RecordedSpace> corrected_by_others(const std::vector<RecordedSpace>& spaces, const Target& target) {
  std::vector<RecordedSpace> corrected = spaces;
  for (RecordedSpace& s : corrected) {
    std::vector<LearnedFrom> results;
    for (const RecordedSpace& other : spaces)
      if (!share_a_network(s, other)) append_results(other, results);
    const auto model = make_corrected_model(results, target);
    const kb::Signature signature = value_or_throw(kb::parse_signature(s.signature));
    std::vector<Config> configs;
    for (CandidateId id = 0; id < s.size(); ++id) configs.push_back(s.candidates.config(id));
    std::vector<Estimate> estimates(configs.size());
    model->estimate({signature.shape, signature.context, target}, configs, estimates);
    for (CandidateId id = 0; id < s.size(); ++id) s.candidates.predicted[id] = static_cast<float>(estimates[id].cycles);
    rank(s.candidates);
  }
  return corrected;
}

void print_transfer(const std::vector<RecordedSpace>& spaces, const std::vector<RecordedSpace>& corrected) {
  std::map<std::string, Row> rows;
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    const RecordedSpace& s = spaces[i];
    for (const std::string& member : s.members) {
      Row& r = rows[network_of(member)];
      ++r.groups;
      r.rule += s.cycles[s.rule];
      r.model_best += s.cycles[s.candidates.order.front()];
      r.corrected += s.cycles[favourite(s, corrected[i])];
      r.best += s.optimum;
    }
  }
  const std::vector<Column> columns{{"network"},          {"groups", true},    {"rule", true},
                                    {"model-best", true}, {"corrected", true}, {"optimum", true},
                                    {"gain", true},       {"reached", true},   {"over rule", true}};
  std::vector<std::vector<std::string>> cells;
  std::vector<double> reached;
  std::size_t worse = 0;
  for (const auto& [name, r] : rows) {
    const bool counts = r.gain() >= least_gain;
    if (counts) reached.push_back(r.reached());
    worse += r.corrected > r.model_best * (1 + 1e-9);
    cells.push_back({name, fmt::format("{}", r.groups), grouped(r.rule), grouped(r.model_best), grouped(r.corrected),
                     grouped(r.best), fmt::format("{:.1f} %", 100 * r.gain()),
                     r.gain() > 0 ? fmt::format("{:.0f} %", 100 * r.reached()) : "-",
                     fmt::format("{:.1f} %", 100 * (1 - r.corrected / r.rule))});
  }
  std::cout << text_table(columns, cells);
  fmt::print(
      "the corrected model reaches {:.0f} % of full tuning's gain over model-best on the median of {} networks "
      "with at least {:.0f} % to gain; {} of {} lose to model-best\n",
      100 * median(reached), reached.size(), 100 * least_gain, worse, rows.size());
}

}  // namespace ares
