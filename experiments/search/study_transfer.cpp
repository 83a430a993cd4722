// ares-study-transfer: what the knowledge of other networks is worth. Every network is tuned by itself; then each in
// turn is left out, with every signature it has, and its groups take what the neighbours among the rest suggest.
//   reached      gain over model-best by near lookups alone, of that by full tuning
//   re-tuning    measurements until within 1 % of the best known, from nothing and with what the neighbours offer
#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <boost/program_options.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "core/base/cli.hpp"
#include "core/base/text_table.hpp"
#include "cost_models/model_best.hpp"
#include "experiments/search/spaces.hpp"
#include "kb/choose.hpp"
#include "kb/environment.hpp"
#include "search/kb_store.hpp"
#include "search/tuner.hpp"

namespace ares {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr double near_enough = 1.01;  ///< of the best known

/// Networks whose full tuning gains less say nothing about transfer.
constexpr double least_gain = 0.03;

struct Setting {
  Target target;
  Measurer measurer;
  std::shared_ptr<const CostModel> model;
  std::size_t most = 0;  ///< measurements of a group
  kb::Source source = kb::Source::event;

  kb::CurrentEnvironment current(Family family) const {
    kb::CurrentEnvironment now = kb::current_environment(target, family);
    if (!measurer.simulator.empty()) now.simulator[static_cast<std::size_t>(source)] = measurer.simulator;
    return now;
  }
  double measure(const Query& q, const Config& c) const {
    const std::atomic<bool> never{false};
    Measurement result;
    measurer.measure(q, std::span(&c, 1), std::span(&result, 1), never);
    return result.cycles;
  }
};

/// How many times slower than it should be a config is on a machine whose instruction cache dislikes large inner loops
/// and whose second buffers are not for nothing; made up, but of the kind that models miss.
double unforeseen(const Config& c) {
  double factor = 1;
  if (c[Knob::kernel] != 0)
    factor += 0.015 * kernel_tiling(c[Knob::kernel]).channels * kernel_tiling(c[Knob::kernel]).pixels;
  for (const Knob k : {Knob::buf_in, Knob::buf_w, Knob::buf_out})
    if (c[k] > 1) factor += 0.04;
  return factor;
}

/// A machine that the cost model does not know.
Measurer other_machine(Measurer inner) {
  inner.simulator = "event, another machine";
  inner.measure = [measure = inner.measure](const Query& q, std::span<const Config> configs,
                                            std::span<Measurement> results, const std::atomic<bool>& stop) {
    measure(q, configs, results, stop);
    for (std::size_t i = 0; i < configs.size(); ++i) results[i].cycles *= unforeseen(configs[i]);
  };
  return inner;
}

/// Full tuning starts from nothing.
class WithoutOffers final : public TuningStore {
 public:
  explicit WithoutOffers(KbStore& store) : store_(store) {}
  StoredTuning load(const Query& query, const SearchSpace& space) override {
    StoredTuning stored = store_.load(query, space);
    stored.offers.clear();
    return stored;
  }
  Result<void> save(const TuningRound& round) override { return store_.save(round); }

 private:
  KbStore& store_;
};

struct Network {
  std::string name;
  std::vector<GroupInContext> groups;
  std::vector<kb::Signature> signatures;  ///< of the groups
};

Network load(const std::string& name, const Target& target) {
  Network n{name, value_or_throw(network_groups(name, target)), {}};
  for (GroupInContext& g : n.groups) {
    n.signatures.push_back(kb::make_signature(g.group.shape, g.context, target.name, RequantPolicy::fast));
    g.context = n.signatures.back().context;
  }
  return n;
}

void tune(const Network& n, const Setting& s, kb::KnowledgeBase& kb) {
  KbStore remembered(kb, s.target, RequantPolicy::fast, {n.name, "", "study", 1}, s.source, s.measurer.simulator);
  WithoutOffers store(remembered);
  TunerOptions options;
  options.max_iter = s.most;
  options.budget_seconds = 1e9;
  options.exhaust_seconds = 2;
  const std::atomic<bool> never{false};
  Tuner tuner(n.groups, s.target, *s.model, s.measurer, &store, options, {}, never);
  value_or_throw(tuner.prepare(), ExitStatus::failed);
  value_or_throw(tuner.run(), ExitStatus::failed);
}

/// Everything but the entries of these signatures.
kb::KnowledgeBase without(const kb::KnowledgeBase& all, const Network& n, const fs::path& place) {
  fs::remove_all(place);
  auto rest = value_or_throw(kb::KnowledgeBase::open(place), ExitStatus::failed);
  value_or_throw(all.for_each(std::function<bool(const kb::Entry&)>([&](const kb::Entry& e) {
    const bool own = std::find(n.signatures.begin(), n.signatures.end(), e.subject.signature) != n.signatures.end();
    if (!own) value_or_throw(rest.merge(e), ExitStatus::failed);
    return true;
  })));
  return rest;
}

/// Measurements until near the best known: the known ones first, then what the strategy asks for.
std::size_t measurements_until(const Setting& s, const Query& q, const Candidates& c, const std::vector<Config>& first,
                               double goal) {
  const auto strategy = value_or_throw(make_strategy("auto", c, 1));
  std::set<CandidateId> told;
  const auto near = [&](CandidateId id) {
    const Trial t{id, s.measure(q, c.config(id))};
    told.insert(id);
    strategy->tell({&t, 1});
    return t.cycles <= goal;
  };
  for (const Config& config : first)
    if (const auto id = c.find(config); id && !told.contains(*id) && near(*id)) return told.size();
  while (told.size() < s.most) {
    const auto proposals = strategy->ask(1);
    if (proposals.empty() || near(proposals.front())) break;
  }
  return told.size();
}

/// Of one network; cycles are sums over its groups.
struct Row {
  std::string network;
  double rule = 0, model_best = 0, best = 0, nearest = 0;
  std::size_t groups = 0, changed = 0;  ///< by near lookups
  std::vector<double> alone, offered;   ///< measurements of the groups that have a neighbour and something to gain

  double gain() const { return 1 - best / model_best; }
  double reached() const { return (model_best - nearest) / (model_best - best); }
};

void retune(Row& row, const Setting& s, const Query& q, kb::KnowledgeBase& rest, double best) {
  const std::atomic<bool> never{false};
  KbStore store(rest, s.target, RequantPolicy::fast, {"", "", "study", 1}, s.source, s.measurer.simulator);
  const SearchSpace space = make_space(q.shape, q.context);
  const auto offers = store.load(q, space).offers;
  if (offers.empty()) return;
  std::vector<Config> baseline{*rule_config(space)};
  const Candidates c = make_candidates(q, *s.model, 1u << 20, offers, never);
  baseline.push_back(c.config(c.order.front()));
  row.alone.push_back(static_cast<double>(measurements_until(s, q, c, baseline, best * near_enough)));
  baseline.insert(baseline.begin(), offers.begin(), offers.end());
  row.offered.push_back(static_cast<double>(measurements_until(s, q, c, baseline, best * near_enough)));
}

Row leave_out(const Network& n, const Setting& s, const kb::KnowledgeBase& all, kb::KnowledgeBase& rest,
              const kb::NearestOptions& options, bool retuned) {
  Row row;
  row.network = n.name;
  const kb::Scorer score = [&](const GroupShape& shape, const Context& context, const Config& config) {
    return estimate(*s.model, {shape, context, s.target}, config).cycles;
  };
  std::map<std::string, double> measured;
  for (std::size_t g = 0; g < n.groups.size(); ++g) {
    const auto& [group, context] = n.groups[g];
    const Query q{group.shape, context, s.target};
    const auto own = all.exact(n.signatures[g], s.current(group.shape.family));
    if (!own || !own->rule() || !own->model_best()) continue;
    const kb::Measured& reference = *own->model_best();
    const kb::Question question{
        group.shape, context, s.target.name, RequantPolicy::fast, s.current(group.shape.family), reference.config};
    const auto choice = kb::choose(std::array<const kb::KnowledgeBase*, 1>{&rest}, question, score, options);
    double nearest = reference.cycles;
    if (choice) {
      const auto [known, fresh] = measured.try_emplace(kb::to_string(n.signatures[g]), 0);
      if (fresh) known->second = s.measure(q, choice->config);
      nearest = known->second;
      ++row.changed;
    }
    const double best = std::min(own->best().cycles, nearest);
    ++row.groups;
    row.rule += own->rule()->cycles;
    row.model_best += reference.cycles;
    row.nearest += nearest;
    row.best += best;
    const bool first = std::find(n.signatures.begin(), n.signatures.begin() + static_cast<std::ptrdiff_t>(g),
                                 n.signatures[g]) == n.signatures.begin() + static_cast<std::ptrdiff_t>(g);
    if (retuned && first && reference.cycles > best * near_enough) retune(row, s, q, rest, best);
  }
  return row;
}

double median(std::vector<double> v) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

void print(const std::vector<Row>& rows, std::ostream& csv) {
  const std::vector<Column> columns{{"network"},     {"groups", true},       {"changed", true},
                                    {"rule", true},  {"model-best", true},   {"near lookups", true},
                                    {"tuned", true}, {"tuning gains", true}, {"reached", true},
                                    {"alone", true}, {"with offers", true}};
  std::vector<std::vector<std::string>> cells;
  std::vector<double> reached, rule_reached, alone, offered;
  std::size_t worse = 0;
  csv << "network,groups,changed,rule,model_best,near,best,reached,alone,offered\n";
  for (const Row& r : rows) {
    const bool counts = r.gain() >= least_gain;
    if (counts) reached.push_back(r.reached());
    if (r.rule > r.best) rule_reached.push_back((r.rule - r.nearest) / (r.rule - r.best));
    worse += r.nearest > r.model_best * (1 + 1e-9);
    alone.insert(alone.end(), r.alone.begin(), r.alone.end());
    offered.insert(offered.end(), r.offered.begin(), r.offered.end());
    cells.push_back({r.network, fmt::format("{}", r.groups), fmt::format("{}", r.changed), grouped(r.rule),
                     grouped(r.model_best), grouped(r.nearest), grouped(r.best),
                     fmt::format("{:.1f} %", 100 * r.gain()), counts ? fmt::format("{:.0f} %", 100 * r.reached()) : "-",
                     fmt::format("{:.0f}", median(r.alone)), fmt::format("{:.0f}", median(r.offered))});
    csv << fmt::format("{},{},{},{:.0f},{:.0f},{:.0f},{:.0f},{:.4f},{:.1f},{:.1f}\n", r.network, r.groups, r.changed,
                       r.rule, r.model_best, r.nearest, r.best, r.gain() > 0 ? r.reached() : 0, median(r.alone),
                       median(r.offered));
  }
  std::cout << text_table(columns, cells);
  fmt::print(
      "near lookups reach {:.0f} % of the full tuning's gain over model-best on the median of {} networks (those "
      "with less than {:.0f} % to gain left out), {:.0f} % of its gain over the rule; {} networks lose to "
      "model-best\n",
      100 * median(reached), reached.size(), 100 * least_gain, 100 * median(rule_reached), worse);
  if (!alone.empty())
    fmt::print(
        "re-tuning: {:.0f} measurements of a group from nothing, {:.0f} with offers (medians of {} groups that "
        "have something to gain and a neighbour)\n",
        median(alone), median(offered), alone.size());
}

ExitStatus run(const OptionValues& values) {
  Setting s;
  s.target = value_or_throw(load_target("gap9"));
  const std::string how = values["measure"].as<std::string>();
  s.measurer = value_or_throw(make_measurer(how == "other" ? "event" : how, s.target)).measurer;
  if (how == "other") s.measurer = other_machine(s.measurer);
  s.source = kb::source_named(s.measurer.source).value_or(kb::Source::event);
  s.model = value_or_throw(make_cost_model("analytical"));
  s.most = values["most"].as<std::size_t>();
  const fs::path out = values["output"].as<std::string>();
  fs::create_directories(out);

  std::vector<std::string> names;
  boost::split(names, values["networks"].as<std::string>(), boost::is_any_of(","));
  std::vector<Network> networks;
  for (const std::string& name : names) networks.push_back(load(name, s.target));
  auto all = value_or_throw(kb::KnowledgeBase::open(out / ("kb-" + how)), ExitStatus::failed);
  for (const Network& n : networks) {
    std::cerr << "tuning " << n.name << '\n';
    tune(n, s, all);
  }
  const fs::path place = out / "rest";
  std::vector<Row> rows;
  std::map<std::string, std::vector<Row>> others;
  for (const Network& n : networks) {
    auto rest = without(all, n, place);
    rows.push_back(leave_out(n, s, all, rest, {}, true));
    for (const double tolerance : {1.0, 2.0, 4.0})
      for (const std::size_t count : {1, 4, 16})
        others[fmt::format("tolerance {:g}, {:>2} neighbours", tolerance, count)].push_back(
            leave_out(n, s, all, rest, {tolerance, count}, false));
  }
  std::ofstream csv(out / ("transfer-" + how + ".csv"));
  fmt::print("measured by {}{}, at most {} measurements of a group\n", s.measurer.source,
             how == "other" ? " on a machine that the cost model does not know" : "", s.most);
  print(rows, csv);
  for (const auto& [what, variant] : others) {
    std::vector<double> reached;
    std::size_t worse = 0;
    for (const Row& r : variant) {
      if (r.gain() >= least_gain) reached.push_back(r.reached());
      worse += r.nearest > r.model_best * (1 + 1e-9);
    }
    fmt::print("{}: {:.0f} % on the median network, {} lose to model-best\n", what, 100 * median(reached), worse);
  }
  return ExitStatus::done;
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  ares::Command command{"ares-study-transfer", "measures what other networks' results are worth", {}, ares::run};
  auto add = command.options.add_options();
  add("networks",
      po::value<std::string>()
          ->default_value("simplecnn,resnet_basic,multitilecnn,bottleneck,stride2,resnet18,depthwise_conv,tutorial_cnn,"
                          "resnet8,ds_cnn,mobilenet_v1_025,autoencoder,ne16_linear,ne16_large,simple_mlp")
          ->value_name("A,B"),
      "reference networks");
  add("measure", po::value<std::string>()->default_value("event")->value_name("HOW"),
      "event, gvsoc, or other: the event simulator of a machine that the cost model does not know");
  add("most", po::value<std::size_t>()->default_value(400)->value_name("N"), "measurements of a group");
  add("output", po::value<std::string>()->default_value("out/transfer")->value_name("DIR"),
      "results, and what was tuned");
  return ares::run_command(argc, argv, command);
}
