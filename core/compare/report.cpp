#include "core/compare/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/text_table.hpp"
#include "core/reference/dump.hpp"

namespace ares {
namespace {

std::string producer(const TensorComparison& t) {
  return t.layer.empty() ? "the network's input" : fmt::format("layer '{}', node '{}'", t.layer, t.node);
}

std::string describe(const TensorComparison& t, const Difference& d) {
  return fmt::format("'{}' ({}): {} of {} elements, by at most {}; the first at [{}]: {} here, {} recorded", t.tensor,
                     producer(t), d.differing, t.elements, d.largest, element_position(d.first, t.shape), d.here,
                     d.there);
}

double percent(int64_t part, int64_t whole) {
  return whole ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

nlohmann::json to_json(const TensorComparison& t, const Difference& d) {
  nlohmann::json j{{"differing", d.differing}, {"largest", d.largest}};
  if (d.differing) j["first"] = {{"at", element_position(d.first, t.shape)}, {"here", d.here}, {"recorded", d.there}};
  return j;
}

}  // namespace

std::string comparison_text(const SampleComparison& comparison) {
  std::vector<std::vector<std::string>> rows;
  const auto count = [](int64_t n) { return n ? fmt::format("{}", n) : std::string("-"); };
  for (const TensorComparison& t : comparison.tensors) {
    rows.push_back({t.tensor, t.layer.empty() ? "(input)" : t.layer, fmt::format("{}", t.elements),
                    count(t.whole.differing), count(t.whole.largest), count(t.alone.differing),
                    count(t.alone.largest)});
  }
  const std::vector<Column> columns{{"tensor"},         {"layer"},       {"elements", true}, {"differ", true},
                                    {"max step", true}, {"alone", true}, {"max step", true}};
  std::string text = text_table(columns, rows);
  for (const std::string& name : comparison.absent)
    text += fmt::format("recorded, but no tensor of the network: '{}'\n", name);
  const Verdict v = judge(comparison);
  if (!v.first) return text + "every tensor is equal\n";
  text += "first that differs: " + describe(*v.first, v.first->whole) + "\n";
  return text + fmt::format("each layer alone, on recorded inputs: {} of {} elements differ ({:.3f} %): {}\n",
                            v.differing, v.elements, percent(v.differing, v.elements),
                            v.passes ? "as close as rounding allows" : "too many, or too far");
}

std::string complaint(const SampleComparison& comparison) {
  const Verdict v = judge(comparison);
  if (v.passes) return "";
  if (v.first_bad) return "beyond one step or 0.5 % on recorded inputs: " + describe(*v.first_bad, v.first_bad->alone);
  return fmt::format("{} of {} elements ({:.3f} %) differ on recorded inputs, more than 0.1 %", v.differing, v.elements,
                     percent(v.differing, v.elements));
}

nlohmann::json comparison_json(const SampleComparison& comparison) {
  const Verdict v = judge(comparison);
  nlohmann::json tensors = nlohmann::json::array();
  for (const TensorComparison& t : comparison.tensors) {
    tensors.push_back({{"tensor", t.tensor},
                       {"layer", t.layer},
                       {"node", t.node},
                       {"elements", t.elements},
                       {"whole", to_json(t, t.whole)},
                       {"alone", to_json(t, t.alone)}});
  }
  return {{"tensors", tensors},
          {"absent", comparison.absent},
          {"elements", v.elements},
          {"differing", v.differing},
          {"passes", v.passes},
          {"first", v.first ? v.first->tensor : ""},
          {"complaint", complaint(comparison)}};
}

}  // namespace ares
