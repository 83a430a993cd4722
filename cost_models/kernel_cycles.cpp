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
constexpr double accumulator_store = 1;
constexpr double pool_pixel = 6;    ///< per output pixel of a pool: window pointers, loop set-up
constexpr double table_stores = 1;  ///< per element, beside two loads: the index byte, the table's byte

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
constexpr double scan_state = 12;      ///< per step, channel and state: decay table, two wide products, output product
constexpr double requant_store_load = 1;  ///< per element of a requantisation pass: load of the accumulator

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
  const bool windowed = k.kind == KernelKind::conv || k.kind == KernelKind::max_pool || k.kind == KernelKind::depthwise;
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
      planar_in_(k.planar_in),
      planar_out_(k.planar_out),
      carried_(k.accumulators != none),
      load_(target.cores.l1_latency),
      output_(requant_cycles(k.form, k.rounding, target.cores)),
      contention_(target.cores.contention),
      barrier_(target.cores.barrier) {
  gathers_words_ = k.window.dw == 1 && k.reduction.whole % 4 == 0;
  const bool register_tiled =
      k.kind == KernelKind::conv || k.kind == KernelKind::linear || k.kind == KernelKind::attention;
  const KernelTiling t = k.tiling != 0 ? kernel_tiling(k.tiling) : KernelTiling{"", KernelStyle::gemm, 4, 4};
  style_ = t.style;
  tile_channels_ = t.channels;
  tile_pixels_ = t.pixels;
  if (register_tiled) {
    word_output_ = 1;
    word_channel_ = word_pixel_ = load_;
    tile_ = gemm_tile;
  }
  if (k.kind == KernelKind::conv && style_ == KernelStyle::slide) {
    // A row of P pixels needs (P-1)*stride + kw input pixels, or P*kw where windows do not touch.
    const double rows = kh_, columns = kw_, stride = k.window.sw;
    word_output_ = rows * columns;
    word_channel_ = rows * columns * load_;
    word_pixel_ = rows * std::min(stride, columns) * load_;
    word_tile_ = rows * std::max(columns - stride, 0.0) * load_;
    tile_ = slide_tile + slide_kernel_row * rows;
  }
}

int32_t KernelFormula::words(int32_t reduction) const {
  if (style_ == KernelStyle::gemm) return ceil_div(reduction, 4);
  return ceil_div(style_ == KernelStyle::slide ? reduction : kh_ * kw_ * reduction, 4);
}

/// Rows in whole, or pixels in a row-wise sequence, or channels. A sliding window's register tiles end with their row.
KernelFormula::Share KernelFormula::share(const KernelTile& t) const {
  Share s{t.rows * t.columns, 0, t.channels, 0};
  if (parallel_ == ParallelAxis::channels) s.channels = ceil_div(t.channels, cores_);
  if (parallel_ == ParallelAxis::rows) s.pixels = ceil_div(t.rows, cores_) * t.columns;
  if (parallel_ == ParallelAxis::pixels) s.pixels = ceil_div(s.pixels, cores_);
  if (style_ == KernelStyle::slide) {
    const int32_t whole_rows = s.pixels / t.columns, rest = s.pixels - whole_rows * t.columns;
    s.pixel_tiles = whole_rows * ceil_div(t.columns, tile_pixels_) + ceil_div(rest, tile_pixels_);
  } else {
    s.pixel_tiles = ceil_div(s.pixels, tile_pixels_);
  }
  s.channel_tiles = ceil_div(s.channels, tile_channels_);
  return s;
}

double KernelFormula::dense(const KernelTile& t) const {
  const Share s = share(t);
  const double p = s.pixels, np = s.pixel_tiles, c = s.channels, nc = s.channel_tiles;
  double output = t.last_step ? output_ : accumulator_store;
  if (!t.first_step) output += load_;
  double cycles = words(t.reduction) *
                      (word_output_ * p * c + word_channel_ * c * np + word_pixel_ * p * nc + word_tile_ * np * nc) +
                  output * p * c + tile_ * np * nc;
  if (style_ == KernelStyle::im2col) cycles += p * gather(t.reduction);
  return cycles;
}

/// Per pixel, a row of its window at a time; rows that are not whole words are copied by misaligned words and bytes.
double KernelFormula::gather(int32_t reduction) const {
  const int32_t bytes = kw_ * reduction;
  const double copy = gathers_words_ ? (load_ + 1) * (bytes / 4)
                                     : (load_ + 1 + 2 * misaligned) * (bytes / 4) + (load_ + 1) * (bytes % 4);
  return kh_ * (gather_row + copy);
}

/// Each input word is loaded once per strip and serves every kernel row; one dot product covers up to three columns.
double KernelFormula::depthwise(const KernelTile& t) const {
  const bool by_rows = parallel_ == ParallelAxis::rows;
  const double rows = by_rows ? ceil_div(t.rows, cores_) : t.rows;
  const double planes = by_rows ? t.channels : ceil_div(t.channels, cores_);
  const double strips = ceil_div(t.columns, strip_pixels);
  const double products = ceil_div(kw_, 3), loads = products + 1;
  const double row = strip_pixels * kh_ * products + loads * sh_ * load_ + strip_pixels * output_;
  const double start = strip_start + loads * std::max(kh_ - sh_, 0) * load_;
  const double layout = !planar_in_ ? depthwise_hwc_both : !planar_out_ ? depthwise_hwc_out : 1;
  return layout * planes * (plane_start + strips * (start + rows * row));
}

/// Per four queries: scores by the 4x4 kernel, softmax, weighted values by the 4x4 kernel. Scores stay with the worker.
double KernelFormula::attention(const KernelTile& t) const {
  const double units = ceil_div(ceil_div(t.rows, attention_rows), cores_);
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
double KernelFormula::scan(const KernelTile& t) const {
  return double(t.reduction) * ceil_div(t.channels, cores_) * (t.columns * (scan_state + 3 * (load_ - 1)) + output_);
}

double KernelFormula::elements(const KernelTile& t) const {
  const double share = ceil_div(t.rows * t.columns * t.channels, cores_);
  return share * (kind_ == KernelKind::table ? 2 * load_ + table_stores : requant_store_load * load_ + output_);
}

/// Per word of four channels: a load and a maximum per window position, the first maximum being the store.
double KernelFormula::max_pool(const KernelTile& t) const {
  const int32_t channels = parallel_ == ParallelAxis::channels ? ceil_div(t.channels, cores_) : t.channels;
  int32_t pixels = t.rows * t.columns;
  if (parallel_ == ParallelAxis::rows) pixels = ceil_div(t.rows, cores_) * t.columns;
  if (parallel_ == ParallelAxis::pixels) pixels = ceil_div(pixels, cores_);
  return pixels * (pool_pixel + ceil_div(channels, 4) * (kh_ * kw_ * (load_ + 1)));
}

double KernelFormula::least(const KernelTile& whole) const {
  const double pixels = double(whole.rows) * whole.columns, outputs = pixels * whole.channels;
  double work = 0;
  if (kind_ == KernelKind::conv || kind_ == KernelKind::linear) {
    const double c = tile_channels_, p = tile_pixels_;
    const double per_word = word_output_ + word_channel_ / p + word_pixel_ / c + word_tile_ / (p * c);
    work = outputs * (words(whole.reduction) * per_word + output_ + tile_ / (p * c));
    if (style_ == KernelStyle::im2col) work += pixels * gather(whole.reduction);
  } else if (kind_ == KernelKind::max_pool) {
    work = pixels * pool_pixel + outputs / 4 * kh_ * kw_ * (load_ + 1);
  } else if (kind_ == KernelKind::table) {
    work = outputs * (2 * load_ + table_stores);
  }
  return work / cores_ * contention_;
}

double KernelFormula::operator()(const KernelTile& t) const {
  double cycles = 0;
  switch (kind_) {
    case KernelKind::conv:
    case KernelKind::linear:
      cycles = dense(t);
      break;
    case KernelKind::max_pool:
      cycles = max_pool(t);
      break;
    case KernelKind::table:
    case KernelKind::requant:
      cycles = elements(t);
      break;
    case KernelKind::depthwise:
      cycles = depthwise(t);
      break;
    case KernelKind::attention:
      cycles = attention(t);
      break;
    case KernelKind::scan:
      cycles = scan(t);
      break;
  }
  cycles *= contention_;
  if (t.padding_bytes > 0) cycles += ceil_div(ceil_div(t.padding_bytes, 4), cores_) + barrier_;
  return cycles;
}

}  // namespace ares
