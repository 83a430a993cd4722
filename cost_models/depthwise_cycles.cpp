// Depthwise convolutions, by strips of columns, by rows or in plain C.
#include <algorithm>

#include "cost_models/kernel_cycles.hpp"

namespace ares {
namespace {

// Depthwise kernel: strips of columns of four channels, transposed first (runtime/kernels/xpulp). What is left of a row
// beside whole strips takes half a strip where that is enough.
struct StripKind {
  int32_t pixels, words, most_rows;  ///< columns; words of a transposed row; rows of outputs of a chunk
  double channel, row;  ///< per channel: weights, first rows, pointers; per row of outputs: loads, products
};
constexpr StripKind strip_of_stride_1{4, 2, 16, 35, 14}, half_strip_of_stride_1{2, 1, 16, 26, 7},
    strip_of_stride_2{2, 2, 8, 20, 10}, half_strip_of_stride_2{1, 1, 8, 18, 5};
constexpr int32_t strip_channels = 4;
/// Per row of inputs, counted: six pixels to two words of each channel, four pixels to one.
constexpr double strip_in_row = 31, half_strip_in_row = 18;
constexpr double strip_output = 4;  ///< multiply, add-and-shift, clip, store
/// Fitted to 1 to 9 columns and 3 to 16 rows of 64 channels (GVSOC 2026-03), within 9 %: per call; per strip: its
/// fields, instructions out of the shared cache; per strips side by side, or what is left: the same, weights in both
/// forms and parameters.
constexpr double strip_call = 700, strip_start_anew = 60, strip_run = 310;
/// Other strides and short rows, fitted: per call, row of four channels, pixel of it, and group of channels.
constexpr double depthwise_call = 465, depthwise_line = 75, depthwise_pixel = 145, depthwise_group = 390;
constexpr double plain_output = 30;  ///< plain C: requantisation, store
/// Input copied with padding around it: per call (fitted), row, pixel and word, counted.
constexpr double copied_call = 300, copied_row = 40, copied_pixel = 12, copied_word = 2;

constexpr double plain_tap = 11;  ///< plain C: two bytes, their product, the loop

// Depthwise on planes, which no generated program has yet.
constexpr int32_t plane_columns = 4;  ///< of a strip
constexpr double strip_start = 11;    ///< per strip: pointers, loop set-up
constexpr double plane_start = 30;    ///< per channel: weights and parameters into registers
/// What channels-last layouts cost depthwise kernels: measured in L1 on GVSOC 2026-03, pulp-open widened to GAP9's
/// parameters: 8.53 MAC/cycle with planes in and out, 7.66 with channels-last output, 6.40 with both channels last.
constexpr double depthwise_hwc_out = 8.53 / 7.66, depthwise_hwc_both = 8.53 / 6.40;
constexpr double centred_word = 1;  ///< asymmetric weights, per word and pixel: a dot product with ones

int32_t ceil_div(int32_t a, int32_t b) { return (a + b - 1) / b; }

/// A strip of `rows` rows of outputs from `in_rows` of inputs.
double strip_cycles(const StripKind& kind, double rows, double in_rows, double load, double output) {
  const double in_row = (kind.words == 2 ? strip_in_row : half_strip_in_row) + 4 * kind.words * (load - 1);
  return strip_start_anew + in_rows * in_row +
         strip_channels * (kind.channel + rows * (kind.row + kind.pixels * output));
}

}  // namespace

/// One channel of a depthwise convolution: `strips` vertical strips with `strip_rows` rows together. Each input word is
/// loaded once per strip and serves every kernel row; one dot product covers up to three columns.
double KernelFormula::plane(double strip_rows, double strips) const {
  const double products = ceil_div(kw_, 3), loads = products + 1;
  const double row = plane_columns * kh_ * products * (asymmetric_ ? 1 + centred_word : 1) + loads * sh_ * load_ +
                     plane_columns * output_;
  const double start = strip_start + loads * std::max(kh_ - sh_, 0) * load_;
  const double layout = !planar_in_ ? depthwise_hwc_both : !planar_out_ ? depthwise_hwc_out : 1;
  return layout * (plane_start + strips * start + strip_rows * row);
}

/// Cycles of the busiest worker for a tile in strips, cut into as many chunks of rows as end soonest.
double KernelFormula::strips(int32_t rows, int32_t columns, int32_t channels) const {
  const StripKind &whole = sw_ == 1 ? strip_of_stride_1 : strip_of_stride_2,
                  &half = sw_ == 1 ? half_strip_of_stride_1 : half_strip_of_stride_2;
  const int32_t wholes = columns / whole.pixels, halves = ceil_div(columns % whole.pixels, half.pixels);
  const bool half_left = wholes == 0 || halves == 1;
  const int32_t strips = wholes + (half_left ? halves : halves / 2), groups = channels / strip_channels;
  const double halves_part = half_left ? double(halves) / strips : 0;
  constexpr int32_t tried = 4;
  const int32_t fewest = ceil_div(rows, whole.most_rows);
  double least = 0;
  for (int32_t n = fewest; n < fewest + tried && n <= rows; ++n) {
    const int32_t each = ceil_div(rows, n), chunks = ceil_div(rows, each), mine = cores_.ceil(groups * strips * chunks);
    const double height = double(rows) / chunks;
    const auto one_of = [&](const StripKind& kind) {
      return strip_cycles(kind, height, sw_ * (height - 1) + 3, load_, strip_output + wide_);
    };
    const double one = (1 - halves_part) * one_of(whole) + halves_part * one_of(half);
    const double runs = double(mine) / strips * ((wholes > 0) + strips - wholes);
    const double all = strip_call + mine * one + runs * strip_run;
    if (n == fewest || all < least) least = all;
  }
  return least;
}

/// Rows of the input with its padding, shared among the workers.
double KernelFormula::copied(const KernelTile& t) const {
  const int32_t rows = (t.rows - 1) * sh_ + kh_, columns = (t.columns - 1) * sw_ + kw_;
  const double pixel = copied_pixel + copied_word * ceil_div(t.channels, 4);
  return copied_call + cores_.ceil(rows) * (copied_row + columns * pixel) + barrier_;
}

double KernelFormula::depthwise(const KernelTile& t) const {
  if (planar_in_) {
    const double strips = ceil_div(t.columns, plane_columns);
    const int32_t rows = parallel_ == ParallelAxis::rows ? cores_.ceil(t.rows) : t.rows;
    return (parallel_ == ParallelAxis::rows ? t.channels : cores_.ceil(t.channels)) * plane(strips * rows, strips);
  }
  const bool whole_groups = t.channels % strip_channels == 0;
  if (plain_ || !whole_groups) {
    const bool by_rows = parallel_ == ParallelAxis::rows;
    const double outputs =
        double(t.columns) * (by_rows ? cores_.ceil(t.rows) : t.rows) * (by_rows ? t.channels : cores_.ceil(t.channels));
    return outputs * (plain_output + plain_tap * kh_ * kw_);
  }
  if (strips_ && t.columns >= (sw_ == 1 ? half_strip_of_stride_1 : half_strip_of_stride_2).pixels)
    return strips(t.rows, t.columns, t.channels);
  const int32_t lines = cores_.ceil(t.channels / strip_channels * t.rows);
  return depthwise_call + lines * (depthwise_line + t.columns * (depthwise_pixel + strip_channels * wide_)) +
         (1 + lines / t.rows) * depthwise_group;
}

double KernelFormula::least_depthwise_output() {
  // Whole strips; a kernel on planes transposes nothing and writes words.
  return strip_of_stride_1.row / strip_of_stride_1.pixels + strip_output - 1;
}

}  // namespace ares
