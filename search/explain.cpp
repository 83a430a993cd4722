#include "search/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text_table.hpp"
#include "cost_models/model_best.hpp"
#include "search/candidates.hpp"

namespace ares {
namespace {

constexpr std::size_t runners_up = 5;
/// Configs listed to rank the runners-up.
constexpr std::size_t most_listed = 8u << 20;
/// L1 windows that are tried, as parts of the group's own.
constexpr std::array<double, 5> windows{0.5, 0.75, 1.25, 1.5, 2};

std::string change(double from, double to) { return fmt::format("{:+.1f} %", 100 * (to / from - 1)); }

std::string value_text(Knob k, uint16_t v) {
  Config c;
  c[k] = v;
  const std::string text = to_string(c);  // {tile_h=14}
  const std::size_t equals = text.find('=');
  return equals == std::string::npos ? fmt::format("{}", v) : text.substr(equals + 1, text.size() - equals - 2);
}

const char* advice(Bottleneck b) {
  switch (b) {
    case Bottleneck::compute:
      return "the workers compute nearly all the time: a faster kernel or fewer multiply-accumulates would help";
    case Bottleneck::dma_in:
      return "data does not come in fast enough: larger tiles or operands kept in L1 would help";
    case Bottleneck::dma_out:
      return "results do not leave fast enough: smaller output elements or fusion with the next layer would help";
    case Bottleneck::l3:
      return "weights come from L3: more L2, or fewer weight bits, would help";
    case Bottleneck::accelerator:
      return "the accelerator's jobs take most of it: fewer multiply-accumulates or weight bits would help";
    case Bottleneck::overhead:
      return "starting kernels and transfers takes longer than the work: fewer, larger tiles, or fusion, would help";
  }
  return "";
}

std::string parts_text(const Estimate& e, double bound) {
  const std::array<std::pair<const char*, double>, 7> parts{{{"compute", e.compute},
                                                             {"DMA in", e.dma_in},
                                                             {"DMA out", e.dma_out},
                                                             {"L3", e.l3},
                                                             {"accelerator", e.accelerator},
                                                             {"waiting", e.stall},
                                                             {"overhead", e.overhead}}};
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, cycles] : parts)
    if (cycles > 0) rows.push_back({name, grouped(cycles), fmt::format("{:.0f} %", 100 * cycles / e.cycles)});
  return text_table({{"part (they overlap)"}, {"cycles", true}, {"of all", true}}, rows) +
         fmt::format(
             "Limited by {}: {}.\nNo config of this group needs fewer than {} cycles; this one needs {:.1f} % more.\n",
             name_of(e.bottleneck), advice(e.bottleneck), grouped(bound), 100 * (e.cycles / bound - 1));
}

std::string differences(const Config& from, const Config& to) {
  std::string text;
  for (int k = 0; k < knob_count; ++k) {
    const Knob knob = static_cast<Knob>(k);
    if (from[knob] != to[knob])
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name_of(knob), value_text(knob, to[knob]));
  }
  return text.empty() ? "the chosen one" : text;
}

std::string runners_text(const Query& query, const CostModel& model, const Config& chosen, double cycles) {
  const std::atomic<bool> never{false};
  const Candidates candidates = make_candidates(query, model, most_listed, {chosen}, never);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < std::min(runners_up + 1, candidates.size()); ++i) {
    const CandidateId c = candidates.order[i];
    rows.push_back({fmt::format("{}", i + 1), grouped(candidates.predicted[c]), change(cycles, candidates.predicted[c]),
                    differences(chosen, candidates.config(c))});
  }
  return fmt::format("\nThe model's best of {} configs:\n", grouped(static_cast<double>(candidates.size()))) +
         text_table({{"rank", true}, {"cycles", true}, {"change", true}, {"differs in"}}, rows);
}

std::string knobs_text(const Query& query, const CostModel& model, const Config& chosen, double cycles) {
  std::vector<std::vector<std::string>> rows;
  const SearchSpace space = make_space(query.shape, query.context);
  for (const KnobRange& range : space.knobs) {
    double best = std::numeric_limits<double>::infinity();
    uint16_t value = 0;
    for (const uint16_t v : range.values) {
      Config other = chosen;
      other[range.knob] = v;
      if (v == chosen[range.knob] || check(space, other)) continue;
      const Estimate e = estimate(model, query, other);
      if (!e.feasible || e.cycles >= best) continue;
      best = e.cycles;
      value = v;
    }
    const bool any = value != 0;
    rows.push_back({std::string(name_of(range.knob)), value_text(range.knob, chosen[range.knob]),
                    any ? value_text(range.knob, value) : "no other", any ? grouped(best) : "-",
                    any ? change(cycles, best) : "-"});
  }
  return "\nOne knob changed, the others as they are:\n" +
         text_table({{"knob"}, {"chosen"}, {"best other"}, {"cycles", true}, {"change", true}}, rows);
}

std::string windows_text(const Query& query, const CostModel& model, double cycles) {
  std::vector<std::vector<std::string>> rows;
  for (const double part : windows) {
    Context context = query.context;
    context.l1_bytes = static_cast<uint32_t>(part * context.l1_bytes) / 1024 * 1024;
    const auto best = best_by_model(model, {query.shape, context, query.target});
    rows.push_back({fmt::format("{} KiB", context.l1_bytes / 1024),
                    best ? grouped(best->estimate.cycles) : "does not fit",
                    best ? change(cycles, best->estimate.cycles) : "-", best ? grouped(best->estimate.l1_bytes) : "-"});
  }
  return fmt::format("\nWith another L1 window than {} KiB, the model's best:\n", query.context.l1_bytes / 1024) +
         text_table({{"L1"}, {"cycles", true}, {"change", true}, {"bytes used", true}}, rows);
}

}  // namespace

std::string explain(const std::string& group, const Query& query, const CostModel& model, const Config& chosen) {
  const Estimate e = estimate(model, query, chosen);
  std::string text =
      fmt::format("\n{}: {}\n{} cycles by the cost model {}, {} of {} bytes of L1.\n\n", group, to_string(chosen),
                  grouped(e.cycles), model.name(), grouped(e.l1_bytes), grouped(query.context.l1_bytes));
  text += parts_text(e, lower_bound(query));
  text += runners_text(query, model, chosen, e.cycles);
  text += knobs_text(query, model, chosen, e.cycles);
  text += windows_text(query, model, e.cycles);
  return text;
}

}  // namespace ares
