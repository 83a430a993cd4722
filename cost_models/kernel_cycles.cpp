#include "cost_models/kernel_cycles.hpp"

#include <algorithm>
#include <cassert>

namespace ares {
namespace {

// Instruction counts of the hand-written kernels, each independent of the target.
constexpr double gemm_tile = 5;    ///< per register tile: pointers, loop set-up, branch
constexpr double slide_tile = 20;  ///< per register tile of the sliding window: pointers of 4 or 8 outputs
constexpr double slide_kernel_row =
    16;                           ///< per kernel row of a register tile: row pointer, hardware loop, first pixels
constexpr double gather_row = 6;  ///< im2col, per row of a pixel's window: pointer, loop set-up
constexpr double misaligned = 1;  ///< further cycle of a load or store across a word boundary
constexpr double raw_output = 2;  ///< add the bias, store the word
/// Per output and step of a split reduction: sums to the stack, earlier sums, addressing and, in the last step,
/// requantisation in C; from instruction traces of generated programs on GVSOC 2026-03.
constexpr double accumulator_step = 40;
constexpr double input_sum = 1;    ///< asymmetric weights, per word and pixel: a dot product with ones
constexpr double centred_sum = 3;  ///< asymmetric weights, per output: load z_w, multiply, subtract
constexpr double pool_pixel = 6;   ///< per output pixel of a pool: window pointers, loop set-up
/// average pool, per word of four channels and window position, beside its load: two masks, a shift, two additions of
/// two 16-bit halves each. With its load 5.4 was measured (0.17 cycles per input on 8 workers).
constexpr double average_word = 5;
constexpr double average_output = 4;     ///< per output: its half of a word to 32 bits, store, share of the parameters
constexpr double table_stores = 1;       ///< per element, beside two loads: the index byte, the table's byte
constexpr double row_start = 6;          ///< per row of an elementwise kernel or a rearrangement: pointers, loop set-up
constexpr double sum_products = 1;       ///< add, per element: the first product (the second is part of requantising)
constexpr double centred_factors = 2;    ///< multiply, per element: both zero points subtracted
constexpr double curve_arithmetic = 10;  ///< per element beside three loads: index, line, two shifts, clip, store
constexpr double moved_byte = 2;         ///< rearrangement, per element beside its load: address, store

constexpr int32_t strip_pixels = 4;  ///< depthwise: a vertical strip of 4 outputs
constexpr double strip_start = 11;   ///< per strip: pointers, loop set-up
constexpr double plane_start = 30;   ///< per channel: weights and parameters into registers
/// What channels-last layouts cost depthwise kernels: measured in L1 on GVSOC 2026-03, pulp-open widened to GAP9's
/// parameters: 8.53 MAC/cycle with planes in and out, 7.66 with channels-last output, 6.40 with both channels last.
constexpr double depthwise_hwc_out = 8.53 / 7.66, depthwise_hwc_both = 8.53 / 6.40;

constexpr int32_t attention_rows = 4;  ///< queries that one worker takes together
constexpr double softmax_element = 8;  ///< per score: bound of 1.0 cycle per element on 8 workers
constexpr double softmax_row = 224;    ///< per row: sum, division; fit to 1.86, 1.43, 1.16, 1.08 cycles for 32 to 400
constexpr double rescale_feature = 3;  ///< per carried accumulator when a running maximum moves: load, multiply, store
/// norm, per element beside its loads and requantisation, and per set; fit to 3.2 and 3.3 cycles per element measured
/// on GVSOC 2026-03, pulp-open widened to GAP9's parameters, for rows of 256 and 192 bytes: sums; product, difference,
/// mulh; 64-bit spread, reciprocal root of four iterations.
constexpr double norm_element = 13, norm_row = 240;
/// softmax, the same; fit to 2.8 and 5.3 cycles per element for rows of 200 and 32: maximum, sum, outputs; reciprocal
/// of three iterations, table of outputs.
constexpr double share_element = 3.5, share_row = 740;
constexpr double scan_state = 40;  ///< per step, channel and state, beside six loads: six wide products, decay
constexpr double scan_step = 20;   ///< per step and channel: x, delta and its table, pointers

int32_t ceil_div(int32_t a, int32_t b) {
  return static_cast<int32_t>((static_cast<uint32_t>(a + b) - 1u) / static_cast<uint32_t>(b));
}

}  // namespace

KernelTile tile_at(const TileProgram& program, const Kernel& k, const Position& at) {
  KernelTile t;
  t.rows = resolve(k.rows, at);
  t.columns = resolve(k.columns, at);
  t.channels = resolve(k.channels, at);
  t.reduction = resolve(k.reduction, at);
  if (k.reduction.loop != none && k.accumulators != none) {
    const LoopPosition& step = at[static_cast<size_t>(k.reduction.loop)];
    t.first_step = step.index == 0;
    t.last_step = step.last;
  }
  const bool windowed = k.kind == KernelKind::conv || k.kind == KernelKind::max_pool ||
                        k.kind == KernelKind::depthwise || k.kind == KernelKind::rearrange;
  if (windowed && k.input_copy != none) {
    const auto* copy = std::get_if<Copy>(&program.operations[static_cast<size_t>(k.input_copy)].what);
    if (copy) {
      const Box b = resolve(copy->region, at);
      int32_t all = 1, inside = 1;
      for (size_t i = 0; i < 3; ++i) {
        all *= b.size[i] + b.pad_before[i] + b.pad_after[i];
        inside *= b.size[i];
      }
      t.padding_bytes = all - inside;
    }
  }
  return t;
}

double requant_cycles(RequantForm form, Rounding rounding, const CoreParams& c) {
  if (form == RequantForm::raw) return raw_output;
  const double ties = rounding == Rounding::half_even ? c.half_even : 0;
  return (form == RequantForm::wide ? c.requant_wide + c.mulh : c.requant_narrow) + ties;
}

KernelFormula::KernelFormula(const Kernel& k, const Target& target, int cores)
    : kind_(k.kind),
      parallel_(k.parallel),
      cores_(std::max(1, cores)),
      kh_(k.window.kh),
      kw_(k.window.kw),
      sh_(k.window.sh),
      asymmetric_(k.asymmetric),
      planar_in_(k.planar_in),
      planar_out_(k.planar_out),
      carried_(k.accumulators != none),
      mapped_(k.kind == KernelKind::rearrange && k.weights != none),
      load_(target.cores.l1_latency),
      output_(requant_cycles(k.form, k.rounding, target.cores) + (k.asymmetric ? centred_sum : 0)),
      contention_(target.cores.contention),
      barrier_(target.cores.barrier) {
  gathers_words_ = k.window.dw == 1 && k.reduction.whole % 4 == 0;
  const bool register_tiled = k.kind == KernelKind::conv || k.kind == KernelKind::linear ||
                              k.kind == KernelKind::attention || k.kind == KernelKind::matmul;
  const KernelTiling t = k.tiling != 0 ? kernel_tiling(k.tiling) : KernelTiling{"", KernelStyle::gemm, 4, 4};
  style_ = t.style;
  tile_channels_ = Divisor(t.channels);
  tile_pixels_ = Divisor(t.pixels);
  if (register_tiled) {
    word_output_ = 1;
    word_channel_ = load_;
    word_pixel_ = load_ + (asymmetric_ ? input_sum : 0);
    tile_ = gemm_tile;
  }
  if (k.kind == KernelKind::conv && style_ == KernelStyle::slide) {
    // A row of P pixels needs (P-1)*stride + kw input pixels, or P*kw where windows do not touch.
    const double rows = kh_, columns = kw_, stride = k.window.sw;
    word_output_ = rows * columns;
    word_channel_ = rows * columns * load_;
    word_pixel_ = rows * std::min(stride, columns) * load_ + (asymmetric_ ? rows * columns * input_sum : 0);
    word_tile_ = rows * std::max(columns - stride, 0.0) * load_;
    tile_ = slide_tile + slide_kernel_row * rows;
  }
}

int32_t KernelFormula::words(int32_t reduction) const {
  if (style_ == KernelStyle::gemm) return ceil_div(reduction, 4);
  return ceil_div(style_ == KernelStyle::slide ? reduction : kh_ * kw_ * reduction, 4);
}

/// Rows in whole, or pixels in a row-wise sequence. A sliding window's register tiles end with their row.
KernelFormula::Share KernelFormula::pixel_share(int32_t rows, int32_t columns) const {
  if (kind_ == KernelKind::depthwise) {
    const double strips = ceil_div(columns, strip_pixels);
    return {strips * (parallel_ == ParallelAxis::rows ? cores_.ceil(rows) : rows), strips};
  }
  int32_t pixels = rows * columns;
  if (parallel_ == ParallelAxis::rows) pixels = cores_.ceil(rows) * columns;
  if (parallel_ == ParallelAxis::pixels) pixels = cores_.ceil(pixels);
  int32_t tiles = 0;
  if (style_ == KernelStyle::slide) {
    const int32_t whole_rows = pixels / columns, rest = pixels - whole_rows * columns;
    tiles = whole_rows * tile_pixels_.ceil(columns) + tile_pixels_.ceil(rest);
  } else {
    tiles = tile_pixels_.ceil(pixels);
  }
  return {static_cast<double>(pixels), static_cast<double>(tiles)};
}

KernelFormula::Share KernelFormula::channel_share(int32_t channels) const {
  const bool planes = kind_ == KernelKind::depthwise && parallel_ != ParallelAxis::rows;
  if (parallel_ == ParallelAxis::channels || kind_ == KernelKind::table || kind_ == KernelKind::curve || planes)
    channels = cores_.ceil(channels);
  return {static_cast<double>(channels), static_cast<double>(tile_channels_.ceil(channels))};
}

double KernelFormula::cycles(const Share& p, const Share& c, int32_t reduction, bool first_step, bool last_step) const {
  if (kind_ == KernelKind::depthwise) return contention_ * c.size * plane(p.size, p.tiles);
  if (kind_ == KernelKind::table) return contention_ * c.size * (2 * load_ + table_stores);
  // Per word of four channels: a load and a maximum per window position, in the last place the store.
  if (kind_ == KernelKind::max_pool) return contention_ * p.size * (pool_pixel + c.tiles * (kh_ * kw_ * (load_ + 1)));
  if (kind_ == KernelKind::average_pool)
    return contention_ * p.size *
           (pool_pixel + c.tiles * (kh_ * kw_ * (load_ + average_word)) + c.size * (average_output + output_));
  if (elementwise()) return contention_ * p.size * (row() + c.size * element());
  double output = last_step ? output_ : 0;
  if (carried_) output += accumulator_step + (first_step ? 0 : load_);
  const double word = word_output_ * p.size * c.size + word_channel_ * c.size * p.tiles +
                      word_pixel_ * p.size * c.tiles + word_tile_ * p.tiles * c.tiles;
  double sum = words(reduction) * word + output * p.size * c.size + tile_ * p.tiles * c.tiles;
  if (style_ == KernelStyle::im2col) sum += p.size * gather(reduction);
  return contention_ * sum;
}

bool KernelFormula::elementwise() const {
  return kind_ == KernelKind::add || kind_ == KernelKind::multiply || kind_ == KernelKind::rearrange ||
         kind_ == KernelKind::curve || kind_ == KernelKind::norm || kind_ == KernelKind::softmax;
}

double KernelFormula::row() const {
  return kind_ == KernelKind::norm ? norm_row : kind_ == KernelKind::softmax ? share_row : row_start;
}

/// One element of an elementwise kernel or a rearrangement.
double KernelFormula::element() const {
  if (kind_ == KernelKind::curve) return 3 * load_ + curve_arithmetic;
  if (kind_ == KernelKind::norm) return 2 * load_ + norm_element + output_;
  if (kind_ == KernelKind::softmax) return 5 * load_ + share_element + output_;
  if (kind_ == KernelKind::rearrange) return load_ + moved_byte + (mapped_ ? load_ : 0);
  return 2 * load_ + output_ + (kind_ == KernelKind::add ? sum_products : centred_factors);
}

/// Per pixel, a row of its window at a time; rows that are not whole words are copied by misaligned words and bytes.
double KernelFormula::gather(int32_t reduction) const {
  const int32_t bytes = kw_ * reduction;
  const double copy = gathers_words_ ? (load_ + 1) * (bytes / 4)
                                     : (load_ + 1 + 2 * misaligned) * (bytes / 4) + (load_ + 1) * (bytes % 4);
  return kh_ * (gather_row + copy);
}

/// One channel of a depthwise convolution: `strips` vertical strips with `strip_rows` rows together. Each input word is
/// loaded once per strip and serves every kernel row; one dot product covers up to three columns.
double KernelFormula::plane(double strip_rows, double strips) const {
  const double products = ceil_div(kw_, 3), loads = products + 1;
  const double row =
      strip_pixels * kh_ * products * (asymmetric_ ? 1 + input_sum : 1) + loads * sh_ * load_ + strip_pixels * output_;
  const double start = strip_start + loads * std::max(kh_ - sh_, 0) * load_;
  const double layout = !planar_in_ ? depthwise_hwc_both : !planar_out_ ? depthwise_hwc_out : 1;
  return layout * (plane_start + strips * start + strip_rows * row);
}

/// Per four queries: scores by the 4x4 kernel, softmax, weighted values by the 4x4 kernel. Scores stay with the worker.
double KernelFormula::attention(const KernelTile& t) const {
  const double units = cores_.ceil(ceil_div(t.rows, attention_rows));
  const double q = std::min(t.rows, attention_rows), keys = t.reduction, features = t.channels;
  const double score_tiles = ceil_div(t.reduction, 4), value_tiles = ceil_div(t.channels, 4);
  const auto gemm = [&](double depth_words, double outputs, double tiles) {
    return depth_words * (q * outputs + load_ * (outputs + q * tiles)) + tiles * tile_ + q * outputs * output_;
  };
  const double scores = gemm(ceil_div(t.channels, 4), keys, score_tiles);
  const double values = gemm(ceil_div(t.reduction, 4), features, value_tiles);
  const double rescale = carried_ ? q * features * rescale_feature : 0;
  return units * (scores + values + rescale + q * (softmax_element * keys + softmax_row) / contention_);
}

/// An estimate by instruction count; no scan kernel has been measured.
double KernelFormula::scan_channel(int32_t steps, int32_t states) const {
  return steps * (scan_step + states * (scan_state + 6 * load_) + output_);
}

double KernelFormula::scan(const KernelTile& t) const {
  return cores_.ceil(t.channels) * scan_channel(t.reduction, t.columns);
}

double KernelFormula::least(const KernelTile& whole) const {
  const double pixels = double(whole.rows) * whole.columns, outputs = pixels * whole.channels;
  double work = 0;
  if (kind_ == KernelKind::conv || kind_ == KernelKind::linear || kind_ == KernelKind::matmul) {
    const double c = tile_channels_.value(), p = tile_pixels_.value();
    const double per_word = word_output_ + word_channel_ / p + word_pixel_ / c + word_tile_ / (p * c);
    work = outputs * (words(whole.reduction) * per_word + output_ + tile_ / (p * c));
    if (style_ == KernelStyle::im2col) work += pixels * gather(whole.reduction);
  } else if (kind_ == KernelKind::max_pool) {
    work = pixels * pool_pixel + outputs / 4 * kh_ * kw_ * (load_ + 1);
  } else if (kind_ == KernelKind::average_pool) {
    work =
        pixels * pool_pixel + outputs / 4 * kh_ * kw_ * (load_ + average_word) + outputs * (average_output + output_);
  } else if (kind_ == KernelKind::table) {
    work = outputs * (2 * load_ + table_stores);
  } else if (elementwise()) {
    work = pixels * row() + outputs * element();
  } else if (kind_ == KernelKind::depthwise) {
    const double strips = double(whole.columns) / strip_pixels;
    work = whole.channels * plane(strips * whole.rows, strips);
  } else if (kind_ == KernelKind::scan) {
    work = double(whole.channels) * scan_channel(whole.reduction, whole.columns);
  }
  return work / cores_.value() * contention_;
}

double KernelFormula::operator()(const KernelTile& t) const {
  double sum = 0;
  switch (kind_) {
    case KernelKind::conv:
    case KernelKind::linear:
    case KernelKind::max_pool:
    case KernelKind::table:
    case KernelKind::average_pool:
    case KernelKind::depthwise:
    case KernelKind::add:
    case KernelKind::multiply:
    case KernelKind::rearrange:
    case KernelKind::curve:
    case KernelKind::norm:
    case KernelKind::softmax:
    case KernelKind::matmul:
      sum = cycles(pixel_share(t.rows, t.columns), channel_share(t.channels), t.reduction, t.first_step, t.last_step);
      break;
    case KernelKind::requant:
      sum = contention_ * cores_.ceil(t.rows * t.columns * t.channels) * (load_ + output_);
      break;
    case KernelKind::attention:
      sum = contention_ * attention(t);
      break;
    case KernelKind::scan:
      sum = contention_ * scan(t);
      break;
  }
  if (t.padding_bytes > 0) sum += cores_.ceil(ceil_div(t.padding_bytes, 4)) + barrier_;
  return sum;
}

}  // namespace ares
