// Kernels whose workers carry something along a sequence: attention of one kernel, selective scan.
#include <algorithm>

#include "cost_models/kernel_cycles.hpp"

namespace ares {
namespace {

constexpr double attention_tile = 5;   ///< per register tile: pointers, loop set-up, branch
constexpr int32_t attention_rows = 4;  ///< queries that one worker takes together
constexpr double softmax_element = 8;  ///< per score: bound of 1.0 cycle per element on 8 workers
constexpr double softmax_row = 224;    ///< per row: sum, division; fit to 1.86, 1.43, 1.16, 1.08 cycles for 32 to 400
constexpr double rescale_feature = 3;  ///< per carried accumulator when a running maximum moves: load, multiply, store
/// scan: per step and four states: 32 instructions beside the loads, four of them high products; per step: x, delta and
/// its table, requantisation; per state behind the last four, plain C; per call of the loop over steps: registers,
/// pieces of time. Fit to 316, 102, 245 cycles per step of 16, 4 and 9 states on GVSOC.
constexpr double scan_four = 49, scan_four_loads = 20, scan_step = 27, scan_plain_state = 66, scan_piece = 80;
constexpr int32_t scan_piece_steps = 48;
}  // namespace

/// Per four queries: scores by the 4x4 kernel, softmax, weighted values by the 4x4 kernel. Scores stay with the worker.
double KernelFormula::attention(const KernelTile& t) const {
  const double units = cores_.ceil(trips(t.rows, attention_rows));
  const double q = std::min(t.rows, attention_rows), keys = t.reduction, features = t.channels;
  const double score_tiles = trips(t.reduction, 4), value_tiles = trips(t.channels, 4);
  const auto gemm = [&](double depth_words, double outputs, double tiles) {
    return depth_words * (q * outputs + load_ * (outputs + q * tiles)) + tiles * attention_tile + q * outputs * output_;
  };
  const double scores = gemm(trips(t.channels, 4), keys, score_tiles);
  const double values = gemm(trips(t.reduction, 4), features, value_tiles);
  const double rescale = carried_ ? q * features * rescale_feature : 0;
  return units * (scores + values + rescale + q * (softmax_element * keys + softmax_row) / contention_);
}

double KernelFormula::scan_channel(int32_t steps, int32_t states) const {
  constexpr int32_t at_once = 4;
  const int32_t fours = states / at_once, rest = states % at_once;
  return steps * (scan_step + fours * (scan_four + scan_four_loads * load_) + rest * scan_plain_state) +
         fours * trips(steps, scan_piece_steps) * scan_piece;
}

double KernelFormula::scan(const KernelTile& t) const {
  return cores_.ceil(t.channels) * scan_channel(t.reduction, t.columns);
}

}  // namespace ares
