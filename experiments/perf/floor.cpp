#include "experiments/perf/floor.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/ir/graph.hpp"

namespace ares::perf {
namespace {

/// Per layer: calls, transfers' set-up, first and last tile.
constexpr double cycles_per_layer = 1000;
constexpr double dma_bytes_per_cycle = 8;

/// A rate that was measured at a size; other sizes take the one that is nearest in ratio.
struct Rate {
  double size, value;
};

// MACs per cycle of 8 workers on the public GVSOC, u8 x s8, requantisation included, hand-written kernels in L1.
constexpr Rate dense_3x3[] = {{1, 8.5}, {3, 12.5}, {16, 19.6}, {32, 21.3}, {64, 22.4}};      // by input channels
constexpr Rate dense_stride_2[] = {{1, 8.5}, {3, 12.5}, {64, 19.6}};                         // first layers as above
constexpr Rate dense_1xk[] = {{1, 11.4}, {64, 20.8}};                                        // 1x19 stride 10, 1x3
constexpr Rate products[] = {{16, 11.8}, {32, 15.0}, {64, 17.2}, {128, 19.1}, {256, 20.1}};  // GEMM 4x4 by depth
constexpr double one_token = 12.5;                                                           // linear, weights in L1
constexpr double depthwise_hwc = 6.40;   // 3x3, HWC in and out; other windows take it, too
constexpr double attention_core = 12.5;  // scores and context; fused with its softmax 10.5 (S = 32) to 13.9 (S = 196)
// The same of 16-bit coefficients: a dot product of two where bytes have four. By counting, not measured.
constexpr double wide_share = 0.5;

// Cycles per element of 8 workers.
constexpr double table_256 = 0.42;
constexpr double curve_16_bit = 0.5;     // GELU, SiLU of an inner tensor
constexpr double sum_of_two = 0.80;      // 16-bit multipliers
constexpr double product_of_two = 0.87;  // 32-bit ones; rotary embeddings take it, too
constexpr double pool_tap = 0.28 / 4;    // max pool 2x2 has 0.28 per output
constexpr double average_tap = 0.17;     // global average pool, per input
constexpr double norm_8_bit = 1.5, norm_16_bit = 2.0;
constexpr Rate softmax_element[] = {{32, 2.2}, {200, 1.4}};  // by the length of a row
constexpr double state_update = 2.5;                         // selective scan
constexpr double transposed_byte = 0.18;                     // HWC to CHW

double nearest(std::span<const Rate> rates, double size) {
  const auto distance = [size](const Rate& r) { return std::abs(std::log(r.size / size)); };
  return std::min_element(rates.begin(), rates.end(),
                          [&](const Rate& a, const Rate& b) { return distance(a) < distance(b); })
      ->value;
}

double dense_rate(const GroupShape& s) {
  const Window& w = s.window;
  if (w.kh == 1 && w.kw == 1) return nearest(products, s.in.c);
  if (w.kh == 1 || w.kw == 1) return nearest(dense_1xk, s.in.c);
  return w.sh > 1 || w.sw > 1 ? nearest(dense_stride_2, s.in.c) : nearest(dense_3x3, s.in.c);
}

/// What a rearrangement's piece writes.
double moved_elements(const Movement& m) {
  double all = 1;
  for (const MovedAxis& a : m.axes) all *= double(a.count) * a.repeat;
  return all;
}

/// A piece that changes the order of axes is copied by the workers, any other by the DMA; its map is a table.
double rearrange_cycles(const GroupShape& s) {
  const double elements = moved_elements(s.movement);
  const bool in_order = s.movement.source == Movement{}.source;
  return elements * ((in_order ? 0 : transposed_byte) + (s.mapped ? table_256 : 0));
}

double work_cycles(const GroupShape& s) {
  const auto macs = static_cast<double>(s.macs());
  const auto elements = static_cast<double>(s.out.count()), read = static_cast<double>(s.in.count());
  const double taps = double(s.window.kh) * s.window.kw;
  switch (s.family) {
    case Family::conv:
      return macs / dense_rate(s);
    case Family::linear:
      return macs / (s.in.w == 1 ? one_token : nearest(products, s.in.c));
    case Family::depthwise:
      return macs / depthwise_hwc;
    case Family::matmul:
      return macs / attention_core;
    case Family::transform:
      return macs / (wide_share * nearest(products, s.in.c));
    case Family::scan:
      return read * s.heads * state_update;
    case Family::max_pool:
      return elements * taps * pool_tap;
    case Family::average_pool:
      return elements * taps * average_tap;
    case Family::table:
      return elements * table_256;
    case Family::curve:
      return elements * curve_16_bit;
    case Family::add:
      return elements * sum_of_two;
    case Family::multiply:
    case Family::rotary:
      return elements * product_of_two;
    case Family::norm:
      return elements * (s.in_type == ElementType::u8 ? norm_8_bit : norm_16_bit);
    case Family::softmax:
      return elements * nearest(softmax_element, s.in.c);
    case Family::rearrange:
      return rearrange_cycles(s);
    case Family::lookup:
      return 0;
  }
  return 0;
}

double constants(const GroupShape& s) { return double(s.weights_size()) + s.params_size(); }

/// Inputs, constants and output, each once.
double moved_bytes(const GroupShape& s) {
  const double in = element_bytes(s.in_type), in2 = element_bytes(s.in2_type), out = element_bytes(s.out_type);
  const auto read = static_cast<double>(s.in.count()), written = static_cast<double>(s.out.count());
  switch (s.family) {
    case Family::rearrange:
      return moved_elements(s.movement) * (in + out) + constants(s);
    case Family::add:
    case Family::multiply:
      return read * in + s.in.c * in2 + written * out + constants(s);
    case Family::matmul:
      return read * in + double(s.in.h) * (s.in.c / s.heads) * s.out.c * in2 + written * out + constants(s);
    case Family::scan:
      return 2 * read + 2.0 * s.in.w * s.heads + written * out + constants(s);
    case Family::lookup:  // the rows that it picks, not the table
      return read * in + 2 * written * out;
    default:
      return read * in + written * out + constants(s);
  }
}

}  // namespace

double floor_cycles(const GroupShape& shape) {
  return std::max(work_cycles(shape), moved_bytes(shape) / dma_bytes_per_cycle) + cycles_per_layer;
}

double floor_cycles(const LayerGraph& graph) {
  double all = 0;
  for (const Group& g : make_groups(graph)) all += floor_cycles(g.shape);
  return all;
}

double constant_bytes(const LayerGraph& graph) {
  double all = 0;
  for (const Group& g : make_groups(graph)) all += constants(g.shape);
  return all;
}

}  // namespace ares::perf
