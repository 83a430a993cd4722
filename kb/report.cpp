#include "kb/report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "kb/codec.hpp"
#include "kb/environment.hpp"
#include "kb/names.hpp"

namespace ares::kb {
namespace {

std::string dims_text(const Dims& d) {
  if (d.h == 1 && d.w == 1) return std::to_string(d.c);
  if (d.h == 1) return fmt::format("{}x{}", d.w, d.c);
  return fmt::format("{}x{}x{}", d.h, d.w, d.c);
}

std::string date(int64_t seconds) {
  if (seconds <= 0) return "-";
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

std::string cycles_text(const Measured* m) { return m ? grouped(m->cycles) : "-"; }

std::string gain_text(const Entry& e) {
  return e.rule() ? fmt::format("{:.2f}x", e.rule()->cycles / e.best().cycles) : "-";
}

std::string state(const Entry& e, Ages& ages) {
  const Ages::Age age = ages.of(e.subject);
  if (age != Ages::Age::current) return name_of(age);
  return e.settled ? "settled" : "open";
}

std::string target_text(const Signature& s) {
  return s.policy == RequantPolicy::fast ? s.target : fmt::format("{}, {}", s.target, name(s.policy));
}

std::string origin_text(const Provenance& p) { return p.model.empty() ? p.layer : p.model + ":" + p.layer; }

std::vector<std::string> entry_cells(const Entry& e, Ages& ages) {
  const Signature& s = e.subject.signature;
  const bool empty = e.results.empty();
  return {id_of(s),
          short_text(s),
          fmt::format("{}K", s.context.l1_bytes / 1024),
          std::to_string(s.context.cores),
          target_text(s),
          name_of(e.subject.source),
          empty ? "-" : grouped(e.best().cycles),
          empty ? "-" : gain_text(e),
          grouped(static_cast<double>(e.evaluations)),
          state(e, ages),
          empty ? "-" : origin_text(e.best().provenance)};
}

const std::vector<std::string> entry_head{"ID",     "GROUP",     "L1",    "CORES", "TARGET", "SOURCE",
                                          "CYCLES", "RULE/BEST", "TRIED", "STATE", "LAYER"};

std::string list_text(const std::map<std::string, uint64_t>& counts) {
  std::string text;
  for (const auto& [what, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", grouped(count), what);
  return text.empty() ? "none" : text;
}

}  // namespace

std::string to_string(const Table& t) {
  std::vector<size_t> width;
  for (const auto& cell : t.head) width.push_back(cell.size());
  for (const auto& row : t.rows) {
    for (size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  }
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (size_t c = 0; c < cells.size(); ++c) {
      const bool right = std::find(t.right.begin(), t.right.end(), c) != t.right.end();
      out += right ? fmt::format("{:>{}}  ", cells[c], width[c]) : fmt::format("{:<{}}  ", cells[c], width[c]);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  };
  line(t.head);
  for (const auto& row : t.rows) line(row);
  return text;
}

std::string id_of(const Signature& s) { return fmt::format("{:08x}", hash_of(key_of(s)) >> 32); }

std::string short_text(const Signature& s) {
  const GroupShape& g = s.shape;
  const Window& w = g.window;
  const Context& c = s.context;
  std::string text{name(g.family)};
  if (w.kh != 1 || w.kw != 1 || g.family == Family::conv || g.family == Family::depthwise)
    text += fmt::format(" {}x{}", w.kh, w.kw);
  if (w.sh != 1 || w.sw != 1) text += w.sh == w.sw ? fmt::format("/{}", w.sh) : fmt::format("/{}x{}", w.sh, w.sw);
  if (w.dh != 1 || w.dw != 1) text += fmt::format(" dilated {}x{}", w.dh, w.dw);
  text += fmt::format(" {} -> {}", dims_text(g.in), dims_text(g.out));
  if (g.weight_bits != 8) text += fmt::format(", {}-bit weights", g.weight_bits);
  if (g.form != RequantForm::narrow) text += fmt::format(", {}", name(g.form));
  if (g.rounding != Rounding::half_up) text += fmt::format(", {}", name(g.rounding));
  if (g.out_type != ElementType::u8) text += fmt::format(", {}", name(g.out_type));
  if (c.input != Level::l2) text += fmt::format(", input in {}", ares::name_of(c.input));
  if (c.weights != Level::l2) text += fmt::format(", weights in {}", ares::name_of(c.weights));
  if (c.output != Level::l2) text += fmt::format(", output in {}", ares::name_of(c.output));
  return text;
}

std::string grouped(double number) {
  const std::string digits = fmt::format("{:.0f}", number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool between_digits = i > 0 && digits[i - 1] != '-';
    if (between_digits && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

Ages::Age Ages::of(const Subject& s) {
  auto known = targets_.find(s.signature.target);
  if (known == targets_.end()) {
    auto loaded = load_target(s.signature.target);
    known = targets_.emplace(s.signature.target, loaded ? std::optional(*loaded) : std::nullopt).first;
  }
  if (!known->second) return Age::unknown;
  const auto current = current_environment(*known->second, s.signature.shape.family);
  return current.matches(s.source, s.environment) ? Age::current : Age::older;
}

const char* name_of(Ages::Age a) {
  constexpr std::array<const char*, 3> names{"current", "older", "unknown"};
  return names[static_cast<size_t>(a)];
}

Table entry_table(const std::vector<Entry>& entries, Ages& ages) {
  Table t{entry_head, {2, 3, 6, 7, 8}, {}};
  for (const Entry& e : entries) t.rows.push_back(entry_cells(e, ages));
  return t;
}

Table neighbour_table(const std::vector<Neighbour>& neighbours, Ages& ages) {
  Table t{entry_head, {0, 3, 4, 7, 8, 9}, {}};
  t.head.insert(t.head.begin(), "DISTANCE");
  for (const Neighbour& n : neighbours) {
    auto cells = entry_cells(n.entry, ages);
    cells.insert(cells.begin(), fmt::format("{:.2f}", n.distance));
    t.rows.push_back(std::move(cells));
  }
  return t;
}

Table failure_table(const std::vector<Failure>& failures) {
  Table t{{"ID", "GROUP", "SOURCE", "KIND", "CONFIG", "WHAT", "LAYER", "WHEN"}, {}, {}};
  for (const Failure& f : failures) {
    t.rows.push_back({id_of(f.subject.signature), short_text(f.subject.signature), name_of(f.subject.source),
                      name_of(f.reason.kind), to_string(f.config), f.reason.message, origin_text(f.provenance),
                      date(f.provenance.time)});
  }
  return t;
}

std::string details(const Entry& e, Ages& ages) {
  std::string text = fmt::format("{} by {} ({})\n", short_text(e.subject.signature), name_of(e.subject.source),
                                 name_of(ages.of(e.subject)));
  const auto line = [&](const char* what, const std::string& value) {
    text += fmt::format("  {:<12}{}\n", what, value);
  };
  line("id", id_of(e.subject.signature));
  line("signature", to_string(e.subject.signature));
  if (!e.results.empty()) {
    const Measured& best = e.best();
    line("config", to_string(best.config));
    line("cycles", grouped(best.cycles) +
                       (best.cold_cycles > 0 ? fmt::format(", cold {}", grouped(best.cold_cycles)) : "") +
                       (best.sliced ? ", scaled up from a part of its tiles" : ""));
    line("rule", cycles_text(e.rule()));
    line("model-best", cycles_text(e.model_best()));
    line("from",
         fmt::format("{}, run {}, {}", origin_text(best.provenance), best.provenance.run, date(best.provenance.time)));
  }
  line("tried", fmt::format("{} configs, the slowest {} cycles", grouped(e.evaluations), grouped(e.worst_cycles)));
  line("state",
       !e.settled ? "open: the next run goes on"
                  : fmt::format("settled by {}: {}; {} feasible configs of {}", e.settled->strategy, e.settled->reason,
                                grouped(e.settled->space_feasible), grouped(e.settled->space_raw)));
  const Environment& env = e.subject.environment;
  line("environment", fmt::format("target {:016x}, kernels {}, arithmetic {}, simulator {}", env.target_hash,
                                  env.kernel_version, env.arithmetic_version, env.simulator));
  return text;
}

Result<Statistics> statistics(const KnowledgeBase& kb, Ages& ages) {
  Statistics s;
  const uint64_t misses = kb.misses();
  const Signature* previous = nullptr;
  Signature last;
  const auto entries = kb.for_each([&](const Entry& e) {
    ++s.entries;
    s.signatures += previous == nullptr || *previous != e.subject.signature;
    previous = &(last = e.subject.signature);
    s.results += e.results.size();
    s.evaluations += e.evaluations;
    s.settled += e.settled.has_value();
    s.older += ages.of(e.subject) == Ages::Age::older;
    ++s.by_source[name_of(e.subject.source)];
    ++s.by_operator[std::string(name(e.subject.signature.shape.family))];
    ++s.by_target[e.subject.signature.target];
    return true;
  });
  const auto failures = kb.for_each([&](const Failure&) { return ++s.failures, true; });
  const auto plans = kb.for_each([&](const PlanEntry&) { return ++s.plans, true; });
  const auto runs = kb.for_each([&](const Run&) { return ++s.runs, true; });
  for (const auto* scanned : {&entries, &failures, &plans, &runs}) {
    if (!*scanned) return tl::unexpected(scanned->error());
  }
  s.unreadable = kb.misses() - misses;
  s.disk_bytes = kb.store().disk_bytes();
  return s;
}

std::string to_string(const Statistics& s) {
  std::string text;
  const auto line = [&](const char* what, const std::string& value) { text += fmt::format("{:<13}{}\n", what, value); };
  line("entries",
       fmt::format("{} of {} groups: {}", grouped(s.entries), grouped(s.signatures), list_text(s.by_source)));
  line("operators", list_text(s.by_operator));
  line("targets", list_text(s.by_target));
  line("tried", fmt::format("{} configs, {} remembered", grouped(s.evaluations), grouped(s.results)));
  line("settled", fmt::format("{} entries", grouped(s.settled)));
  line("older", fmt::format("{} entries of another environment", grouped(s.older)));
  line("failures", grouped(s.failures));
  line("plans", grouped(s.plans));
  line("runs", grouped(s.runs));
  line("unreadable", grouped(s.unreadable));
  line("on disk", fmt::format("{:.1f} MiB", static_cast<double>(s.disk_bytes) / (1 << 20)));
  return text;
}

}  // namespace ares::kb
