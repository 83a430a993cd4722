// ares-study-search: how many measurements a strategy needs until it is near the optimum of a space.
//   record   measures whole spaces and writes them to files
//   replay   lets strategies search them, many seeds each, and writes what they needed
//   transfer what the results of other networks are worth; writes the spaces with the predictions corrected by them
#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <boost/program_options.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

#include "core/base/cli.hpp"
#include "core/base/text_table.hpp"
#include "experiments/search/recorded_space.hpp"
#include "experiments/search/recorded_transfer.hpp"
#include "experiments/search/spaces.hpp"

namespace ares {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

/// What ranks the configs for the strategies.
enum class Prior { model, constant, noise };
constexpr std::array priors{Prior::model, Prior::constant, Prior::noise};
constexpr double noise_sigma = 0.5;  ///< of the logarithm

const char* name_of(Prior p) {
  constexpr const char* names[] = {"model", "constant", "noise"};
  return names[static_cast<int>(p)];
}

/// The space as the strategies see it: the same configs, other predictions.
RecordedSpace with_prior(const RecordedSpace& space, Prior prior, uint64_t seed) {
  RecordedSpace s = space;
  if (prior == Prior::model) return s;
  std::mt19937_64 generator(seed + 1);
  std::lognormal_distribution<float> noise(0, noise_sigma);
  for (float& p : s.candidates.predicted) p = prior == Prior::constant ? 1 : p * noise(generator);
  rank(s.candidates);
  return s;
}

/// One search, as the gap to the optimum after each measurement.
struct Run {
  std::vector<float> gap;
  double seconds = 0;  ///< recorded ones

  /// Measurements until within `fraction`; one more than were made: never.
  std::size_t until(double fraction) const {
    const auto it = std::find_if(gap.begin(), gap.end(), [&](float g) { return g <= fraction; });
    return static_cast<std::size_t>(it - gap.begin()) + 1;
  }
};

struct Settings {
  std::vector<std::string> strategies, spaces;
  std::size_t seeds = 30, most = 300, batch = 1;
  double near = 0.01;
};

Run search(const RecordedSpace& s, const std::string& strategy_name, uint64_t seed, const Settings& settings) {
  const auto strategy = value_or_throw(make_strategy(strategy_name, s.candidates, seed));
  Run run;
  double best = std::numeric_limits<double>::infinity();
  while (run.gap.size() < settings.most && best > s.optimum) {
    const auto proposals = strategy->ask(std::min(settings.batch, settings.most - run.gap.size()));
    if (proposals.empty()) break;
    const auto trials = replay(s, proposals, run.seconds);
    for (const Trial& t : trials) {
      best = std::min(best, t.cycles);
      run.gap.push_back(static_cast<float>(best / s.optimum - 1));
    }
    if (run.gap.back() <= settings.near / 10) break;
    strategy->tell(trials);
  }
  return run;
}

/// Draws without repetition until one of `good` among `all` is met.
struct RandomSearch {
  double mean = 0;
  std::size_t median = 0, p90 = 0;
};

RandomSearch random_search(std::size_t all, std::size_t good) {
  RandomSearch r;
  r.mean = static_cast<double>(all + 1) / static_cast<double>(good + 1);
  double missed = 1;  // hypergeometric: none of the draws so far was good
  for (std::size_t n = 1; n <= all && r.p90 == 0; ++n) {
    missed *= 1 - static_cast<double>(good) / static_cast<double>(all - n + 1);
    if (r.median == 0 && missed <= 0.5) r.median = n;
    if (missed <= 0.1 || n == all) r.p90 = n;
  }
  return r;
}

std::size_t count_near(const RecordedSpace& s, double fraction) {
  const double limit = s.optimum * (1 + fraction);
  return static_cast<std::size_t>(std::count_if(s.cycles.begin(), s.cycles.end(), [&](float c) { return c <= limit; }));
}

std::size_t quantile(std::vector<std::size_t> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

std::vector<fs::path> recordings(const fs::path& directory) {
  std::vector<fs::path> files;
  if (fs::is_directory(directory))
    for (const auto& entry : fs::directory_iterator(directory))
      if (entry.path().extension() == ".space") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw CommandError(ExitStatus::usage, fmt::format("{}: holds no .space file; record first", directory.string()));
  return files;
}

std::vector<StudiedGroup> groups_to_record(const OptionValues& values, const Target& target, const Measurer& m) {
  const auto list = values["networks"].as<std::string>();
  if (list.empty())
    return value_or_throw(studied_groups(target, m.source == "event" ? Studied::cheap : Studied::dear),
                          ExitStatus::failed);
  std::vector<std::string> networks;
  boost::split(networks, list, boost::is_any_of(","));
  return value_or_throw(distinct_groups(networks, target), ExitStatus::usage);
}

ExitStatus record(const OptionValues& values) {
  const fs::path directory = values["data"].as<std::string>();
  fs::create_directories(directory);
  const Target target = value_or_throw(load_target("gap9"));
  const Measurer measurer = value_or_throw(make_measurer(values["measure"].as<std::string>(), target)).measurer;
  const auto model = value_or_throw(make_cost_model("analytical"));
  for (const StudiedGroup& g : groups_to_record(values, target, measurer)) {
    if (g.name.find(values["only"].as<std::string>()) == std::string::npos) continue;
    const fs::path file = directory / (g.name + ".space");
    if (fs::exists(file)) {  // of a run that was cut, or of fewer networks
      RecordedSpace known = value_or_throw(load_space(file), ExitStatus::failed);
      known.members = g.members;
      value_or_throw(save(known, file), ExitStatus::failed);
      continue;
    }
    RecordedSpace s = record_space(g.name, {g.group.group.shape, g.group.context, target}, *model, measurer,
                                   {values["most"].as<std::size_t>(), values["slower"].as<double>()});
    s.members = g.members;
    value_or_throw(save(s, file), ExitStatus::failed);
    const float first = s.cycles[s.candidates.order.front()];
    fmt::print("{:<36} {:>9} configs{} {:>6.2f} us each, optimum {:>9.0f}, within 1 %: {:>7}, model-best +{:.2f} %\n",
               g.name, s.size(), s.whole() ? "," : fmt::format(" (thinned, of {}),", s.whole_feasible),
               s.seconds_each * 1e6, s.optimum, count_near(s, 0.01), 100 * (first / s.optimum - 1));
    std::cout.flush();
  }
  return ExitStatus::done;
}

/// All runs of one strategy on one space.
struct Runs {
  std::string space, strategy;
  Prior prior = Prior::model;
  std::vector<Run> runs;

  std::vector<std::size_t> until(double fraction) const {
    std::vector<std::size_t> counts;
    for (const Run& r : runs) counts.push_back(r.until(fraction));
    return counts;
  }
};

std::vector<Runs> search_all(const RecordedSpace& space, Prior prior, const Settings& settings) {
  std::vector<Runs> all;
  for (const std::string& strategy : settings.strategies)
    all.push_back({space.name, strategy, prior, std::vector<Run>(settings.seeds)});
  const auto of_seed = [&](const RecordedSpace& s, std::size_t seed) {
    for (Runs& r : all) r.runs[seed] = search(s, r.strategy, seed, settings);
  };
  if (prior == Prior::noise) {
    tbb::parallel_for(std::size_t{0}, settings.seeds,
                      [&](std::size_t seed) { of_seed(with_prior(space, prior, seed), seed); });
  } else {
    const RecordedSpace s = with_prior(space, prior, 0);
    tbb::parallel_for(std::size_t{0}, settings.seeds, [&](std::size_t seed) { of_seed(s, seed); });
  }
  return all;
}

void write_rows(std::ostream& csv, const Runs& r, std::size_t most) {
  for (std::size_t seed = 0; seed < r.runs.size(); ++seed)
    csv << fmt::format("{},{},{},{},{},{},{:.4f},{:.6g},{}\n", r.space, name_of(r.prior), r.strategy, seed,
                       r.runs[seed].until(0.01), r.runs[seed].until(0.05), r.runs[seed].gap.front(),
                       r.runs[seed].seconds, most);
}

/// Gap after each number of measurements, median over spaces and seeds.
void write_curves(const fs::path& file, const std::vector<Runs>& all, const Settings& settings) {
  std::ofstream csv(file);
  csv << "model,strategy,measurements,median_gap,p90_gap\n";
  for (const Prior prior : priors)
    for (const std::string& strategy : settings.strategies)
      for (std::size_t n = 1; n <= settings.most; n += n < 50 ? 1 : 10) {
        std::vector<float> gaps;
        for (const Runs& r : all)
          if (r.prior == prior && r.strategy == strategy)
            for (const Run& run : r.runs) gaps.push_back(run.gap[std::min(n, run.gap.size()) - 1]);
        if (gaps.empty()) continue;
        std::sort(gaps.begin(), gaps.end());
        csv << fmt::format("{},{},{},{:.5f},{:.5f}\n", name_of(prior), strategy, n, gaps[gaps.size() / 2],
                           gaps[gaps.size() * 9 / 10]);
      }
}

std::string count_text(std::size_t n, const Settings& s) {
  return n > s.most ? fmt::format("> {}", s.most) : fmt::format("{}", n);
}

void print_summary(const std::vector<Runs>& all, const std::map<std::string, RandomSearch>& random,
                   const Settings& settings) {
  for (const Prior prior : priors) {
    fmt::print("\nmeasurements until within 1 % of the optimum, predictions: {}\n", name_of(prior));
    std::vector<Column> columns{{"space"}, {"random, calculated", true}};
    for (const std::string& s : settings.strategies) columns.push_back({s + " median (90 %)", true});
    std::vector<std::vector<std::string>> rows;
    std::map<std::string, std::vector<std::size_t>> pooled;
    std::map<std::string, std::size_t> worst;
    for (const auto& [space, calculated] : random) {
      std::vector<std::string> row{space, fmt::format("{}", calculated.median)};
      for (const std::string& strategy : settings.strategies)
        for (const Runs& r : all)
          if (r.space == space && r.strategy == strategy && r.prior == prior) {
            const auto counts = r.until(0.01);
            row.push_back(fmt::format("{} ({})", count_text(quantile(counts, 0.5), settings),
                                      count_text(quantile(counts, 0.9), settings)));
            pooled[strategy].insert(pooled[strategy].end(), counts.begin(), counts.end());
            worst[strategy] = std::max(worst[strategy], quantile(counts, 0.5));
          }
      rows.push_back(row);
    }
    std::vector<std::size_t> medians;
    for (const auto& [space, calculated] : random) medians.push_back(calculated.median);
    std::vector<std::string> overall{"all: median over spaces and seeds", fmt::format("{}", quantile(medians, 0.5))};
    std::vector<std::string> worsts{"worst space: its median", fmt::format("{}", quantile(medians, 1))};
    for (const std::string& strategy : settings.strategies) {
      overall.push_back(count_text(quantile(pooled[strategy], 0.5), settings));
      worsts.push_back(count_text(worst[strategy], settings));
    }
    rows.push_back(overall);
    rows.push_back(worsts);
    std::cout << text_table(columns, rows) << std::flush;
  }
}

Settings settings_of(const OptionValues& values) {
  Settings s;
  boost::split(s.strategies, values["strategies"].as<std::string>(), boost::is_any_of(","));
  s.seeds = std::max<std::size_t>(1, values["seeds"].as<std::size_t>());
  s.most = std::max<std::size_t>(1, values["measurements"].as<std::size_t>());
  s.batch = std::max<std::size_t>(1, values["batch"].as<std::size_t>());
  return s;
}

ExitStatus replay_all(const OptionValues& values) {
  const Settings settings = settings_of(values);
  const fs::path out = values["output"].as<std::string>();
  fs::create_directories(out);
  std::ofstream csv(out / "runs.csv"), baseline(out / "random.csv");
  csv << "space,model,strategy,seed,until_1,until_5,first_gap,recorded_seconds,most\n";
  baseline << "space,source,configs,within_1,mean,median,p90\n";
  std::vector<Runs> all;
  std::map<std::string, RandomSearch> random;
  for (const fs::path& file : recordings(values["data"].as<std::string>())) {
    const RecordedSpace space = value_or_throw(load_space(file));
    if (const auto only = values["only"].as<std::string>(); space.name.find(only) == std::string::npos) continue;
    const std::size_t near = count_near(space, settings.near);
    const RandomSearch r = random[space.name] = random_search(space.size(), near);
    baseline << fmt::format("{},{},{},{},{:.1f},{},{}\n", space.name, space.source, space.size(), near, r.mean,
                            r.median, r.p90);
    for (const Prior prior : priors)
      for (Runs& runs : search_all(space, prior, settings)) {
        write_rows(csv, runs, settings.most);
        all.push_back(std::move(runs));
      }
    csv.flush();
  }
  write_curves(out / "curves.csv", all, settings);
  print_summary(all, random, settings);
  return ExitStatus::done;
}

/// Measurements that `auto` needs where the model's favourite is not within 1 %, by the model and by the corrected one.
void print_retuning(const std::vector<RecordedSpace>& spaces, const std::vector<Transferred>& transferred,
                    const Settings& settings) {
  std::vector<std::size_t> alone, with;
  std::size_t groups = 0, all_alone = 0, all_with = 0;
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    const RecordedSpace& s = spaces[i];
    if (s.cycles[s.candidates.order.front()] <= s.optimum * (1 + settings.near)) continue;
    ++groups;
    for (std::size_t seed = 0; seed < settings.seeds; ++seed) {
      alone.push_back(search(s, "auto", seed, settings).until(settings.near));
      with.push_back(search(transferred[i].space, "auto", seed, settings).until(settings.near));
      all_alone += alone.back(), all_with += with.back();
    }
  }
  if (groups == 0) return;
  const auto mean = [&](std::size_t n) { return static_cast<double>(n) / static_cast<double>(alone.size()); };
  fmt::print(
      "re-tuning the {} groups whose model-best is not within 1 %: median {} measurements from nothing, {} with the "
      "others' results (means {:.1f} and {:.1f}; {} seeds)\n",
      groups, quantile(alone, 0.5), quantile(with, 0.5), mean(all_alone), mean(all_with), settings.seeds);
}

ExitStatus transfer_all(const OptionValues& values) {
  const fs::path out = fs::path(values["output"].as<std::string>()) / "corrected";
  fs::create_directories(out);
  std::vector<RecordedSpace> spaces;
  for (const fs::path& file : recordings(values["data"].as<std::string>()))
    spaces.push_back(value_or_throw(load_space(file)));
  const auto transferred = by_others(spaces, value_or_throw(load_target("gap9")));
  print_transfer(spaces, transferred);
  print_retuning(spaces, transferred, settings_of(values));
  for (const Transferred& t : transferred)
    value_or_throw(save(t.space, out / (t.space.name + ".space")), ExitStatus::failed);
  return ExitStatus::done;
}

ExitStatus run(const OptionValues& values) {
  const std::string what = values.count("what") ? values["what"].as<std::string>() : "";
  if (what == "record") return record(values);
  if (what == "replay") return replay_all(values);
  if (what == "transfer") return transfer_all(values);
  throw CommandError(ExitStatus::usage, "say what to do: --what record, --what replay or --what transfer");
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  ares::Command command{"ares-study-search", "measures how many measurements strategies need", {}, ares::run};
  auto add = command.options.add_options();
  add("what", po::value<std::string>()->value_name("WHAT"),
      "record: measure whole spaces; replay: search in them; transfer: what other networks' results are worth");
  add("data", po::value<std::string>()->default_value("build/spaces")->value_name("DIR"), "the recorded spaces");
  add("measure", po::value<std::string>()->default_value("event")->value_name("HOW"), "record: what measures");
  add("most", po::value<std::size_t>()->default_value(8u << 20)->value_name("N"), "record: configs of a space");
  add("slower", po::value<double>()->default_value(std::numeric_limits<double>::infinity(), "any")->value_name("N"),
      "record: leave out what the model expects to take N cycles more than its favourite");
  add("networks", po::value<std::string>()->default_value("")->value_name("A,B"),
      "record: all groups of these reference networks instead of the usual ones");
  add("output", po::value<std::string>()->default_value("build/search")->value_name("DIR"), "replay: the CSV files");
  add("only", po::value<std::string>()->default_value("")->value_name("TEXT"), "spaces whose name has TEXT");
  add("strategies", po::value<std::string>()->default_value("auto,bayesian,evolutionary")->value_name("A,B"),
      "replay: strategies");
  add("seeds", po::value<std::size_t>()->default_value(30)->value_name("N"), "replay: runs of each");
  add("batch", po::value<std::size_t>()->default_value(1)->value_name("N"), "replay: proposals at a time");
  add("measurements", po::value<std::size_t>()->default_value(300)->value_name("N"), "replay: the longest run");
  return ares::run_command(argc, argv, command);
}
