#include "experiments/perf/yardsticks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cmath>

namespace ares::perf {
namespace {

constexpr double warm_share = 8, cold_share = 4;

constexpr Yardstick all[] = {
    {"simplecnn", 1, 694e3},
    {"tinycnn", 2, 430e3},
    {"mlp", 3, 391e3},
    {"resnet_basic", 4, 1043e3},
    {"densenet_basic", 5, 776e3},
    {"multitilecnn", 6, 4371e3},
    {"bottleneck", 7, 1252e3},
    {"stride2", 8, 1105e3},
    {"padding", 9, 8269e3},
    {"resnet18", 10, 8560e3},
    {"conv2d_remainder", 28, 1607e3},
    {"autotune_stress", 30, 1431e3},
    {"drowsiness_fusion", 36, 3397e3},
    {"zeropad2d", 37, 218e3},
    {"ne16_linear", 38, 265e3},
    {"ne16_large", 39, 2588e3},
    {"depthwise_conv", 40, 1477e3},
    {"resnet8", 0, 4266e3, 180e3, 228001},
    {"ds_cnn", 0, 3048e3, 130e3, 175922},
    {"mobilenet_v1_025", 0, 12290e3, 300e3, 416176},
    {"autoencoder", 0, 965e3, 45e3, 65008},
};

// Cold: half of what the Python toolchain's program takes on the public GVSOC for transformers and state-space models
// (all of it for the networks above). Those with a figure in cycles have only the published one.
constexpr double half = 0.5;
constexpr Goal other_goals[] = {
    {"layernorm_basic", 11, 197e3},
    {"gelu_basic", 12, 102e3},
    {"transformer_simple", 13, half * 5072e3},
    {"multiblock_transformer", 14, half * 39740e3},
    {"tinymyo_tiny", 15, half * 5051e3},
    {"mamba_conv1d", 16, half * 622637},
    {"mamba_ssm", 17, half * 489176},
    {"mamba_block", 18, half * 449123},
    {"mamba_stacked", 19, half * 593062},
    {"bidirectional_mamba", 20, half * 974439},
    {"femba_patchembedder", 21, half * 6976586},
    {"femba_full", 22, half * 7652000},
    {"femba_full_input", 23, half * 52810318},
    {"femba_full_expand2", 24, half * 489800131},
    {"femba_tiny_int8", 25, half * 489810169},
    {"tinymyo_8ch_400tok", 26, half * 331237e3},
    {"linear3d_bench", 27, half * 17494e3},
    {"luna_base", 29, half * 65105177},
    {"luna_full", 31, half * 102508e3},
    {"large_depthwise", 41, 0},
    {"llama_minimal", 42, 0},
    {"cerebro_original", 43, 0},
    {"llama_swiglu", 44, 0},
};

constexpr double most_floors = 1.3;

double warm_goal(const Yardstick& y) { return y.warm_goal > 0 ? y.warm_goal : y.cycles / warm_share; }

std::string k(double cycles) { return fmt::format("{:.1f}", cycles / 1000); }

/// `reached`, or by how much it is missed and whether the floor forbids it.
std::string verdict(double cycles, double goal, double floor, std::string_view what) {
  if (cycles <= goal) return "reached";
  const std::string missed = fmt::format("{:.2f} x the goal", cycles / goal);
  return floor > goal ? fmt::format("{}; {} alone {} k", missed, what, k(floor)) : missed;
}

std::string standing_line(const Standing& s) {
  const Yardstick& y = s.yardstick;
  const std::string name = y.number > 0 ? fmt::format("{} {}", y.number, y.network) : std::string(y.network);
  if (!s.gvsoc || !s.gvsoc->right)
    return fmt::format("| {} | {} | - | | | - | | {} |\n", name, k(y.cycles), s.gvsoc ? "WRONG BYTES" : "not measured");
  const double warm = s.gvsoc->cycles, cold = s.gvsoc->cold_cycles, cold_goal = y.cycles / cold_share;
  const std::string cold_text = cold > 0 ? fmt::format("{} | {:.1f} x", k(cold), y.cycles / cold) : "- |";
  const std::string cold_verdict = cold > 0 ? verdict(cold, cold_goal, s.floor.l3, "bytes from L3") : "not measured";
  return fmt::format("| {} | {} | {} | {:.1f} x | {} | {} | {} |\n", name, k(y.cycles), k(warm), y.cycles / warm,
                     verdict(warm, warm_goal(y), s.floor.warm, "compute and transfers"), cold_text, cold_verdict);
}

std::string warm_verdict(double ratio) {
  return ratio <= most_floors ? "reached" : fmt::format("{:.2f} x the goal", ratio / most_floors);
}

std::string attempt_line(const Attempt& a) {
  const Row& r = *a.row;
  const std::string name = a.goal.number > 0 ? fmt::format("{} {}", a.goal.number, r.network) : std::string(r.network);
  if (!r.right) return fmt::format("| {} | {} | - | | | WRONG BYTES | - | | |\n", name, r.source);
  const std::string warm =
      r.floor > 0 ? fmt::format("{} | {:.2f} | {}", k(r.floor), r.cycles / r.floor, warm_verdict(r.cycles / r.floor))
                  : "- | | floor not known";
  const double goal = a.goal.cold_goal;
  const std::string cold = r.cold_cycles > 0 ? k(r.cold_cycles) : "-";
  const std::string cold_verdict = r.cold_cycles == 0 ? "not measured"
                                   : goal == 0        ? "no goal"
                                                      : verdict(r.cold_cycles, goal, a.l3, "bytes from L3");
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", name, r.source, k(r.cycles), warm, cold,
                     goal > 0 ? k(goal) : "-", cold_verdict);
}

}  // namespace

std::span<const Yardstick> yardsticks() { return all; }

std::vector<Goal> goals() {
  std::vector<Goal> every(std::begin(other_goals), std::end(other_goals));
  for (const Yardstick& y : all) every.push_back({y.network, y.number, y.cycles});
  const auto place = [](const Goal& g) { return g.number == 0 ? INT_MAX : g.number; };
  std::stable_sort(every.begin(), every.end(), [&](const Goal& a, const Goal& b) { return place(a) < place(b); });
  return every;
}

std::string floors_table(std::span<const Attempt> attempts) {
  std::string text = "| network | by | warm, k cycles | floor | ratio | goal 1.3 | cold | goal | goal cold |\n";
  text += "|---|---|---|---|---|---|---|---|---|\n";
  for (const Attempt& a : attempts) text += attempt_line(a);
  return text;
}

std::string standings_table(std::span<const Standing> standings) {
  std::string text = "| network | Python ARES, k cycles | warm | faster | goal warm | cold | faster | goal cold |\n";
  text += "|---|---|---|---|---|---|---|---|\n";
  for (const Standing& s : standings) text += standing_line(s);
  return text;
}

std::string models_table(std::span<const Standing> standings) {
  std::string text = "| network | event, k cycles | GVSOC | difference |\n|---|---|---|---|\n";
  double worst = 0, sum = 0;
  int count = 0;
  for (const Standing& s : standings) {
    if (!s.event || !s.gvsoc || !s.gvsoc->right) continue;
    const double off = 100 * (s.event->cycles / s.gvsoc->cycles - 1);
    text +=
        fmt::format("| {} | {} | {} | {:+.1f} % |\n", s.yardstick.network, k(s.event->cycles), k(s.gvsoc->cycles), off);
    worst = std::max(worst, std::abs(off));
    sum += std::abs(off);
    ++count;
  }
  if (count > 0)
    text += fmt::format("\n{} networks: {:.1f} % off on average, {:.1f} % at most.\n", count, sum / count, worst);
  return text;
}

}  // namespace ares::perf
