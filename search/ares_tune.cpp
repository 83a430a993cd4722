// ares-tune: finds for every layer of a network how it runs fastest, and remembers it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/global_control.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/import/model_options.hpp"
#include "core/ir/graph.hpp"
#include "cost_models/corrected.hpp"
#include "cost_models/learned.hpp"
#include "cost_models/plugin.hpp"
#include "cost_models/timeline.hpp"
#include "kb/evidence.hpp"
#include "kb/location.hpp"
#include "kb/shipped.hpp"
#include "search/dry_run.hpp"
#include "search/explain.hpp"
#include "search/html_report.hpp"
#include "search/interrupt.hpp"
#include "search/kb_store.hpp"
#include "search/network_search.hpp"
#include "search/progress.hpp"
#include "search/tune_options.hpp"
#include "search/tune_report.hpp"

namespace ares {
namespace {

void require(const Result<void>& done) {
  if (!done) throw CommandError(ExitStatus::failed, done.error().what);
}

/// The knowledge base of a run, if it has one.
struct Memory {
  std::string place;  ///< empty: --no-kb
  std::optional<kb::KnowledgeBase> kb;
  std::optional<kb::KnowledgeBase> shipped;  ///< read where the other knows nothing

  /// The one to ask first; nullptr: none.
  kb::KnowledgeBase* first() { return kb ? &*kb : shipped ? &*shipped : nullptr; }
  /// The one to ask then.
  const kb::KnowledgeBase* second() const { return kb && shipped ? &*shipped : nullptr; }
};

/// To read (what is not there is empty) or to write.
Memory open_memory(const TuneSettings& s, bool write) {
  Memory m;
  if (!s.use_kb) return m;
  const std::filesystem::path place = kb::location(s.kb);
  m.place = place.string();
  m.shipped = kb::open_shipped();
  if (write)
    m.kb = value_or_throw(kb::KnowledgeBase::open(place), ExitStatus::failed);
  else if (kb::holds_store(place))
    m.kb = value_or_throw(kb::KnowledgeBase::open_read_only(place), ExitStatus::failed);
  return m;
}

/// Long before it is written, so that a run of hours does not end in vain.
void check_writable(const std::string& option, const std::string& file) {
  if (file.empty()) return;
  std::filesystem::path parent = std::filesystem::path(file).parent_path();
  if (parent.empty()) parent = ".";
  if (access(parent.c_str(), W_OK) != 0 || std::filesystem::is_directory(file))
    throw CommandError(ExitStatus::failed, fmt::format("{} {}: cannot be written", option, file));
}

/// --trials: a line per measurement, flushed round by round.
class TrialLog {
 public:
  explicit TrialLog(const std::string& file) {
    if (!file.empty()) stream_.open(file);
    if (!file.empty() && !stream_)
      throw CommandError(ExitStatus::failed, fmt::format("--trials {}: cannot be written", file));
  }

  void add(const TuningTask& task, std::span<const ConfigCycles> trials) {
    if (!stream_.is_open()) return;
    for (const ConfigCycles& t : trials) {
      const Estimate e = estimate(*analytical_, task.query(), t.config);
      nlohmann::ordered_json line{
          {"group", task.name},
          {"config", to_string(t.config)},
          {"cycles", t.cycles},
          {"analytical", {e.cycles, e.compute, e.dma_in, e.dma_out, e.l3, e.stall, e.overhead, e.l1_bytes}}};
      if (t.cold_cycles > 0) line["cold_cycles"] = t.cold_cycles;
      if (t.sliced) line["sliced"] = true;
      if (t.failure) line["failure"] = fmt::format("{}: {}", kb::name_of(t.failure->kind), t.failure->message);
      stream_ << line.dump() << '\n';
    }
    stream_.flush();
  }

 private:
  std::ofstream stream_;
  std::shared_ptr<const CostModel> analytical_ = value_or_throw(make_cost_model("analytical"));
};

struct Network {
  std::string file;
  LayerGraph graph;
  Target target;
  PlanOptions plan;
  std::vector<GroupInContext> groups;  ///< in the contexts that they are tuned in
};

Network load(const OptionValues& values, const TuneSettings& s, const Target& target) {
  Network n;
  n.target = target;
  n.file = values["model"].as<std::string>();
  n.plan = s.plan;
  if (n.plan.cores == 0) n.plan.cores = n.target.cores.count;
  if (n.plan.cores > n.target.cores.count)
    throw CommandError(ExitStatus::usage, fmt::format("--cores {}: {} has 1 to {} workers", n.plan.cores, n.target.name,
                                                      n.target.cores.count));
  n.graph = load_model(values);
  n.groups = value_or_throw(plan_contexts(n.graph, n.target, n.plan), ExitStatus::failed);
  for (GroupInContext& g : n.groups) g.context = tuning_context(g.group, g.context, n.target, n.graph.policy);
  return n;
}

void describe(TuneReport& report, const Network& n, const TuneSettings& s, const Memory& memory) {
  report.file = n.file;
  report.model = n.graph.name;
  report.target = n.target.name;
  report.requant = n.graph.policy == RequantPolicy::fast ? "fast" : "exact";
  report.cores = n.plan.cores;
  report.seed = s.tuner.seed;
  report.strategy = s.tuner.strategy;
  report.kb = memory.place;
  report.clock_hz = s.clock_hz > 0 ? s.clock_hz : n.target.clock_hz;
  report.target_ms = s.target_ms;
}

void show(const TuneReport& report, const std::string& text, const std::string& json) {
  std::cout << text;
  if (!json.empty())
    if (const auto written = write_file(json, to_json(report)); !written)
      throw CommandError(ExitStatus::failed, fmt::format("--json: {}", written.error().what));
}

/// --explain: of the group's config in the report.
std::string explanation(const TuneReport& report, const Network& n, const TuneSettings& s, const CostModel& model) {
  for (const GroupReport& g : report.groups)
    if (g.name == s.explain) return explain(g.name, {g.shape, g.context, n.target}, model, g.config);
  return "";
}

/// Long before there is something to explain.
void check_explained(const Network& n, const TuneSettings& s) {
  std::vector<std::string> names;
  for (const GroupInContext& g : n.groups) names.push_back(g.group.name);
  if (!s.explain.empty() && std::find(names.begin(), names.end(), s.explain) == names.end())
    throw CommandError(ExitStatus::usage, fmt::format("--explain: there is no group '{}'; the model has: {}", s.explain,
                                                      fmt::join(names, ", ")));
}

ExitStatus sweep_target(const Network& n, const TuneSettings& s, const CostModel& model) {
  const Sweep swept = sweep(*s.sweep, n.graph, n.target, n.plan, model);
  std::cout << to_text(swept, s.clock_hz > 0 ? s.clock_hz : n.target.clock_hz);
  if (!s.json.empty())
    if (const auto written = write_file(s.json, to_json(swept, n.graph.name, n.target)); !written)
      throw CommandError(ExitStatus::failed, fmt::format("--json: {}", written.error().what));
  return ExitStatus::done;
}

std::string command_line(const TuneSettings& s) {
  return fmt::format("ares-tune --strategy {} --measure {} --seed {}", s.tuner.strategy, s.measure, s.tuner.seed);
}

/// Without one there is nothing to report.
void require_baseline(const Tuner& tuner, bool interrupted) {
  for (const TuningTask& t : tuner.tasks()) {
    if (t.state.rule && t.state.model_best && t.state.best) continue;
    if (interrupted)
      throw CommandError(ExitStatus::failed, "interrupted before rule and model-best of every group were measured");
    throw CommandError(ExitStatus::failed,
                       fmt::format("group '{}': no config could be measured: {}; --measure event does without", t.name,
                                   t.last_failure));
  }
}

ExitStatus dry_run(const Network& n, const TuneSettings& s, Tuner& tuner, const CostModel& model,
                   const Correction& correction, const Measurer& measurer, const Memory& memory) {
  TuneReport report = dry_run_report(n.groups, tuner, model, s.tuner, measurer);
  report.correction = correction;
  describe(report, n, s, memory);
  show(report, dry_run_text(report) + explanation(report, n, s, model), s.json);
  return ExitStatus::done;
}

/// What ranks the configs; a plug-in that fails is replaced.
struct Ranking {
  std::shared_ptr<const CostModel> model;
  std::shared_ptr<const CostModel> corrected;  ///< by what was measured of other groups; nullptr: by nothing
  Correction by;
  std::shared_ptr<const PluginModel> plugin;  ///< the model, where it is one
  std::string failure;                        ///< of a plug-in that was replaced

  /// True: the plug-in has failed since, and the analytical model has its place.
  bool replace_failed() {
    const auto failed = plugin ? plugin->failure() : std::nullopt;
    if (!failed) return false;
    failure = *failed;
    print_notice(fmt::format("ares-tune: {}; going on with the analytical model", failure));
    model = value_or_throw(make_cost_model("analytical"));
    plugin.reset();
    return true;
  }
};

/// `learned`: from what the knowledge base has for the target, by the most trusted source that has anything.
std::vector<GroupResult> known_results(const Memory& memory, const Target& target) {
  const kb::KnowledgeBase* own = memory.kb ? &*memory.kb : nullptr;
  for (const kb::Source source : kb::sources) {
    if (!own) break;
    auto known = value_or_throw(kb::gather({&own, 1}, [&](const kb::Subject& s) {
      return s.source == source && s.signature.target == target.name && s.environment.target_hash == target.hash;
    }));
    if (known.results.empty()) continue;
    print_notice(fmt::format("ares-tune: the model learns from {} results of {} in {}", known.results.size(),
                             kb::name_of(source), memory.place));
    return std::move(known.results);
  }
  print_notice("ares-tune: the knowledge base has nothing to learn from; the model is the analytical one");
  return {};
}

/// `auto`: by what the measurer has measured of other groups, in today's environment. The event simulator's results
/// correct nothing: it shares the model's formulas.
void correct(Ranking& ranking, const Memory& memory, const Target& target, const Measurer& measurer) {
  const auto source = kb::source_named(measurer.source);
  if (!source || source == kb::Source::event) return;
  std::vector<const kb::KnowledgeBase*> bases;
  for (const auto& kb : {&memory.kb, &memory.shipped})
    if (*kb) bases.push_back(&**kb);
  const kb::Evidence known = value_or_throw(kb::gather(bases, [&](const kb::Subject& s) {
    return s.source == source && s.signature.target == target.name &&
           s.environment == remembered_environment(target, s.signature.shape.family, *source, measurer.simulator);
  }));
  ranking.by = {measurer.source, known.results.size(), known.groups};
  if (known.groups > 0) ranking.corrected = std::make_shared<CorrectedModel>(known.results, target);
}

Ranking make_ranking(const TuneSettings& s, const Target& target, const Measurer& measurer) {
  Ranking r;
  if (s.cost_model == "auto") {
    r.model = value_or_throw(make_cost_model("analytical"));
    if (s.tuner.objective.is_cycles()) correct(r, open_memory(s, false), target, measurer);
  } else if (s.cost_model == "learned") {
    r.model = make_learned_model(known_results(open_memory(s, false), target), target);
  } else if (is_plugin(s.cost_model)) {
    r.model = r.plugin = value_or_throw(make_plugin_model(s.cost_model, target, s.trust_plugin));
  } else {
    r.model = value_or_throw(make_cost_model(s.cost_model));
  }
  r.replace_failed();
  return r;
}

/// Pins and other objectives have their programs from the tuner alone; without a measurer nothing is searched.
void search_whole(NetworkChoice& choice, const Network& n, const TuneSettings& s, const Tuner& tuner,
                  const Measurer& measurer, const std::atomic<bool>& stop) {
  if (!s.tuner.pins.empty() || !s.tuner.objective.is_cycles() || measurer.is_none()) return;
  constexpr double at_least = 0.2;  // of the budget, where the groups have used it up
  const double until = std::max(s.tuner.budget_seconds, tuner.seconds() + at_least * s.tuner.budget_seconds);
  NetworkSearchOptions options;
  options.seed = s.tuner.seed;
  options.change_configs = measurer.source == "event";  // else the groups' results are better than what plays here
  options.out_of_time = [&] { return tuner.seconds() > until; };
  const auto event = value_or_throw(make_cost_model("event"));
  const NetworkSearch found = value_or_throw(
      search_network(n.graph, n.target, n.plan, choice.best(), *event, options, stop), ExitStatus::failed);
  choice.plays = found.plays;
  if (found.best.cycles < choice.best().cycles) choice.searched = found.best;
}

ExitStatus tune(const OptionValues& values, const TuneSettings& s) {
  const std::atomic<bool>& stop = interruption();
  const Target target = value_or_throw(load_target(s.target));
  const auto [measurer, remark] = value_or_throw(make_measurer(s.measure, target, s.gvsoc_home));
  Ranking ranking = make_ranking(s, target, measurer);
  if (!remark.empty()) std::cerr << remark << '\n';
  check_writable("--json", s.json);
  check_writable("--report", s.report);
  check_writable("--trace", s.trace);
  const Network n = load(values, s, target);
  check_explained(n, s);
  if (s.sweep) return sweep_target(n, s, *ranking.model);
  Memory memory = open_memory(s, !s.dry_run && !measurer.is_none());
  TrialLog log(s.dry_run ? "" : s.trials);

  kb::Run run{kb::new_run_id(), command_line(s), n.graph.name, n.target.name, s.tuner.seed, 0, std::time(nullptr), 0};
  std::optional<KbStore> store;
  if (memory.first())
    store.emplace(*memory.first(), n.target, n.graph.policy, kb::Provenance{n.graph.name, "", run.id, 0},
                  kb::source_named(measurer.source).value_or(kb::Source::event), measurer.simulator, memory.second());
  const bool remembers = memory.kb && !s.dry_run && !measurer.is_none();
  if (remembers) require(memory.kb->record(run));

  Progress progress(std::cerr, isatty(STDERR_FILENO) != 0, s.tuner);
  TunerObserver observer = progress.observer();
  observer.measured = [&, shown = observer.measured](const TuningTask& t, std::span<const ConfigCycles> trials) {
    log.add(t, trials);
    shown(t, trials);
  };
  if (store && ranking.corrected) store->offer_no_neighbours();
  TunerOptions options = s.tuner;
  options.prior = ranking.corrected.get();
  std::optional<Tuner> prepared;
  do {
    prepared.emplace(n.groups, n.target, *ranking.model, measurer, store ? &*store : nullptr, options, observer, stop);
    progress.watch(*prepared);
    if (const auto ready = prepared->prepare(); !ready) throw CommandError(ExitStatus::usage, ready.error().what);
  } while (ranking.replace_failed());  // no ranking is half of one model and half of another
  Tuner& tuner = *prepared;
  if (s.dry_run && !stop) return progress.end(), dry_run(n, s, tuner, *ranking.model, ranking.by, measurer, memory);
  std::optional<StopReason> ended;
  if (!stop) ended = value_or_throw(tuner.run(), ExitStatus::failed);
  progress.end();
  require_baseline(tuner, stop);

  NetworkChoice choice = value_or_throw(choose_network(n.graph, n.target, n.plan, tuner), ExitStatus::failed);
  search_whole(choice, n, s, tuner, measurer, stop);
  TuneReport report = make_report(n.groups, tuner, *ranking.model, measurer, choice);
  report.cost_model_failure = ranking.failure;
  report.correction = ranking.by;
  describe(report, n, s, memory);
  report.ended = ended;
  if (remembers) {
    run.measurements = tuner.measurements();
    run.finished = std::time(nullptr);
    if (s.tuner.pins.empty() && s.tuner.objective.is_cycles())
      require(store->save(n.graph, n.groups, choice.best()));  // else it is not the best known
    require(memory.kb->record(run));
  }
  show(report, to_table(report) + explanation(report, n, s, *ranking.model), s.json);
  if (!s.report.empty()) require(write_file(s.report, to_html(report, tuner, choice.best(), n.target, *ranking.model)));
  if (!s.trace.empty()) require(write_file(s.trace, timeline_json(choice.best().program, n.target)));
  return ExitStatus::done;
}

ExitStatus inventory(const TuneSettings& s) {
  const Memory memory = open_memory(s, false);
  std::cout << inventory_text(memory.kb ? &*memory.kb : nullptr,
                              memory.place.empty() ? "none (--no-kb)" : memory.place);
  return ExitStatus::done;
}

ExitStatus run(const OptionValues& values) {
  const TuneSettings settings = read_tune_settings(values);
  const tbb::global_control jobs(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(settings.jobs));
  if (values.count("model")) return tune(values, settings);
  if (settings.dry_run) return inventory(settings);
  throw CommandError(ExitStatus::usage, "--model is missing; --dry-run alone shows what there is");
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  ares::Command command{"ares-tune", "finds for every layer of a quantised network how it runs fastest", {}, ares::run};
  ares::add_model_options(command.options, ares::ModelOption::optional);
  ares::add_tune_options(command.options);
  return ares::run_command(argc, argv, command);
}
