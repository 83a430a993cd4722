#include "kb/json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <variant>

namespace ares::kb {
namespace {

using Json = nlohmann::ordered_json;

/// Of the lines; raised when an older program could misread them.
constexpr int text_version = 1;

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (char c : bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return text;
}

/// Throws on what is not hexadecimal; callers turn it into an Error with the line.
uint64_t hex_number(std::string_view text) {
  uint64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v, 16);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::runtime_error(fmt::format("'{}' is no hexadecimal number", text));
  }
  return v;
}

std::string bytes_of_hex(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) bytes.push_back(static_cast<char>(hex_number(text.substr(i, 2))));
  return bytes;
}

template <class T>
T required(Result<T> r) {
  if (!r) throw std::runtime_error(r.error().what);
  return std::move(*r);
}

template <class T>
T required(std::optional<T> v, const std::string& text) {
  if (!v) throw std::runtime_error(fmt::format("unknown name '{}'", text));
  return *v;
}

Json to_json(const Environment& e) {
  return {{"target_hash", fmt::format("{:016x}", e.target_hash)},
          {"kernel_version", e.kernel_version},
          {"arithmetic_version", e.arithmetic_version},
          {"simulator", e.simulator}};
}

Environment environment_from(const Json& j) {
  return {hex_number(j.at("target_hash").get<std::string>()), j.at("kernel_version"), j.at("arithmetic_version"),
          j.at("simulator")};
}

Json to_json(const Provenance& p) { return {{"model", p.model}, {"layer", p.layer}, {"run", p.run}, {"time", p.time}}; }

Provenance provenance_from(const Json& j) { return {j.at("model"), j.at("layer"), j.at("run"), j.at("time")}; }

Source source_from(const Json& j) { return required(source_named(j.get<std::string>()), j.get<std::string>()); }

Subject subject_from(const Json& j) {
  return {required(parse_signature(j.at("signature").get<std::string>())), source_from(j.at("source")),
          environment_from(j.at("environment"))};
}

Config config_from(const Json& j) { return required(parse_config(j.get<std::string>())); }

double cycles_from(const Json& j, bool optional) {
  const double v = j.get<double>();
  if (!(v > 0 || (optional && v == 0))) throw std::runtime_error(fmt::format("{} is no number of cycles", v));
  return v;
}

Entry entry_from(const Json& j) {
  Entry e{subject_from(j), {}, j.at("evaluations"), j.at("worst_cycles"), {}, bytes_of_hex(j.value("cursor", ""))};
  if (const Json& s = j.at("settled"); !s.is_null()) {
    e.settled = Settled{s.at("strategy"), s.at("reason"), s.at("space_raw"), s.at("space_feasible"), s.at("time")};
  }
  for (const Json& r : j.at("results")) {
    e.results.push_back({config_from(r.at("config")), cycles_from(r.at("cycles"), false),
                         cycles_from(r.at("cold_cycles"), true), r.value("rule", false), r.value("model_best", false),
                         provenance_from(r.at("provenance")), r.value("sliced", false)});
  }
  return e;
}

Failure failure_from(const Json& j) {
  return {subject_from(j),
          config_from(j.at("config")),
          {required(failure_named(j.at("kind").get<std::string>()), j.at("kind").get<std::string>()), j.at("message")},
          provenance_from(j.at("provenance"))};
}

PlanEntry plan_from(const Json& j) {
  PlanEntry p;
  p.subject.source = source_from(j.at("source"));
  p.subject.environment = environment_from(j.at("environment"));
  for (const Json& g : j.at("groups")) {
    p.subject.groups.push_back(required(parse_signature(g.at("signature").get<std::string>())));
    p.configs.push_back(config_from(g.at("config")));
  }
  for (const Json& e : j.at("edges")) p.subject.edges.emplace_back(e.at(0), e.at(1));
  p.detail = bytes_of_hex(j.at("detail").get<std::string>());
  p.cycles = cycles_from(j.at("cycles"), false);
  p.cold_cycles = cycles_from(j.at("cold_cycles"), true);
  p.provenance = provenance_from(j.at("provenance"));
  return p;
}

Run run_from(const Json& j) {
  return {j.at("id"),   j.at("command"),      j.at("model"),   j.at("target"),
          j.at("seed"), j.at("measurements"), j.at("started"), j.at("finished")};
}

using Record = std::variant<Entry, Failure, PlanEntry, Run>;

Record record_from(const Json& j) {
  if (j.at("version") != text_version) throw std::runtime_error("unknown version of the text");
  const std::string kind = j.at("record");
  if (kind == "entry") return entry_from(j);
  if (kind == "failure") return failure_from(j);
  if (kind == "plan") return plan_from(j);
  if (kind == "run") return run_from(j);
  throw std::runtime_error(fmt::format("unknown record '{}'", kind));
}

Json head(const char* kind) { return {{"record", kind}, {"version", text_version}}; }

Json subject_json(const char* kind, const Subject& s) {
  Json j = head(kind);
  j["signature"] = to_string(s.signature);
  j["source"] = name_of(s.source);
  j["environment"] = to_json(s.environment);
  return j;
}

uint64_t& count_of(Counts& c, const Entry&) { return c.entries; }
uint64_t& count_of(Counts& c, const Failure&) { return c.failures; }
uint64_t& count_of(Counts& c, const PlanEntry&) { return c.plans; }
uint64_t& count_of(Counts& c, const Run&) { return c.runs; }

Result<void> take(KnowledgeBase& kb, const Entry& e) { return kb.merge(e); }
Result<void> take(KnowledgeBase& kb, const Failure& f) { return kb.merge(f); }
Result<void> take(KnowledgeBase& kb, const PlanEntry& p) { return kb.record(p); }
Result<void> take(KnowledgeBase& kb, const Run& r) { return kb.record(r); }

/// Visits all records of one kind; stops at the first error of the visitor.
template <class R, class Visit>
Result<void> visit(const KnowledgeBase& kb, Counts& counts, Visit visitor) {
  Result<void> outcome;
  const std::function<bool(const R&)> each = [&](const R& r) {
    outcome = visitor(r);
    if (outcome) ++count_of(counts, r);
    return outcome.has_value();
  };
  const auto scanned = kb.for_each(each);
  return scanned ? outcome : scanned;
}

template <class Visit>
Result<Counts> visit_all(const KnowledgeBase& kb, Visit visitor) {
  Counts counts;
  if (auto ok = visit<Entry>(kb, counts, visitor); !ok) return tl::unexpected(ok.error());
  if (auto ok = visit<Failure>(kb, counts, visitor); !ok) return tl::unexpected(ok.error());
  if (auto ok = visit<PlanEntry>(kb, counts, visitor); !ok) return tl::unexpected(ok.error());
  if (auto ok = visit<Run>(kb, counts, visitor); !ok) return tl::unexpected(ok.error());
  return counts;
}

}  // namespace

Json to_json(const Entry& e) {
  Json j = subject_json("entry", e.subject);
  j["evaluations"] = e.evaluations;
  j["worst_cycles"] = e.worst_cycles;
  j["settled"] = nullptr;
  if (e.settled) {
    j["settled"] = {{"strategy", e.settled->strategy},
                    {"reason", e.settled->reason},
                    {"space_raw", e.settled->space_raw},
                    {"space_feasible", e.settled->space_feasible},
                    {"time", e.settled->time}};
  }
  if (!e.cursor.empty()) j["cursor"] = hex_of(e.cursor);
  j["results"] = Json::array();
  for (const Measured& m : e.results) {
    Json r{{"config", to_string(m.config)}, {"cycles", m.cycles}, {"cold_cycles", m.cold_cycles}};
    if (m.rule) r["rule"] = true;
    if (m.model_best) r["model_best"] = true;
    if (m.sliced) r["sliced"] = true;
    r["provenance"] = to_json(m.provenance);
    j["results"].push_back(std::move(r));
  }
  return j;
}

Json to_json(const Failure& f) {
  Json j = subject_json("failure", f.subject);
  j["config"] = to_string(f.config);
  j["kind"] = name_of(f.reason.kind);
  j["message"] = f.reason.message;
  j["provenance"] = to_json(f.provenance);
  return j;
}

Json to_json(const PlanEntry& p) {
  Json j = head("plan");
  j["source"] = name_of(p.subject.source);
  j["environment"] = to_json(p.subject.environment);
  j["cycles"] = p.cycles;
  j["cold_cycles"] = p.cold_cycles;
  j["groups"] = Json::array();
  for (size_t i = 0; i < p.subject.groups.size(); ++i) {
    j["groups"].push_back({{"signature", to_string(p.subject.groups[i])}, {"config", to_string(p.configs[i])}});
  }
  j["edges"] = p.subject.edges;
  j["detail"] = hex_of(p.detail);
  j["provenance"] = to_json(p.provenance);
  return j;
}

Json to_json(const Run& r) {
  Json j = head("run");
  j.update({{"id", r.id},
            {"command", r.command},
            {"model", r.model},
            {"target", r.target},
            {"seed", r.seed},
            {"measurements", r.measurements},
            {"started", r.started},
            {"finished", r.finished}});
  return j;
}

std::string text_of(const Json& j, int indent) { return j.dump(indent, ' ', false, Json::error_handler_t::replace); }

Result<Counts> export_text(const KnowledgeBase& kb, std::ostream& out) {
  return visit_all(kb, [&](const auto& record) -> Result<void> {
    out << text_of(to_json(record)) << '\n';
    if (!out) return fail("export: cannot write; is the disk full?");
    return {};
  });
}

Result<Counts> export_best(const KnowledgeBase& kb, std::ostream& out, size_t results) {
  Counts counts;
  const auto written = visit<Entry>(kb, counts, [&](Entry e) -> Result<void> {
    size_t rank = 0;
    std::erase_if(e.results, [&](const Measured& m) { return rank++ >= results && !m.rule && !m.model_best; });
    for (Measured& m : e.results) m.provenance = {m.provenance.model, m.provenance.layer, "", 0};
    if (e.settled) e.settled->time = 0;
    e.cursor.clear();
    out << text_of(to_json(e)) << '\n';
    if (!out) return fail("export: cannot write; is the disk full?");
    return {};
  });
  if (!written) return tl::unexpected(written.error());
  return counts;
}

Result<Counts> import_text(KnowledgeBase& kb, std::istream& in, const std::string& name) {
  std::vector<Record> records;
  std::string line;
  for (uint64_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    try {
      records.push_back(record_from(Json::parse(line)));
    } catch (const std::exception& e) {
      return fail(fmt::format("{}:{}: cannot read the record: {}", name, number, e.what()));
    }
  }
  Counts counts;
  for (const Record& record : records) {
    const auto ok = std::visit(
        [&](const auto& r) {
          ++count_of(counts, r);
          return take(kb, r);
        },
        record);
    if (!ok) return tl::unexpected(ok.error());
  }
  if (auto ok = kb.sync(); !ok) return tl::unexpected(ok.error());
  return counts;
}

Result<Counts> merge(KnowledgeBase& kb, const KnowledgeBase& from) {
  auto counts = visit_all(from, [&](const auto& record) { return take(kb, record); });
  if (!counts) return counts;
  if (auto ok = kb.sync(); !ok) return tl::unexpected(ok.error());
  return counts;
}

}  // namespace ares::kb
