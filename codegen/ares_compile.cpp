// ares-compile: a QONNX model as a C project that checks itself.
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <filesystem>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

#include "codegen/choose_config.hpp"
#include "codegen/golden_sample.hpp"
#include "codegen/pins.hpp"
#include "codegen/write_library.hpp"
#include "core/base/file.hpp"
#include "core/import/model_options.hpp"
#include "core/ir/graph.hpp"
#include "core/plan/plan_json.hpp"
#include "cost_models/corrected.hpp"
#include "cost_models/timeline.hpp"
#include "kb/environment.hpp"
#include "kb/evidence.hpp"
#include "kb/location.hpp"
#include "kb/shipped.hpp"

namespace ares {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::json;

template <class T>
T option(const OptionValues& values, const char* name, T otherwise) {
  return values.count(name) ? values[name].as<T>() : otherwise;
}

/// An option that counts something: at least `least`.
int64_t count_option(const OptionValues& values, const char* name, int64_t least, int64_t most, int64_t otherwise) {
  if (!values.count(name)) return otherwise;
  const auto value = values[name].as<int64_t>();
  if (value < least || value > most)
    throw CommandError(ExitStatus::usage, fmt::format("--{} {}: has to be {} to {}", name, value, least, most));
  return value;
}

PlanOptions plan_options(const OptionValues& values, const Target& target) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  PlanOptions o;
  o.cores = static_cast<int>(count_option(values, "cores", 1, target.cores.count, target.cores.count));
  o.stack = static_cast<uint32_t>(count_option(values, "stack", 1, most, 0));
  o.l1_limit = static_cast<uint64_t>(count_option(values, "l1-limit", 1, most, 0));
  o.l2_limit = static_cast<uint64_t>(count_option(values, "l2-limit", 1, most, 0));
  o.l3_limit = static_cast<uint64_t>(count_option(values, "l3-limit", 1, most, 0));
  return o;
}

/// The knowledge base that the options name, then the shipped one; none with --no-kb.
std::vector<kb::KnowledgeBase> open_kbs(const OptionValues& values) {
  std::vector<kb::KnowledgeBase> kbs;
  if (values.count("no-kb")) return kbs;
  auto shipped = kb::open_shipped();
  const bool named = values.count("kb") > 0;
  const std::filesystem::path dir = kb::location(named ? std::optional(values["kb"].as<std::string>()) : std::nullopt);
  if (named || std::filesystem::exists(dir)) {
    kbs.push_back(value_or_throw(kb::KnowledgeBase::open_read_only(dir)));
  } else {
    print_notice(fmt::format("no knowledge base at {}: {}", dir.string(),
                             shipped ? "the shipped one is asked" : "every group takes the model's best config"));
  }
  if (shipped) kbs.push_back(std::move(*shipped));
  return kbs;
}

/// What boards and GVSOC measured with today's versions: it corrects the model's choice for groups that nothing is
/// known of. The event simulator's results would not: it shares the model's formulas.
kb::Evidence measured_results(const std::vector<const kb::KnowledgeBase*>& kbs, const Target& target) {
  const auto counts = [&](const kb::Subject& s) {
    return s.source != kb::Source::event && s.signature.target == target.name &&
           kb::current_environment(target, s.signature.shape.family).matches(s.source, s.environment);
  };
  kb::Evidence evidence = value_or_throw(kb::gather(kbs, counts));
  if (evidence.groups > 0)
    print_notice(fmt::format("{} measured results of {} groups in the knowledge base correct the model",
                             evidence.results.size(), evidence.groups));
  return evidence;
}

ConfigSources config_sources(const OptionValues& values, const Target& target,
                             const std::vector<kb::KnowledgeBase>& kbs) {
  ConfigSources s;
  if (values.count("pin")) s.pins = value_or_throw(read_pins(values["pin"].as<std::string>()));
  for (const kb::KnowledgeBase& kb : kbs) s.kbs.push_back(&kb);
  const auto analytical = value_or_throw(make_cost_model("analytical"));
  const std::vector<GroupResult> results = measured_results(s.kbs, target).results;
  const auto corrected = results.empty() ? nullptr : std::make_shared<CorrectedModel>(results, target);
  s.neighbours = !corrected;
  s.score = [analytical, &target](const GroupShape& shape, const Context& context, const Config& config) {
    return estimate(*analytical, {shape, context, target}, config).cycles;
  };
  const auto bests = std::make_shared<ModelBests>(analytical, target);
  s.optimum = [=, &target](const GroupShape& shape, const Context& context) -> std::optional<ModelBest> {
    const auto best = (*bests)(shape, context);
    if (!best) return std::nullopt;
    const BestByModel better = corrected ? corrected->surely_better(*best, {shape, context, target}) : *best;
    return ModelBest{better.config, better.estimate.cycles, !(better.config == best->config)};
  };
  return s;
}

NetworkProgram plan(const OptionValues& values, const LayerGraph& graph, const Target& target) {
  PlanOptions options = plan_options(values, target);
  const auto groups = value_or_throw(plan_contexts(graph, target, options), ExitStatus::failed);
  const auto kbs = open_kbs(values);
  const ConfigSources sources = config_sources(values, target, kbs);
  const auto chooser = value_or_throw(make_chooser(graph, groups, target, sources));
  options.fused = known_partition(graph, groups, target, sources);
  return value_or_throw(plan_network(graph, target, options, chooser), ExitStatus::failed);
}

std::vector<TensorData> sample(const OptionValues& values, const LayerGraph& graph) {
  constexpr uint64_t seed = 1;
  if (!values.count("input")) {
    if (values.count("sample")) throw CommandError(ExitStatus::usage, "--sample needs --input");
    return random_sample(graph, seed);
  }
  const auto index = static_cast<size_t>(count_option(values, "sample", 0, std::numeric_limits<int64_t>::max(), 0));
  return value_or_throw(read_sample(graph, values["input"].as<std::vector<std::string>>(), index));
}

/// --lib: a prefix of C names; `ares` is the runtime's.
std::string library_prefix(const OptionValues& values) {
  const auto prefix = option<std::string>(values, "lib", "");
  static const std::regex identifier("[A-Za-z][A-Za-z0-9_]*");
  if (values.count("lib") && (!std::regex_match(prefix, identifier) || prefix == "ares" || prefix == "network"))
    throw CommandError(ExitStatus::usage,
                       fmt::format("--lib '{}': has to be a C name other than ares and network", prefix));
  return prefix;
}

Json describe(const OptionValues& values, const NetworkProgram& n, const LayerGraph& graph, const Target& target) {
  Json groups = Json::array();
  for (const PlannedGroup& g : n.groups)
    groups.push_back({{"name", g.group.name},
                      {"op", name_of(g.group.shape.family)},
                      {"macs", g.group.shape.macs()},
                      {"config", config_json(g.chosen.config)},
                      {"config_from", name_of(g.chosen.origin)},
                      {"note", g.chosen.note},
                      {"l1_bytes", g.program.l1_bytes},
                      {"l2_staging_bytes", g.program.l2_bytes}});
  return {{"schema_version", 1},
          {"model", values["model"].as<std::string>()},
          {"output", values["output"].as<std::string>()},
          {"target", target.name},
          {"requant", graph.policy == RequantPolicy::fast ? "fast" : "exact"},
          {"cores", n.cores},
          {"stack", n.stack},
          {"groups", groups},
          {"memory",
           {{"l1_bytes", n.l1_bytes},
            {"arena_bytes", n.arena_bytes},
            {"arena_lower_bound", n.arena_lower_bound},
            {"l2_constant_bytes", n.l2_constant_bytes},
            {"l3_bytes", n.l3_bytes}}}};
}

ExitStatus compile(const OptionValues& values) {
  const std::string library = library_prefix(values);
  const Target target = value_or_throw(load_target(option<std::string>(values, "target", "gap9")));
  const LayerGraph graph = load_model(values);
  const std::vector<TensorData> inputs = sample(values, graph);
  const NetworkProgram program = plan(values, graph, target);
  if (const auto checkpoints = values["checkpoints"].as<std::string>(); !checkpoints.empty())
    value_or_throw(write_file(std::filesystem::path(checkpoints) / "plan.json", plan_to_json(program)),
                   ExitStatus::failed);
  for (const PlannedGroup& g : program.groups) std::cout << announcement(g.group.name, g.chosen) << '\n';

  const std::string directory = values["output"].as<std::string>();
  const GoldenData golden = golden_data(graph, program, inputs);
  value_or_throw(library.empty() ? write_project(program, graph, target, golden, directory)
                                 : write_library(program, graph, target, golden, directory, library),
                 ExitStatus::failed);
  std::cout << fmt::format("{} groups, {} of {} bytes of L1, {} bytes of L2, {} bytes of L3 image\n",
                           program.groups.size(), program.l1_bytes, target.l1_bytes,
                           program.arena_bytes + program.l2_constant_bytes, program.l3_bytes);
  std::cout << fmt::format("wrote {0}; run it with: make -C {0} clean all run platform=host\n", directory);
  if (values.count("trace"))
    value_or_throw(write_file(values["trace"].as<std::string>(), timeline_json(program, target)), ExitStatus::failed);
  if (!library.empty())
    std::cout << fmt::format("the library lib{}.a is made with: make -C {} lib platform=host\n", library, directory);
  if (values.count("json"))
    value_or_throw(
        write_file(values["json"].as<std::string>(), describe(values, program, graph, target).dump(2) + "\n"),
        ExitStatus::failed);
  return ExitStatus::done;
}

Options compile_options() {
  Options options("Options", 110, 60);
  add_model_options(options);
  const auto number = [] { return po::value<int64_t>()->value_name("N"); };
  const auto bytes = [] { return po::value<int64_t>()->value_name("BYTES"); };
  const auto file = [](const char* name) { return po::value<std::string>()->value_name(name); };
  auto add = options.add_options();
  add("output", file("DIR")->required(), "the project, created or overwritten");
  add("input", po::value<std::vector<std::string>>()->value_name("[NAME=]FILE"),
      "sample that the program is checked on (.npy); without it a random one");
  add("sample", number(), "which sample of the input, from 0");
  add("target", file("NAME|FILE"), "gap9 (default), siracusa, or a description of your own");
  add("kb", file("DIR"), "knowledge base (default: $ARES_KB, else $XDG_DATA_HOME/ares/kb)");
  add("no-kb", "use no knowledge base, the shipped one neither");
  add("pin", file("FILE"), "JSON object of group names with configs that win over everything");
  add("lib", po::value<std::string>()->value_name("PREFIX"),
      "write a library as well: PREFIX_run() in a firmware that has other networks, too");
  add("cores", number(), "workers to plan for (default: all)");
  add("stack", bytes(), "stack of a worker, in L1");
  add("l1-limit", bytes(), "what the rest of the application leaves of L1");
  add("l2-limit", bytes(), "what the rest of the application leaves of L2");
  add("l3-limit", bytes(), "what the rest of the application leaves of L3");
  add("trace", file("FILE"), "write the schedule there, as the event simulator plays it, for Perfetto");
  add("json", file("FILE"), "write what was decided there");
  return options;
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  return ares::run_command(argc, argv,
                           {"ares-compile", "writes a quantised network as a C project that checks itself",
                            ares::compile_options(), ares::compile});
}
