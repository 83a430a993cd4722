#include "experiments/perf/perf_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>

namespace ares::perf {
namespace {

constexpr std::string_view old_titles = "network\tsource\tcycles\tcold_cycles\tbytes\tenvironment";
constexpr std::string_view titles = "network\tsource\tcycles\tcold_cycles\tbytes\tenvironment\tfloor";
constexpr size_t old_columns = 6, columns = 7;

bool number(const std::string& text, double& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value >= 0;
}

const Row* find(const std::vector<Row>& rows, const Row& like) {
  const auto it = std::find_if(rows.begin(), rows.end(),
                               [&](const Row& r) { return r.network == like.network && r.source == like.source; });
  return it == rows.end() ? nullptr : &*it;
}

std::string named(const Row& r) { return fmt::format("{} by {}", r.network, r.source); }

Finding one(const Row& before, const Row* now, const Limits& limits) {
  if (!now) return {fmt::format("{}: missing", named(before)), true, false};
  if (!now->right) return {fmt::format("{}: WRONG BYTES", named(*now)), true, false};
  const double change = 100 * (now->cycles / before.cycles - 1);
  std::string line =
      fmt::format("{}: {:.0f} -> {:.0f} cycles, {:+.1f} %", named(*now), before.cycles, now->cycles, change);
  if (before.environment != now->environment) return {line + ", in another environment: not compared", false, true};
  const bool hot = std::find(limits.hot.begin(), limits.hot.end(), now->network) != limits.hot.end();
  const double limit = hot ? limits.hot_per_cent : limits.per_cent;
  if (100 * now->cycles <= before.cycles * (100 + limit)) return {line, false, false};
  return {line + fmt::format(", WORSE than the {:.0f} % allowed", limit), true, false};
}

}  // namespace

std::string to_text(const std::vector<Row>& rows) {
  std::string text = std::string(titles) + '\n';
  for (const Row& r : rows)
    text += fmt::format("{}\t{}\t{:.0f}\t{:.0f}\t{}\t{}\t{:.0f}\n", r.network, r.source, r.cycles, r.cold_cycles,
                        r.right ? "right" : "wrong", r.environment, r.floor);
  return text;
}

Result<std::vector<Row>> from_text(std::string_view text) {
  std::vector<std::string> lines, fields;
  boost::split(lines, text, boost::is_any_of("\n"));
  if (lines.front() != titles && lines.front() != old_titles) return fail("line 1: no table of ares-perf");
  const bool floors = lines.front() == titles;
  std::vector<Row> rows;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    boost::split(fields, lines[i], boost::is_any_of("\t"));
    Row r;
    const bool sound = fields.size() == (floors ? columns : old_columns) && number(fields[2], r.cycles) &&
                       number(fields[3], r.cold_cycles) && (fields[4] == "right" || fields[4] == "wrong") &&
                       (r.cycles > 0 || fields[4] == "wrong") && (!floors || number(fields[6], r.floor));
    if (!sound) return fail(fmt::format("line {}: no row of ares-perf", i + 1));
    r.network = fields[0], r.source = fields[1], r.right = fields[4] == "right", r.environment = fields[5];
    rows.push_back(std::move(r));
  }
  return rows;
}

std::vector<Finding> compare(const std::vector<Row>& before, const std::vector<Row>& now, const Limits& limits) {
  std::vector<Finding> all;
  for (const Row& r : before) {
    if (r.right) all.push_back(one(r, find(now, r), limits));
  }
  for (const Row& r : now) {
    const Row* old = find(before, r);
    if (old && old->right) continue;
    if (!r.right)
      all.push_back({fmt::format("{}: WRONG BYTES", named(r)), true, false});
    else
      all.push_back({fmt::format("{}: {:.0f} cycles, new", named(r), r.cycles), false, false});
  }
  return all;
}

}  // namespace ares::perf
