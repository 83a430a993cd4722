// How well the analytical model and the event simulator follow GVSOC: random feasible configs of the zoo's groups run
// as generated code, every output byte checked. Writes a CSV line per config and prints a table with a line per group.
// --again judges the models of today by such a file. Of each group's configs those with even numbers are there to find
// constants by, the odd ones to judge: both have a table's last line.
#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "core/base/text_table.hpp"
#include "core/builder/write_model.hpp"
#include "core/import/load_network.hpp"
#include "core/plan/network_program.hpp"
#include "cost_models/cost_model.hpp"
#include "cost_models/gvsoc/batch_runner.hpp"
#include "experiments/agreement.hpp"
#include "experiments/zoo/zoo.hpp"

using namespace ares;

namespace {

/// Two runs of a longer one would take more than a second.
constexpr double most_cycles = 1.5e6;
/// Networks with groups of all kinds, from a dozen to a hundred layers.
constexpr const char* default_networks[] = {"resnet8", "ds_cnn", "mobilenet_v1_025", "autoencoder"};

struct StudiedGroup {
  std::string name;
  GroupShape shape;
  Context context;
};

/// Groups that differ in shape or context, in order.
std::vector<StudiedGroup> groups_of(const std::vector<std::string>& networks, const Target& target) {
  std::vector<StudiedGroup> all;
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("ares-study-{}.qonnx", getpid());
  for (const std::string& name : networks) {
    const zoo::Network* network = zoo::find_network(name);
    if (!network) throw CommandError(ExitStatus::usage, fmt::format("{}: no network of the zoo", name));
    value_or_throw(qonnx::write_model(zoo::build(*network), file));
    const LayerGraph graph = value_or_throw(load_network(file));
    for (const GroupInContext& g : value_or_throw(plan_contexts(graph, target, {}))) {
      const bool known = std::any_of(all.begin(), all.end(), [&](const StudiedGroup& s) {
        return s.shape == g.group.shape && s.context == g.context;
      });
      if (!known) all.push_back({name + "/" + g.group.name, g.group.shape, g.context});
    }
  }
  std::filesystem::remove(file);
  return all;
}

struct Study {
  std::vector<StudiedGroup> groups;
  std::vector<gvsoc::MeasuredLayer> layers;  ///< per group
  std::vector<gvsoc::BatchCandidate> candidates;
  std::vector<double> analytical, event;  ///< per candidate
};

void draw(Study& s, size_t group, const Target& target, size_t count, std::mt19937_64& random) {
  const StudiedGroup& g = s.groups[group];
  const Query query{g.shape, g.context, target};
  const auto analytical = *make_cost_model("analytical"), event = *make_cost_model("event");
  const SearchSpace space = make_space(g.shape, g.context);
  const std::vector<uint64_t> feasible = feasible_indices(space);
  const size_t tries = 20 * count;
  for (size_t i = 0, drawn = 0; i < tries && drawn < count && !feasible.empty(); ++i) {
    const Config config = space.config(feasible[random() % feasible.size()]);
    const double played = estimate(*event, query, config).cycles;
    if (played > most_cycles) continue;
    s.candidates.push_back({group, config});
    s.analytical.push_back(estimate(*analytical, query, config).cycles);
    s.event.push_back(played);
    ++drawn;
  }
}

Study draw_all(const std::vector<std::string>& networks, const Target& target, size_t count, uint64_t seed) {
  Study s;
  s.groups = groups_of(networks, target);
  std::mt19937_64 random(seed);
  for (size_t g = 0; g < s.groups.size(); ++g) {
    s.layers.push_back(value_or_throw(gvsoc::sample_layer(s.groups[g].shape, s.groups[g].context)));
    draw(s, g, target, count, random);
  }
  return s;
}

void write_csv(const std::string& path, const Study& s, const std::vector<gvsoc::Outcome>& outcomes) {
  std::ofstream csv(path);
  csv << "group,family,config,analytical,event,gvsoc_warm,gvsoc_cold,compute,load,store,failure\n";
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const gvsoc::Outcome& o = outcomes[i];
    const StudiedGroup& g = s.groups[s.candidates[i].layer];
    csv << fmt::format("{},{},\"{}\",{:.0f},{:.0f},{:.0f},{:.0f},{:.0f},{:.0f},{:.0f},\"{}\"\n", g.name,
                       name_of(g.shape.family), to_string(s.candidates[i].config), s.analytical[i], s.event[i],
                       o.failure ? 0 : o.cycles, o.cold_cycles, o.compute, o.load, o.store,
                       o.failure ? o.failure->message : "");
  }
  if (!csv.flush()) throw CommandError(ExitStatus::failed, fmt::format("{}: cannot be written", path));
}

struct Sample {
  std::vector<double> analytical, event, gvsoc;
};

double mean_error(const std::vector<double>& model, const std::vector<double>& measured) {
  double sum = 0;
  for (size_t i = 0; i < model.size(); ++i) sum += std::abs(model[i] / measured[i] - 1);
  return sum / static_cast<double>(model.size());
}

std::vector<std::string> row(const std::string& name, const std::string& family, const Sample& s) {
  const auto columns = [&](const std::vector<double>& model) {
    const Agreement a = agreement(model, s.gvsoc);
    return std::array{fmt::format("{:.1f} %", 100 * mean_error(model, s.gvsoc)), fmt::format("{:+.1f} %", 100 * a.bias),
                      fmt::format("{:.3f}", a.tau)};
  };
  const auto a = columns(s.analytical), e = columns(s.event);
  return {name,
          family,
          fmt::format("{}", s.gvsoc.size()),
          grouped(*std::min_element(s.gvsoc.begin(), s.gvsoc.end())),
          a[0],
          a[1],
          a[2],
          e[0],
          e[1],
          e[2]};
}

enum class Half { to_fit, to_judge };

/// The last line: means over groups, so that no group of many configs stands for all.
std::string table(const Study& s, const std::vector<gvsoc::Outcome>& outcomes, Half half) {
  std::map<size_t, Sample> samples;
  std::map<size_t, size_t> number;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].failure || (number[s.candidates[i].layer]++ % 2 == 0) != (half == Half::to_fit)) continue;
    Sample& one = samples[s.candidates[i].layer];
    one.analytical.push_back(s.analytical[i]);
    one.event.push_back(s.event[i]);
    one.gvsoc.push_back(outcomes[i].cycles);
  }
  std::vector<std::vector<std::string>> rows;
  double errors[2] = {}, taus[2] = {};
  size_t configs = 0, ranked = 0;
  for (const auto& [g, sample] : samples) {
    rows.push_back(row(s.groups[g].name, name_of(s.groups[g].shape.family), sample));
    errors[0] += mean_error(sample.analytical, sample.gvsoc);
    errors[1] += mean_error(sample.event, sample.gvsoc);
    configs += sample.gvsoc.size();
    if (sample.gvsoc.size() < 3) continue;
    taus[0] += kendall_tau(sample.analytical, sample.gvsoc);
    taus[1] += kendall_tau(sample.event, sample.gvsoc);
    ++ranked;
  }
  const auto groups = static_cast<double>(std::max<size_t>(samples.size(), 1));
  const auto of_ranked = static_cast<double>(std::max<size_t>(ranked, 1));
  rows.push_back({fmt::format("mean of {} groups", samples.size()), "", fmt::format("{}", configs), "",
                  fmt::format("{:.1f} %", 100 * errors[0] / groups), "", fmt::format("{:.3f}", taus[0] / of_ranked),
                  fmt::format("{:.1f} %", 100 * errors[1] / groups), "", fmt::format("{:.3f}", taus[1] / of_ranked)});
  return text_table({{"group"},
                     {"family"},
                     {"configs", true},
                     {"fewest cycles", true},
                     {"analytical: error", true},
                     {"bias", true},
                     {"tau", true},
                     {"event: error", true},
                     {"bias", true},
                     {"tau", true}},
                    rows);
}

void print_tables(const Study& s, const std::vector<gvsoc::Outcome>& outcomes) {
  fmt::print("\nconfigs to find constants by\n{}\n", table(s, outcomes, Half::to_fit));
  fmt::print("configs to judge by\n{}\n", table(s, outcomes, Half::to_judge));
}

/// Fields of a line; quoted ones hold commas.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

/// The models of today for the measurements of a file.
int study_again(const std::string& path) {
  const Target target = value_or_throw(load_target("gap9"));
  const auto analytical = *make_cost_model("analytical"), event = *make_cost_model("event");
  std::ifstream csv(path);
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> networks;
  std::string line;
  for (std::getline(csv, line); std::getline(csv, line);) {
    lines.push_back(fields_of(line));
    if (lines.back().size() < 8)
      throw CommandError(ExitStatus::usage, fmt::format("{}, line {}: no measurement", path, lines.size() + 1));
    const std::string network = lines.back()[0].substr(0, lines.back()[0].find('/'));
    if (std::find(networks.begin(), networks.end(), network) == networks.end()) networks.push_back(network);
  }
  Study s;
  s.groups = groups_of(networks, target);
  std::vector<gvsoc::Outcome> outcomes;
  for (const auto& fields : lines) {
    const auto group =
        std::find_if(s.groups.begin(), s.groups.end(), [&](const auto& g) { return g.name == fields[0]; });
    const Config config = value_or_throw(parse_config(fields[2]));
    if (group == s.groups.end()) throw CommandError(ExitStatus::failed, fmt::format("{}: no such group", fields[0]));
    const Query query{group->shape, group->context, target};
    const Estimate e = estimate(*event, query, config);
    if (!e.feasible || !fields.back().empty()) continue;
    s.candidates.push_back({static_cast<size_t>(group - s.groups.begin()), config});
    s.analytical.push_back(estimate(*analytical, query, config).cycles);
    s.event.push_back(e.cycles);
    outcomes.emplace_back().cycles = std::stod(fields[5]);
  }
  print_tables(s, outcomes);
  return 0;
}

int study(const std::string& csv, size_t count, int jobs, const std::vector<std::string>& networks, bool parts) {
  const auto simulator = gvsoc::find_simulator();
  if (!simulator) {
    fmt::print("{}: nothing is studied\n", simulator.error().what);
    return 0;
  }
  const Target target = value_or_throw(load_target("gap9"));
  gvsoc::RunnerOptions options;
  options.parts = parts;
  gvsoc::BatchRunner runner(*simulator, target, options);
  const auto properties = value_or_throw(runner.probe(), ExitStatus::failed);
  const Study s = draw_all(networks, target, count, 1);
  fmt::print("{} random feasible configs of {} groups on {}\n", s.candidates.size(), s.groups.size(),
             gvsoc::environment(*simulator, properties));
  const std::atomic<bool> stop{false};
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(jobs));
  const auto begin = std::chrono::steady_clock::now();
  const auto outcomes = runner.run(s.layers, s.candidates, stop);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  write_csv(csv, s, outcomes);
  print_tables(s, outcomes);
  size_t failed = 0;
  for (size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].failure) {
      ++failed;
      fmt::print("FAILED {} {}: {}\n", s.groups[s.candidates[i].layer].name, to_string(s.candidates[i].config),
                 outcomes[i].failure->message);
    }
  const gvsoc::RunnerTimes t = runner.times();
  fmt::print(
      "{} measured, {} failed, {:.0f} s of wall clock with {} jobs; {} programs: generating {:.0f} s, building {:.0f} "
      "s, "
      "simulating {:.0f} s\n",
      outcomes.size() - failed, failed, seconds, jobs, t.programs, t.generate, t.build, t.simulate);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string option = argc > 1 ? argv[1] : "";
  const bool again = option == "--again", parts = option == "--parts";
  if (again || parts) --argc, ++argv;
  const size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 20;
  const int jobs = argc > 3 ? std::atoi(argv[3]) : 2;
  if (argc < 2 || argv[1][0] == '-' || count == 0 || jobs < 1) {
    fmt::print(stderr,
               "usage: ares-study-gvsoc [--parts] FILE.csv [CONFIGS_PER_GROUP [JOBS [NETWORK..]]]\n"
               "       ares-study-gvsoc --again FILE.csv\n");
    return 2;
  }
  std::vector<std::string> networks(std::begin(default_networks), std::end(default_networks));
  if (argc > 4) networks.assign(argv + 4, argv + argc);
  try {
    return again ? study_again(argv[1]) : study(argv[1], count, jobs, networks, parts);
  } catch (const CommandError& e) {
    fmt::print(stderr, "ares-study-gvsoc: {}\n", e.what());
    return static_cast<int>(e.status());
  }
}
