// ares-perf: records the cycles of whole networks and tells what became worse.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/algorithm/string.hpp>
#include <boost/program_options.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>

#include "codegen/choose_config.hpp"
#include "codegen/golden_sample.hpp"
#include "codegen/write_project.hpp"
#include "core/base/cli.hpp"
#include "core/base/file.hpp"
#include "core/builder/write_model.hpp"
#include "core/import/load_network.hpp"
#include "cost_models/event.hpp"
#include "cost_models/gvsoc/batch_runner.hpp"
#include "cost_models/gvsoc/process.hpp"
#include "cost_models/gvsoc/project_directory.hpp"
#include "cost_models/model_best.hpp"
#include "experiments/perf/floor.hpp"
#include "experiments/perf/perf_table.hpp"
#include "experiments/perf/yardsticks.hpp"
#include "experiments/zoo/zoo.hpp"
#include "kb/shipped.hpp"

namespace ares {
namespace {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

constexpr double build_seconds = 600, run_seconds = 1800;
/// Those that users look at first.
constexpr const char* hot_networks = "resnet8,ds_cnn,mobilenet_v1_025,autoencoder";

Words list_of(const std::string& text) {
  Words words;
  if (!text.empty()) boost::split(words, text, boost::is_any_of(","));
  return words;
}

/// A list of names, or `reference`: those that have a yardstick.
Words networks_of(const std::string& text) {
  if (text != "reference") return list_of(text);
  Words words;
  for (const perf::Yardstick& y : perf::yardsticks()) words.emplace_back(y.network);
  return words;
}

LayerGraph graph_of(const std::string& name) {
  const zoo::Network* network = zoo::find_network(name);
  if (!network) throw CommandError(ExitStatus::usage, fmt::format("{}: no network of the zoo (ares-zoo list)", name));
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("ares-perf-{}.qonnx", getpid());
  value_or_throw(qonnx::write_model(zoo::build(*network), file), ExitStatus::failed);
  LayerGraph graph = value_or_throw(load_network(file), ExitStatus::failed);
  std::filesystem::remove(file);
  return graph;
}

/// With the partition and the configs that ares-compile would take from this knowledge base, or by the analytical
/// model.
NetworkProgram program_of(const LayerGraph& graph, const Target& target, const std::vector<kb::KnowledgeBase>& kbs) {
  const auto model = value_or_throw(make_cost_model("analytical"));
  ModelBests bests(model, target);
  ConfigSources sources;
  for (const kb::KnowledgeBase& kb : kbs) sources.kbs.push_back(&kb);
  sources.score = [&](const GroupShape& shape, const Context& context, const Config& config) {
    return estimate(*model, {shape, context, target}, config).cycles;
  };
  sources.optimum = [&](const GroupShape& shape, const Context& context) -> std::optional<ModelBest> {
    const auto best = bests(shape, context);
    return best ? std::optional(ModelBest{best->config, best->estimate.cycles}) : std::nullopt;
  };
  const auto groups = value_or_throw(plan_contexts(graph, target, {}), ExitStatus::failed);
  const auto chooser = value_or_throw(make_chooser(graph, groups, target, sources));
  PlanOptions options;
  options.fused = known_partition(graph, groups, target, sources);
  return value_or_throw(plan_network(graph, target, options, chooser), ExitStatus::failed);
}

std::vector<kb::KnowledgeBase> knowledge_bases(const std::string& named) {
  std::vector<kb::KnowledgeBase> kbs;
  if (named == "none") return kbs;
  if (!named.empty()) kbs.push_back(value_or_throw(kb::KnowledgeBase::open_read_only(named)));
  if (auto shipped = kb::open_shipped()) kbs.push_back(std::move(*shipped));
  return kbs;
}

/// The N of `TITLE name : total=N ..`.
double total_of(const std::string& text, const std::string& title) {
  const size_t line = text.find(title);
  const size_t at = line == std::string::npos ? line : text.find("total=", line);
  uint64_t total = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + 6, text.data() + text.size(), total);
  return static_cast<double>(total);
}

perf::Row run_on_gvsoc(const std::string& name, const LayerGraph& graph, const NetworkProgram& program,
                       const Target& target, const gvsoc::Simulator& simulator, const std::string& environment) {
  constexpr uint64_t seed = 1;
  const GoldenData golden = golden_data(graph, program, random_sample(graph, seed));
  const gvsoc::ScratchProject project(
      value_or_throw(project_files(program, graph, target, golden), ExitStatus::failed));
  const std::atomic<bool> never{false};
  const std::string flags = " ENABLE_PERF=total MINIMAL_OUTPUT=1 DISABLE_INTERMEDIATE_GOLDEN=1";
  const auto built = gvsoc::run_process(project.make("-j2 all" + flags, simulator), build_seconds, never);
  if (built.status != 0)
    throw CommandError(ExitStatus::failed, fmt::format("{}: {}", name, gvsoc::error_line(built.text)));
  const auto ran = gvsoc::run_process(project.make("run" + flags, simulator), run_seconds, never);
  perf::Row row{name,  "gvsoc",    total_of(ran.text, "PERFORMANCE SUMMARY "), total_of(ran.text, "PERFORMANCE COLD "),
                false, environment};
  row.right = ran.text.find("\nTest PASSED") != std::string::npos && row.cycles > 0;
  return row;
}

std::vector<perf::Row> read_table(const std::string& file) {
  const auto rows = perf::from_text(value_or_throw(read_file(file)));
  if (!rows) throw CommandError(ExitStatus::usage, fmt::format("{}: {}", file, rows.error().what));
  return *rows;
}

/// Rows of a table file, where there is one, of all but these networks.
std::vector<perf::Row> others(const std::string& file, const Words& networks) {
  if (!std::filesystem::exists(file)) return {};
  std::vector<perf::Row> rows = read_table(file);
  std::erase_if(rows, [&](const perf::Row& r) { return std::ranges::find(networks, r.network) != networks.end(); });
  return rows;
}

ExitStatus collect(const OptionValues& values) {
  const Target target = value_or_throw(load_target("gap9"));
  const auto simulator = gvsoc::find_simulator(values["gvsoc"].as<std::string>());
  std::string environment;
  if (simulator) {
    gvsoc::BatchRunner runner(*simulator, target);
    environment = gvsoc::environment(*simulator, value_or_throw(runner.probe(), ExitStatus::failed));
  } else {
    std::cerr << fmt::format("{}: the event simulator's cycles alone are recorded\n", simulator.error().what);
  }
  const auto kbs = knowledge_bases(values["kb"].as<std::string>());
  const Words networks = networks_of(values["networks"].as<std::string>());
  const std::string& output = values["output"].as<std::string>();
  std::vector<perf::Row> rows = values.count("add") ? others(output, networks) : std::vector<perf::Row>();
  bool right = true;
  for (const std::string& name : networks) {
    const LayerGraph graph = graph_of(name);
    const NetworkProgram program = program_of(graph, target, kbs);
    const double floor = perf::floor_cycles(graph), cycles = play(program, target, false).total.cycles;
    rows.push_back({name, "event", cycles, play(program, target, true).total.cycles, true, "event simulator", floor});
    if (simulator && cycles <= values["gvsoc-most"].as<double>()) {
      rows.push_back(run_on_gvsoc(name, graph, program, target, *simulator, environment));
      rows.back().floor = floor;
    }
    right = right && rows.back().right;
    std::cout << fmt::format("{:<24} {:>12.0f} by {}{}", name, rows.back().cycles, rows.back().source,
                             rows.back().right ? "" : "  WRONG BYTES")
              << std::endl;
    value_or_throw(write_file(output, perf::to_text(rows)), ExitStatus::failed);
  }
  return right ? ExitStatus::done : ExitStatus::failed;
}

/// Writes the floors of a table file's networks into it; all else stays as it was recorded.
ExitStatus floors(const OptionValues& values) {
  const std::string& file = values["now"].as<std::string>();
  std::vector<perf::Row> rows = read_table(file);
  std::map<std::string, double> known;
  for (perf::Row& r : rows) {
    if (!known.contains(r.network)) known[r.network] = perf::floor_cycles(graph_of(r.network));
    r.floor = known[r.network];
  }
  value_or_throw(write_file(file, perf::to_text(rows)), ExitStatus::failed);
  return ExitStatus::done;
}

ExitStatus compare(const OptionValues& values) {
  const perf::Limits limits{values["limit"].as<double>(), values["hot-limit"].as<double>(),
                            list_of(values["hot"].as<std::string>())};
  const auto findings = perf::compare(read_table(values["before"].as<std::string>()),
                                      read_table(values["now"].as<std::string>()), limits);
  bool worse = false;
  for (const perf::Finding& f : findings) {
    std::cout << f.line << '\n';
    worse = worse || f.worse;
  }
  return worse ? ExitStatus::failed : ExitStatus::done;
}

const perf::Row* row_of(const std::vector<perf::Row>& rows, std::string_view network, std::string_view source) {
  const auto it = std::find_if(rows.begin(), rows.end(),
                               [&](const perf::Row& r) { return r.network == network && r.source == source; });
  return it == rows.end() ? nullptr : &*it;
}

perf::Floor floor_of(const LayerGraph& graph, const Target& target) {
  const NetworkProgram program = program_of(graph, target, {});
  perf::Floor floor;
  for (const PlannedGroup& g : program.groups) floor.warm += lower_bound({g.group.shape, g.context, target});
  floor.l3 = static_cast<double>(program.l3_bytes) / target.l3.bytes_per_cycle_read;
  return floor;
}

/// GVSOC's row where there is one, else the event simulator's.
const perf::Row* best_row(const std::vector<perf::Row>& rows, std::string_view network) {
  const perf::Row* const gvsoc = row_of(rows, network, "gvsoc");
  return gvsoc ? gvsoc : row_of(rows, network, "event");
}

std::string floors_text(const std::vector<perf::Row>& rows, const Target& target) {
  std::vector<perf::Attempt> attempts;
  for (const perf::Goal& t : perf::goals()) {
    const perf::Row* const row = best_row(rows, t.network);
    if (!row) continue;
    // Only goals that are missed ask what L3 takes.
    const bool missed = t.cold_goal > 0 && row->cold_cycles > t.cold_goal;
    const double bytes = missed ? perf::constant_bytes(graph_of(std::string(t.network))) : 0;
    attempts.push_back({t, row, bytes / target.l3.bytes_per_cycle_read});
  }
  return perf::floors_table(attempts);
}

ExitStatus table(const OptionValues& values) {
  const Target target = value_or_throw(load_target("gap9"));
  std::vector<perf::Row> rows;
  for (const std::string& file : list_of(values["now"].as<std::string>())) {
    const std::vector<perf::Row> more = read_table(file);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  std::vector<perf::Standing> standings;
  for (const perf::Yardstick& y : perf::yardsticks()) {
    const perf::Row* const event = row_of(rows, y.network, "event");
    const perf::Row* const gvsoc = row_of(rows, y.network, "gvsoc");
    if (event || gvsoc) standings.push_back({y, floor_of(graph_of(std::string(y.network)), target), event, gvsoc});
  }
  std::cout << perf::standings_table(standings) << '\n'
            << perf::models_table(standings) << '\n'
            << floors_text(rows, target);
  return ExitStatus::done;
}

Command command_of(const std::string& name) {
  const auto text = [](const char* what) { return po::value<std::string>()->value_name(what); };
  if (name == "collect") {
    Command c{"ares-perf collect", "records the cycles of whole networks in a table file", {}, collect};
    auto add = c.options.add_options();
    add("output,o", text("FILE.tsv")->required(), "the table");
    add("networks", text("A,B")->default_value(hot_networks), "of the zoo; 'reference': those that have a yardstick");
    add("kb", text("DIR")->default_value(""), "knowledge base beside the shipped one; 'none': configs by the model");
    add("gvsoc-most", po::value<double>()->value_name("CYCLES")->default_value(HUGE_VAL, "all"),
        "on GVSOC only networks of at most so many cycles by the event simulator");
    add("add", "keeps the file's rows of other networks");
    add("gvsoc", text("PATH")->default_value(""), "where GVSOC is installed; without it $GVSOC_HOME");
    return c;
  }
  if (name == "table") {
    Command c{
        "ares-perf table",
        "table files beside the yardsticks, the models beside GVSOC, and networks beside their floors, as Markdown",
        {},
        table};
    c.options.add_options()("now", text("A.tsv,B.tsv")->required(),
                            "the table files; the first row of a network counts");
    return c;
  }
  if (name == "floors") {
    Command c{"ares-perf floors", "writes the floors of a table file's networks into it", {}, floors};
    c.options.add_options()("now", text("FILE.tsv")->required(), "the table file");
    return c;
  }
  Command c{"ares-perf compare",
            "tells what became worse from one table to the next; status 1 where something did",
            {},
            compare};
  auto add = c.options.add_options();
  add("before", text("FILE.tsv")->required(), "the table of before");
  add("now", text("FILE.tsv")->required(), "the table of now");
  add("limit", po::value<double>()->value_name("PERCENT")->default_value(5), "more cycles that are allowed");
  add("hot-limit", po::value<double>()->value_name("PERCENT")->default_value(3), "the same for hot networks");
  add("hot", text("A,B")->default_value(hot_networks), "hot networks");
  return c;
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "collect" || first == "compare" || first == "floors" || first == "table")
    return ares::run_command(argc - 1, argv + 1, ares::command_of(first));
  const ares::Command overview{"ares-perf",
                               "cycles of whole networks: collect, compare, floors, table",
                               {},
                               [](const ares::OptionValues&) -> ares::ExitStatus {
                                 throw ares::CommandError(
                                     ares::ExitStatus::usage,
                                     "give a command: collect, compare, floors or table (see --help)");
                               }};
  if (!first.empty() && first[0] != '-') {
    std::cerr << fmt::format("ares-perf: unknown command '{}': collect, compare, floors or table\n", first);
    return static_cast<int>(ares::ExitStatus::usage);
  }
  return ares::run_command(argc, argv, overview);
}
