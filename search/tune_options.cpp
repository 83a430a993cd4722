#include "search/tune_options.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/algorithm/string.hpp>
#include <boost/program_options.hpp>
#include <cmath>
#include <regex>
#include <thread>

#include "codegen/pins.hpp"

namespace ares {
namespace {

namespace po = boost::program_options;

constexpr double default_budget_seconds = 600;
constexpr int64_t most_int = std::numeric_limits<int>::max();

[[noreturn]] void usage(const std::string& what) { throw CommandError(ExitStatus::usage, what); }

template <class T>
std::optional<T> optional(const OptionValues& values, const char* name) {
  if (!values.count(name)) return std::nullopt;
  return values[name].as<T>();
}

/// po reads "-1" as a huge unsigned number; so signed, and checked.
std::optional<std::size_t> count(const OptionValues& values, const char* name, int64_t least,
                                 int64_t most = std::numeric_limits<int64_t>::max()) {
  const auto n = optional<int64_t>(values, name);
  if (!n) return std::nullopt;
  if (*n < least) usage(fmt::format("--{} {}: has to be at least {}", name, *n, least));
  if (*n > most) usage(fmt::format("--{} {}: has to be at most {}", name, *n, most));
  return static_cast<std::size_t>(*n);
}

/// The one word that this version knows for an option.
void only(const OptionValues& values, const char* name, std::initializer_list<const char*> known, const char* why) {
  const auto& given = values[name].as<std::string>();
  for (const char* k : known)
    if (given == k) return;
  usage(fmt::format("--{} {}: {}", name, given, why));
}

std::set<std::string> names(const std::string& list) {
  std::set<std::string> result;
  std::vector<std::string> parts;
  boost::split(parts, list, boost::is_any_of(","));
  for (std::string& p : parts) {
    boost::trim(p);
    if (!p.empty()) result.insert(p);
  }
  if (result.empty()) usage("--layers: names no group; list them with commas: --layers conv1,fc1");
  return result;
}

void refuse_later(const OptionValues& values) {
  only(values, "engine", {"auto", "cluster"},
       "auto places layers where they are fastest, cluster keeps them off the accelerator");
}

/// `370MHz`, `1.2GHz`, `50e6`: hertz.
std::optional<double> parse_clock(const std::string& text) {
  static const std::regex whole(R"((\d+(\.\d+)?(?:e\d+)?)\s*([kMG]?)(Hz)?)");
  std::smatch m;
  if (text.size() > 20 || !std::regex_match(text, m, whole)) return std::nullopt;
  const std::string unit = m[3];
  return std::stod(m[1]) * (unit == "G" ? 1e9 : unit == "M" ? 1e6 : unit == "k" ? 1e3 : 1);
}

/// A positive number.
std::optional<double> positive(const OptionValues& values, const char* name) {
  const auto number = optional<double>(values, name);
  if (number && !(*number > 0 && std::isfinite(*number)))
    usage(fmt::format("--{} {}: has to be more than 0", name, *number));
  return number;
}

TunerOptions tuner_options(const OptionValues& values) {
  TunerOptions t;
  t.strategy = values["strategy"].as<std::string>();
  t.seed = values["seed"].as<uint64_t>();
  t.budget_seconds = default_budget_seconds;
  if (const auto text = optional<std::string>(values, "budget")) {
    const auto seconds = parse_duration(*text);
    if (!seconds || *seconds <= 0) usage(fmt::format("--budget {}: write 2h, 30m, 90s or 1h30m", *text));
    t.budget_seconds = *seconds;
  }
  t.max_evals = count(values, "max-evals", 1);
  t.max_iter = count(values, "max-iter", 1);
  if (const auto percent = positive(values, "within")) t.within_bound = *percent / 100;
  if (const auto rounds = count(values, "no-gain", 1, most_int)) t.no_gain_rounds = static_cast<int>(*rounds);
  t.target_cycles = positive(values, "target-cycles").value_or(0);
  t.min_cycles = static_cast<double>(count(values, "min-cycles", 0).value_or(0));
  if (values["tune-all"].as<bool>()) t.min_cycles = 0;
  if (const auto list = optional<std::string>(values, "layers")) t.layers = names(*list);
  if (const auto file = optional<std::string>(values, "pin")) t.pins = value_or_throw(read_pins(*file));
  return t;
}

}  // namespace

namespace {

enum class Kind : uint8_t { text, whole, real, flag };

struct PlainOption {
  const char* name;
  Kind kind;
  const char *value, *help;
};

constexpr PlainOption plain_options[] = {
    {"budget", Kind::text, "TIME", "wall clock to spend, as 2h or 90s; without it until settled, at most 10 minutes"},
    {"max-evals", Kind::whole, "N", "measurements to spend, rule and model-best included"},
    {"max-iter", Kind::whole, "N", "measurements per group"},
    {"within", Kind::real, "PERCENT", "a group so near to its lower bound is settled (1)"},
    {"no-gain", Kind::whole, "N", "so many rounds without gain settle a group (16)"},
    {"target-cycles", Kind::real, "N", "end when the groups' best add up to no more"},
    {"clock", Kind::text, "FREQUENCY", "give times at this clock, as 370MHz; without it the target's"},
    {"target-ms", Kind::real, "MS", "the time that an inference may take: says whether it is met"},
    {"explain", Kind::text, "GROUP",
     "why this config: parts, runners-up, what other knobs and other L1 sizes would bring"},
    {"sweep", Kind::text, "KEY=V1,V2",
     "the network on variants of the target: l1, l2, cores, dma or l3, as l1=64K,256K"},
    {"min-cycles", Kind::whole, "N", "skip groups whose model-best is below N cycles"},
    {"tune-all", Kind::flag, "", "skip no group: --min-cycles 0"},
    {"layers", Kind::text, "A,B", "search these groups only"},
    {"pin", Kind::text, "FILE.json",
     "configs fixed by you, which win over everything: {\"conv1\": {\"tile_h\": 14, ..}}"},
    {"trust-plugin", Kind::flag, "", "load libX.so into this process: faster, and a crash of it is ours"},
    {"gvsoc", Kind::text, "PATH", "where GVSOC is installed; without it $GVSOC_HOME"},
    {"kb", Kind::text, "DIR", "knowledge base; without it $ARES_KB, else $XDG_DATA_HOME/ares/kb"},
    {"no-kb", Kind::flag, "", "use and write no knowledge base, the shipped one neither"},
    {"cores", Kind::whole, "N", "workers to use"},
    {"stack", Kind::whole, "BYTES", "stack of a worker, in L1"},
    {"l1-limit", Kind::whole, "BYTES", "what the rest of the application leaves of L1"},
    {"l2-limit", Kind::whole, "BYTES", "what the rest of the application leaves of L2"},
    {"l3-limit", Kind::whole, "BYTES", "what the rest of the application leaves of L3"},
    {"jobs", Kind::whole, "N", "threads; results do not depend on it"},
    {"dry-run", Kind::flag, "", "show spaces, estimates and what a run would spend; measure and write nothing"},
    {"json", Kind::text, "FILE", "write the report there"},
    {"report", Kind::text, "FILE.html", "write a page there: table, searches, roofline, model accuracy, memory map"},
    {"trace", Kind::text, "FILE.json", "write the network's schedule there, as played, for Perfetto (ui.perfetto.dev)"},
    {"trials", Kind::text, "FILE",
     "write every measurement there, a JSON object per line, once it is in the knowledge base"},
};

struct DefaultedOption {
  const char *name, *otherwise, *value, *help;
};

constexpr DefaultedOption defaulted_options[] = {
    {"strategy", "auto", "NAME", "auto, bayesian, evolutionary, grid or random"},
    {"cost-model", "auto", "NAME",
     "what ranks configs before they are measured: auto (analytical, corrected by what GVSOC or a board measured of "
     "other groups), analytical, learned (from the knowledge base), event, libX.so or 'exec:COMMAND'"},
    {"measure", "auto", "HOW", "auto (GVSOC where it is installed), event, gvsoc or none"},
    {"engine", "auto", "WHICH", "auto, or cluster: nothing runs on the accelerator"},
    {"objective", "cycles", "WHICH", "cycles (warm), energy (by the target's table, a model), l1, l2 or weighted"},
    {"weights", "cycles=1,energy=1", "K=W,..", "exponents of --objective weighted: cycles, energy, l1, l2"},
    {"target", "gap9", "NAME", "gap9, siracusa or FILE.json"},
};

const po::value_semantic* semantic_of(const PlainOption& o) {
  switch (o.kind) {
    case Kind::text:
      return po::value<std::string>()->value_name(o.value);
    case Kind::whole:
      return po::value<int64_t>()->value_name(o.value);
    case Kind::real:
      return po::value<double>()->value_name(o.value);
    case Kind::flag:
      return po::bool_switch();
  }
  return nullptr;
}

}  // namespace

void add_tune_options(Options& options) {
  auto add = options.add_options();
  for (const PlainOption& o : plain_options) add(o.name, semantic_of(o), o.help);
  for (const DefaultedOption& o : defaulted_options)
    add(o.name, po::value<std::string>()->default_value(o.otherwise)->value_name(o.value), o.help);
  add("seed", po::value<uint64_t>()->default_value(0)->value_name("N"), "of everything random");
}

TuneSettings read_tune_settings(const OptionValues& values) {
  refuse_later(values);
  TuneSettings s;
  s.tuner = tuner_options(values);
  s.target = values["target"].as<std::string>();
  s.tuner.objective = value_or_throw(
      make_objective(values["objective"].as<std::string>(), values["weights"].as<std::string>(), s.target));
  s.cost_model = values["cost-model"].as<std::string>();
  s.trust_plugin = values["trust-plugin"].as<bool>();
  s.measure = values["measure"].as<std::string>();
  s.gvsoc_home = optional<std::string>(values, "gvsoc").value_or("");
  s.kb = optional<std::string>(values, "kb");
  s.use_kb = !values["no-kb"].as<bool>();
  if (s.kb && !s.use_kb) usage("--kb and --no-kb exclude each other");
  s.plan.cores = static_cast<int>(count(values, "cores", 1, most_int).value_or(0));
  s.plan.stack = static_cast<uint32_t>(count(values, "stack", 1, most_int).value_or(0));
  s.plan.l1_limit = count(values, "l1-limit", 1).value_or(0);
  s.plan.l2_limit = count(values, "l2-limit", 1).value_or(0);
  s.plan.l3_limit = count(values, "l3-limit", 1).value_or(0);
  s.plan.accelerator = values["engine"].as<std::string>() == "auto";
  s.jobs =
      static_cast<int>(count(values, "jobs", 1, most_int).value_or(std::max(1U, std::thread::hardware_concurrency())));
  if (const auto clock = optional<std::string>(values, "clock")) {
    const auto hertz = parse_clock(*clock);
    if (!hertz || *hertz <= 0) usage(fmt::format("--clock {}: write 370MHz", *clock));
    s.clock_hz = *hertz;
  }
  s.target_ms = positive(values, "target-ms").value_or(0);
  if (const auto text = optional<std::string>(values, "sweep")) s.sweep = value_or_throw(parse_sweep(*text));
  s.explain = optional<std::string>(values, "explain").value_or("");
  s.dry_run = values["dry-run"].as<bool>();
  s.json = optional<std::string>(values, "json").value_or("");
  s.trials = optional<std::string>(values, "trials").value_or("");
  s.report = optional<std::string>(values, "report").value_or("");
  s.trace = optional<std::string>(values, "trace").value_or("");
  return s;
}

std::optional<double> parse_duration(const std::string& text) {
  static const std::regex whole(R"((\d+(\.\d+)?[hms]?)+)"), part(R"((\d+(?:\.\d+)?)([hms]?))");
  if (text.size() > 20 || !std::regex_match(text, whole)) return std::nullopt;
  double seconds = 0;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), part); it != std::sregex_iterator(); ++it) {
    const std::string unit = (*it)[2];
    seconds += std::stod((*it)[1]) * (unit == "h" ? 3600 : unit == "m" ? 60 : 1);
  }
  return seconds;
}

}  // namespace ares
