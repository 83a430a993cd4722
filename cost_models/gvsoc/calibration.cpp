#include "cost_models/gvsoc/calibration.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "codegen/runtime_files.hpp"
#include "core/base/text_table.hpp"
#include "cost_models/gvsoc/batch_program.hpp"
#include "cost_models/gvsoc/process.hpp"
#include "cost_models/gvsoc/project_directory.hpp"

namespace ares::gvsoc {
namespace {

/// Of a one-dimensional transfer by the micro-benchmark itself; what generated programs need is another constant.
constexpr double setup_instructions = 7;

using Json = nlohmann::ordered_json;

constexpr double build_seconds = 600, run_seconds = 300;

std::vector<ProjectFile> program_files(const Target& target) {
  BatchClass c;
  c.cores = target.cores.count;
  c.stack = target.default_stack;
  c.l1_bytes = target.l1_bytes;
  c.l2_bytes = target.l2_bytes;
  std::vector<ProjectFile> files = runtime_project(c);
  constexpr std::string_view folder = "measure/";
  for (const RuntimeFile& f : runtime_files())
    if (f.path.starts_with("measure/ares_calibrate") && f.path.ends_with(".c"))
      files.push_back({std::filesystem::path("src") / f.path.substr(folder.size()), std::string(f.text)});
  return files;
}

std::string verdict_text(const Reference& r, const Calibration& measured) {
  const Verdict v = judge(r, measured);
  if (v == Verdict::missing) return "MISSING";
  if (v == Verdict::information) return "for information";
  const double difference = std::abs(measured.at(std::string(r.name)) - r.cycles);
  const bool by_share = difference <= r.cycles * r.per_cent / 100 || v == Verdict::outside;
  return (v == Verdict::within ? "within " : "OUTSIDE ") +
         (by_share ? fmt::format("{:.0f} %", r.per_cent) : fmt::format("{:.0f} cycles", r.slack));
}

std::string cycles_text(double cycles) { return fmt::format("{:.0f}", cycles); }

/// One constant with where it comes from.
Json constant(double value, const std::string& source) { return {{"value", value}, {"source", source}}; }

double rounded(double v) { return std::round(v * 1000) / 1000; }

}  // namespace

Verdict judge(const Reference& r, const Calibration& measured) {
  const auto it = measured.find(std::string(r.name));
  if (it == measured.end()) return Verdict::missing;
  if (r.per_cent == 0 && r.slack == 0) return Verdict::information;
  const double allowed = std::max(r.cycles * r.per_cent / 100, r.slack);
  return std::abs(it->second - r.cycles) <= allowed ? Verdict::within : Verdict::outside;
}

std::optional<Calibration> parse_calibration(std::string_view text) {
  constexpr std::string_view mark = "CALIBRATE ";
  Calibration all;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line == "CALIBRATE END") return all;
    const size_t space = line.rfind(' ');
    if (!line.starts_with(mark) || space < mark.size()) continue;
    uint64_t cycles = 0;
    const char* const last = line.data() + line.size();
    const auto [stop, error] = std::from_chars(line.data() + space + 1, last, cycles);
    if (error == std::errc() && stop == last)
      all[std::string(line.substr(mark.size(), space - mark.size()))] = static_cast<double>(cycles);
  }
  return std::nullopt;
}

Result<Calibration> calibrate(const Simulator& simulator, const Target& target) {
  const ScratchProject project(program_files(target));
  const std::atomic<bool> never{false};
  const auto built = run_process(project.make("-j2 all", simulator), build_seconds, never);
  if (built.status != 0) return fail(fmt::format("building the benchmarks failed: {}", error_line(built.text)));
  const auto ran = run_process(project.make("run", simulator), run_seconds, never);
  if (auto all = parse_calibration(ran.text)) return *all;
  return fail(fmt::format("the benchmarks did not come to their end{}: {}", ran.timed_out ? " in time" : "",
                          error_line(ran.text)));
}

std::string calibration_table(const Calibration& measured) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> known;
  for (const Reference& r : references()) {
    known.emplace_back(r.name);
    const auto it = measured.find(known.back());
    const bool there = it != measured.end();
    rows.push_back({std::string(r.what), there ? cycles_text(it->second) : "-", cycles_text(r.cycles),
                    there ? fmt::format("{:+.1f} %", 100 * (it->second / r.cycles - 1)) : "-",
                    verdict_text(r, measured)});
  }
  for (const auto& [name, cycles] : measured)
    if (std::find(known.begin(), known.end(), name) == known.end())
      rows.push_back({name, cycles_text(cycles), "-", "-", ""});
  return text_table({{"benchmark"}, {"cycles", true}, {"expected", true}, {"difference", true}, {"verdict"}}, rows);
}

std::string target_json(const Calibration& m, const Target& base, const std::string& simulator) {
  const auto at = [&](const char* name) { return m.at(name); };
  const auto from = [&](const std::string& what) { return fmt::format("ares-calibrate: {}; {}", what, simulator); };
  constexpr double small = 1024, large = 16384;
  const auto rate = [&](const char* short_one, const char* long_one) {
    return rounded((large - small) / (at(long_one) - at(short_one)));
  };
  Json j{{"name", base.name}, {"base", "gap9"}, {"description", base.description + ", calibrated"}};
  Json& cores = j["cores"];
  cores["fork_join"] = constant(at("fork_join"), from("a fork of nothing and its join, warm"));
  cores["barrier"] = constant(rounded(at("barrier_100") / 100), from("100 barriers of all workers"));
  cores["l1_latency"] = constant(rounded(at("load_100") / 100), from("100 independent loads"));
  cores["mulh"] = constant(rounded(at("mulh_100") / 100), from("100 independent mulh"));
  Json& dma = j["dma"];
  const double in = rate("dma_in_1024", "dma_in_16384"), out = rate("dma_out_1024", "dma_out_16384");
  dma["bytes_per_cycle_in"] = constant(in, from("1 KiB and 16 KiB from L2 to L1"));
  dma["bytes_per_cycle_out"] = constant(out, from("1 KiB and 16 KiB from L1 to L2"));
  dma["latency"] = constant(rounded(std::max(0.0, at("dma_in_1024") - small / in - setup_instructions - base.dma.fill)),
                            from("1 KiB from L2 to L1, less its bytes, set-up and fill"));
  constexpr double rows = 64, more_bytes = 2;  // rows of 66 B against rows of 64 B
  dma["unaligned_row"] =
      constant(rounded(std::max(0.0, (at("dma_in_rows_66") - at("dma_in_rows_64") - rows * more_bytes / in) / rows)),
               from("64 rows of 66 B and of 64 B"));
  Json& l3 = j["l3"];
  const double read = rate("l3_read_1024", "l3_read_16384");
  l3["bytes_per_cycle_read"] = constant(read, from("1 KiB and 16 KiB from L3 to L2"));
  l3["latency"] = constant(rounded(std::max(0.0, at("l3_read_1024") - small / read - base.l3.setup)),
                           from("1 KiB from L3 to L2 as the orchestrator sees it, less bytes and set-up"));
  return j.dump(2) + '\n';
}

}  // namespace ares::gvsoc
