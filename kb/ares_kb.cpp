// ares-kb: looks into the knowledge base and looks after it.
#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <boost/program_options.hpp>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/cli.hpp"
#include "kb/json.hpp"
#include "kb/location.hpp"
#include "kb/report.hpp"

namespace ares::kb {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

std::filesystem::path place(const OptionValues& v) {
  return location(v.count("kb") ? std::optional(v["kb"].as<std::string>()) : std::nullopt);
}

KnowledgeBase for_reading(const OptionValues& v) { return value_or_throw(KnowledgeBase::open_read_only(place(v))); }

KnowledgeBase for_writing(const OptionValues& v) {
  OpenOptions options;
  options.store.wait = std::chrono::seconds(v["wait"].as<unsigned>());
  options.store.on_wait = [](const std::string& holder) { print_notice("waiting for " + holder); };
  return value_or_throw(KnowledgeBase::open(place(v), options), ExitStatus::failed);
}

void write_json(const OptionValues& v, const Json& j) {
  if (!v.count("json")) return;
  const auto file = v["json"].as<std::string>();
  std::ofstream out(file);
  out << text_of(j, 2) << '\n';
  out.flush();
  if (!out) throw CommandError(ExitStatus::failed, fmt::format("cannot write {}", file));
}

std::string count_text(uint64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

template <class Records>
Json array_of(const Records& records) {
  Json all = Json::array();
  for (const auto& r : records) all.push_back(to_json(r));
  return all;
}

/// All records of one kind that the filter takes.
template <class R, class Filter>
std::vector<R> selected(const KnowledgeBase& kb, Filter filter) {
  std::vector<R> all;
  value_or_throw(kb.for_each(std::function<bool(const R&)>([&](const R& r) {
    if (filter(r)) all.push_back(r);
    return true;
  })),
                 ExitStatus::failed);
  return all;
}

bool mentions(const std::string& text, const Words& words) {
  return std::all_of(words.begin(), words.end(), [&](const std::string& w) { return boost::icontains(text, w); });
}

std::string searchable(const Entry& e) {
  std::string text = to_string(e.subject.signature) + " " + short_text(e.subject.signature) + " " +
                     id_of(e.subject.signature) + " " + name_of(e.subject.source);
  if (e.settled) text += " settled " + e.settled->strategy + " " + e.settled->reason;
  for (const Measured& m : e.results) {
    text += " " + m.provenance.model + ":" + m.provenance.layer + " " + m.provenance.run;
  }
  return text;
}

bool from_source(const OptionValues& v, Source s) {
  if (!v.count("source")) return true;
  const auto wanted = v["source"].as<std::string>();
  if (!source_named(wanted)) {
    throw CommandError(ExitStatus::usage, fmt::format("--source {}: one of board, gvsoc, event", wanted));
  }
  return wanted == name_of(s);
}

ExitStatus list(const OptionValues& v, const Words& words) {
  const KnowledgeBase kb = for_reading(v);
  const auto entries = selected<Entry>(
      kb, [&](const Entry& e) { return from_source(v, e.subject.source) && mentions(searchable(e), words); });
  Ages ages;
  if (v.count("long")) {
    for (const Entry& e : entries) std::cout << details(e, ages) << '\n';
  } else if (!entries.empty()) {
    std::cout << to_string(entry_table(entries, ages));
  }
  std::cout << fmt::format("{} in {}\n", count_text(entries.size(), "entry", "entries"),
                           kb.store().directory().string());
  write_json(v, {{"knowledge_base", kb.store().directory().string()}, {"entries", array_of(entries)}});
  return ExitStatus::done;
}

/// The signature that a table's ID or a whole text names.
Signature named_signature(const KnowledgeBase& kb, const std::string& text) {
  if (text.find(':') != std::string::npos) return value_or_throw(parse_signature(text));
  std::vector<Signature> found;
  const auto note = [&](const Entry& e) {
    const bool meant = boost::istarts_with(id_of(e.subject.signature), text);
    if (meant && (found.empty() || found.back() != e.subject.signature)) found.push_back(e.subject.signature);
    return true;
  };
  value_or_throw(kb.for_each(std::function<bool(const Entry&)>(note)), ExitStatus::failed);
  if (found.size() == 1) return found.front();
  if (found.empty()) throw CommandError(ExitStatus::usage, fmt::format("no entry has the ID {}", text));
  throw CommandError(ExitStatus::usage, fmt::format("several entries begin with {}; give more digits", text));
}

struct Field {
  const char* name;
  const char* help;
};
constexpr std::array<Field, 15> signature_fields{{
    {"in", "input, HxWxC"},
    {"out", "output, HxWxC"},
    {"kernel", "window, HxW (default 1x1)"},
    {"stride", "HxW (default 1x1)"},
    {"dilation", "HxW (default 1x1)"},
    {"pad", "TOP,LEFT,BOTTOM,RIGHT (default: what in, out and kernel ask for)"},
    {"bits", "of the weights (default 8)"},
    {"requant", "FORM,ROUNDING (default narrow,half_up)"},
    {"type", "of the output: u8, s16, s32 (default u8)"},
    {"levels", "of input, weights, output (default l2,l2,l2)"},
    {"l1", "window, bytes or like 96K (default: the target's without stacks)"},
    {"staging", "L2 bytes for weights on their way from L3 (default 0)"},
    {"cores", "workers (default 8)"},
    {"stack", "bytes per worker (default 1024)"},
    {"policy", "requantisation: fast, exact (default fast)"},
}};

/// The padding that makes `in` into `out`; what is odd comes at the end.
void complete_padding(GroupShape& g) {
  const auto total = [](int out, int stride, int kernel, int dilation, int in) {
    return std::max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - in);
  };
  Window& w = g.window;
  const int rows = total(g.out.h, w.sh, w.kh, w.dh, g.in.h);
  const int columns = total(g.out.w, w.sw, w.kw, w.dw, g.in.w);
  w.pt = static_cast<int16_t>(rows / 2);
  w.pb = static_cast<int16_t>(rows - rows / 2);
  w.pl = static_cast<int16_t>(columns / 2);
  w.pr = static_cast<int16_t>(columns - columns / 2);
}

Signature signature_of_options(const OptionValues& v) {
  if (!v.count("family"))
    throw CommandError(ExitStatus::usage, "give an ID, a signature, or --family with --in and --out");
  std::string text = v["family"].as<std::string>();
  for (const Field& f : signature_fields) {
    if (v.count(f.name)) text += fmt::format(":{}={}", f.name, v[f.name].as<std::string>());
  }
  Signature s = value_or_throw(parse_signature(text));
  s.target = v["target"].as<std::string>();
  if (!v.count("pad")) complete_padding(s.shape);
  if (!v.count("l1")) {
    const Target target = value_or_throw(load_target(s.target));
    s.target = target.name;
    const uint32_t stacks = static_cast<uint32_t>(s.context.cores) * s.context.stack;
    s.context.l1_bytes = target.l1_bytes - std::min(stacks, target.l1_bytes);
  }
  return make_signature(s.shape, s.context, s.target, s.policy);
}

ExitStatus lookup(const OptionValues& v, const Words& words) {
  const KnowledgeBase kb = for_reading(v);
  if (words.size() > 1) throw CommandError(ExitStatus::usage, "one ID or signature");
  const Signature wanted = words.empty() ? signature_of_options(v) : named_signature(kb, words[0]);
  Ages ages;
  const auto entries = kb.all(wanted);
  for (const Entry& e : entries) std::cout << details(e, ages);
  if (entries.empty()) std::cout << "nothing under " << to_string(wanted) << '\n';

  const NearestOptions options{v["tolerance"].as<double>(), v["count"].as<size_t>()};
  const auto neighbours = kb.nearest(wanted, options, nullptr);
  if (!neighbours.empty()) std::cout << "\nnear\n" << to_string(neighbour_table(neighbours, ages));
  Json near = Json::array();
  for (const Neighbour& n : neighbours) near.push_back({{"distance", n.distance}, {"entry", to_json(n.entry)}});
  write_json(v, {{"signature", to_string(wanted)}, {"exact", array_of(entries)}, {"near", near}});
  return entries.empty() && neighbours.empty() ? ExitStatus::failed : ExitStatus::done;
}

ExitStatus stats(const OptionValues& v, const Words&) {
  const KnowledgeBase kb = for_reading(v);
  Ages ages;
  const Statistics s = value_or_throw(statistics(kb, ages), ExitStatus::failed);
  std::cout << kb.store().directory().string() << '\n' << to_string(s);
  write_json(v, {{"knowledge_base", kb.store().directory().string()},
                 {"entries", s.entries},
                 {"signatures", s.signatures},
                 {"results", s.results},
                 {"evaluations", s.evaluations},
                 {"settled", s.settled},
                 {"older", s.older},
                 {"failures", s.failures},
                 {"plans", s.plans},
                 {"runs", s.runs},
                 {"unreadable", s.unreadable},
                 {"disk_bytes", s.disk_bytes},
                 {"by_source", s.by_source},
                 {"by_operator", s.by_operator},
                 {"by_target", s.by_target}});
  return ExitStatus::done;
}

ExitStatus negatives(const OptionValues& v, const Words& words) {
  const KnowledgeBase kb = for_reading(v);
  const auto failures = selected<Failure>(kb, [&](const Failure& f) {
    const std::string text = to_string(f.subject.signature) + " " + id_of(f.subject.signature) + " " +
                             name_of(f.reason.kind) + " " + f.reason.message + " " + f.provenance.model + ":" +
                             f.provenance.layer;
    return from_source(v, f.subject.source) && mentions(text, words);
  });
  if (!failures.empty()) std::cout << to_string(failure_table(failures));
  std::cout << count_text(failures.size(), "failure", "failures") << '\n';
  write_json(v, {{"knowledge_base", kb.store().directory().string()}, {"failures", array_of(failures)}});
  return ExitStatus::done;
}

ExitStatus verify(const OptionValues& v, const Words&) {
  const KnowledgeBase kb = for_reading(v);
  const auto damages = kb.verify();
  for (const std::string& d : damages) std::cout << d << '\n';
  std::cout << (damages.empty()
                    ? std::string("sound")
                    : fmt::format("{} damaged; `ares-kb prune` removes what cannot be read", damages.size()))
            << '\n';
  write_json(v,
             {{"knowledge_base", kb.store().directory().string()}, {"sound", damages.empty()}, {"damages", damages}});
  return damages.empty() ? ExitStatus::done : ExitStatus::failed;
}

std::string counts_text(const Counts& c) {
  return fmt::format("{}, {}, {}, {}", count_text(c.entries, "entry", "entries"),
                     count_text(c.failures, "failure", "failures"), count_text(c.plans, "plan", "plans"),
                     count_text(c.runs, "run", "runs"));
}

ExitStatus export_records(const OptionValues& v, const Words& words) {
  const KnowledgeBase kb = for_reading(v);
  const auto write = [&](std::ostream& out) {
    return value_or_throw(v.count("best") ? export_best(kb, out, v["best"].as<size_t>()) : export_text(kb, out),
                          ExitStatus::failed);
  };
  if (words.empty() || words[0] == "-") return write(std::cout), ExitStatus::done;
  std::ofstream out(words[0]);
  if (!out) throw CommandError(ExitStatus::failed, fmt::format("cannot write {}", words[0]));
  const Counts counts = write(out);
  out.flush();
  if (!out) throw CommandError(ExitStatus::failed, fmt::format("cannot write {}", words[0]));
  std::cout << counts_text(counts) << '\n';
  return ExitStatus::done;
}

ExitStatus import_records(const OptionValues& v, const Words& words) {
  if (words.size() != 1) throw CommandError(ExitStatus::usage, "give one file, or - for standard input");
  std::ifstream file;
  if (words[0] != "-") file.open(words[0]);
  std::istream& in = words[0] == "-" ? std::cin : file;
  if (!in) throw CommandError(ExitStatus::usage, fmt::format("cannot read {}", words[0]));
  KnowledgeBase kb = for_writing(v);
  std::cout << counts_text(value_or_throw(import_text(kb, in, words[0]))) << '\n';
  return ExitStatus::done;
}

ExitStatus merge_records(const OptionValues& v, const Words& words) {
  if (words.size() != 1) throw CommandError(ExitStatus::usage, "give the directory of the other knowledge base");
  const KnowledgeBase from = value_or_throw(KnowledgeBase::open_read_only(words[0]));
  KnowledgeBase kb = for_writing(v);
  std::cout << counts_text(value_or_throw(merge(kb, from), ExitStatus::failed)) << '\n';
  return ExitStatus::done;
}

ExitStatus delete_entries(const OptionValues& v, const Words& words) {
  if (words.size() != 1) throw CommandError(ExitStatus::usage, "give one ID or signature");
  KnowledgeBase kb = for_writing(v);
  const Signature wanted = named_signature(kb, words[0]);
  uint64_t deleted = 0;
  for (const Entry& e : kb.all(wanted)) {
    if (!from_source(v, e.subject.source)) continue;
    value_or_throw(kb.erase(e.subject), ExitStatus::failed);
    ++deleted;
  }
  std::cout << fmt::format("deleted {} of {}\n", count_text(deleted, "entry", "entries"), to_string(wanted));
  return deleted ? ExitStatus::done : ExitStatus::failed;
}

ExitStatus prune(const OptionValues& v, const Words&) {
  KnowledgeBase kb = for_writing(v);
  Ages ages;
  const auto older = selected<Entry>(kb, [&](const Entry& e) { return ages.of(e.subject) == Ages::Age::older; });
  for (const Entry& e : older) value_or_throw(kb.erase(e.subject), ExitStatus::failed);
  const uint64_t unreadable = value_or_throw(kb.erase_unreadable(), ExitStatus::failed);
  std::cout << fmt::format("removed {} of older environments and {} that cannot be read\n",
                           count_text(older.size(), "entry", "entries"), count_text(unreadable, "record", "records"));
  return ExitStatus::done;
}

struct Subcommand {
  const char* name;
  const char* argument;
  const char* summary;
  bool writes;
  ExitStatus (*run)(const OptionValues&, const Words&);
};

constexpr std::array<Subcommand, 11> subcommands{{
    {"list", "", "Every entry, a line each; --long shows all of it.", false, list},
    {"search", "WORD..", "Entries that mention every word: signature, model, layer, run, source.", false, list},
    {"lookup", "[ID|SIGNATURE]", "What is known of one group, and its nearest neighbours.", false, lookup},
    {"stats", "", "What the knowledge base holds, in numbers.", false, stats},
    {"negatives", "[WORD..]", "Configs that were tried in vain, and why.", false, negatives},
    {"export", "[FILE]", "Every record as a line of JSON, in a stable order.", false, export_records},
    {"import", "FILE", "Takes over an exported text.", true, import_records},
    {"merge", "DIR", "Takes over what another knowledge base knows.", true, merge_records},
    {"verify", "", "Reads every byte; names what is damaged.", false, verify},
    {"delete", "ID|SIGNATURE", "Forgets the entries of one group.", true, delete_entries},
    {"prune", "", "Removes entries of older environments and what cannot be read.", true, prune},
}};

Options options_of(const Subcommand& s) {
  const std::string name = s.name;
  Options o;
  auto add = o.add_options();
  add("kb", po::value<std::string>()->value_name("DIR"),
      "the knowledge base (default $ARES_KB, else ~/.local/share/ares/kb)");
  if (s.writes)
    add("wait", po::value<unsigned>()->value_name("SECONDS")->default_value(0), "for another writer to end");
  const bool reports = !s.writes && name != "export";
  if (reports) add("json", po::value<std::string>()->value_name("FILE"), "the same as JSON");
  if (name == "export") {
    add("best", po::value<size_t>()->value_name("N"),
        "entries alone, of each the best N results, rule and model-best, without times and runs");
  }
  if (name == "list" || name == "search") add("long", "everything about each entry");
  if (name == "list" || name == "search" || name == "negatives" || name == "delete") {
    add("source", po::value<std::string>()->value_name("NAME"), "board, gvsoc or event alone");
  }
  if (name == "lookup") {
    add("family", po::value<std::string>()->value_name("NAME"),
        "operator: conv, linear, max_pool, table, average_pool, depthwise, add, multiply, rearrange, curve");
    for (const Field& f : signature_fields) add(f.name, po::value<std::string>()->value_name("X"), f.help);
    add("target", po::value<std::string>()->value_name("NAME")->default_value("gap9"), "gap9, siracusa or a file");
    add("tolerance", po::value<double>()->value_name("X")->default_value(NearestOptions{}.tolerance),
        "largest distance of a neighbour; 1 is one dimension doubled");
    add("count", po::value<size_t>()->value_name("N")->default_value(NearestOptions{}.count), "of neighbours, at most");
  }
  return o;
}

void print_overview(std::ostream& out) {
  out << "ares-kb: looks into the knowledge base of measured configs and looks after it.\n\n"
         "Usage: ares-kb COMMAND [..] [options]\n\n";
  for (const Subcommand& s : subcommands) {
    out << fmt::format("  {:<24}{}\n", s.name + std::string(" ") + s.argument, s.summary);
  }
  out << "\nares-kb COMMAND --help shows a command's options.\n";
}

int run_subcommand(const Subcommand& s, int argc, const char* const* argv) {
  Words words;
  int first_option = 2;
  const auto is_word = [](const char* a) { return a[0] != '-' || a[1] == '\0'; };
  while (first_option < argc && is_word(argv[first_option])) words.emplace_back(argv[first_option++]);
  Command command{fmt::format("ares-kb {}", s.name), s.summary, options_of(s), [&](const OptionValues& v) {
                    if (!words.empty() && *s.argument == '\0') {
                      throw CommandError(ExitStatus::usage, fmt::format("unexpected '{}'", words[0]));
                    }
                    return s.run(v, words);
                  }};
  return run_command(argc - first_option + 1, argv + first_option - 1, command);
}

}  // namespace
}  // namespace ares::kb

int main(int argc, char** argv) {
  using namespace ares;
  const std::string first = argc > 1 ? argv[1] : "";
  for (const auto& s : kb::subcommands) {
    if (first == s.name) return kb::run_subcommand(s, argc, argv);
  }
  const Command overview{"ares-kb", "", {}, [&](const OptionValues&) {
                           throw CommandError(ExitStatus::usage, "give a command (see ares-kb --help)");
                           return ExitStatus::usage;
                         }};
  if (first == "--help" || first == "-h") {
    kb::print_overview(std::cout);
    return 0;
  }
  if (!first.empty() && first[0] != '-') {
    std::cerr << fmt::format("ares-kb: unknown command '{}' (see ares-kb --help)\n", first);
    return static_cast<int>(ExitStatus::usage);
  }
  return run_command(argc, argv, overview);
}
