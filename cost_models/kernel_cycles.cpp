#include "cost_models/kernel_cycles.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <climits>

namespace ares {
namespace {

// What the runtime's kernels take. Inner loops are counted in their sources; what stands around them, compiled C and
// its way through 4 KiB of instruction cache, is fitted to half of the 540 configs of ares-study-gvsoc (README).
constexpr double cleared_sum = 1;  ///< per output of a register tile with several runs; else the first products begin
constexpr double kept_sum = 1;     ///< split reduction, per output: the store of a step that is not the last
constexpr double raw_output = 2;   ///< add the bias, store the word

/// Fitted, per kind of inner loop.
struct AroundLoops {
  double call;   ///< beside call_overhead()
  double line;   ///< per line: which tiles do what
  double area;   ///< per set of equal register tiles: the fields that they share
  double block;  ///< per call of an inner loop: registers to the stack and back, its fields
  double tile;   ///< per register tile: loop set-up, fields, branch
};
constexpr AroundLoops around_pixels{667, 0, 474, 101, 34};    ///< pointwise, linear layers with tokens
constexpr AroundLoops around_token{290, 250, 140, 140, 194};  ///< linear layers with one token
constexpr AroundLoops around_gathered{1550, 0, 765, 0, 104};
constexpr AroundLoops around_window{1410, 0, 229, 229, 40};
constexpr AroundLoops around_runs{1200, 96, 0, 531, 42};  ///< a window that slides by register tiles
constexpr AroundLoops around_plain{0, 586, 0, 0, 0};
constexpr double plain_product = 11;                        ///< plain C: two bytes, their product, the loop
constexpr double gathered_row = 15.3, gathered_word = 4.6;  ///< im2col, per row of a pixel's window and its words
/// im2col of three rows of nine bytes, per pixel, counted: nine loads, most of them misaligned, seven stores.
constexpr double gathered_window = 33;
constexpr int32_t gathered_window_rows = 3, gathered_window_run = 9;

// Pixels of at most eight words stay in registers while all channels pass by.
constexpr int32_t held_words = 8;
constexpr double held_call = 500, held_line = 200;  ///< per call; per line: which function, its fields
constexpr double held_block = 26, held_output = 4;  ///< per block: pointers, loop; multiply, add-and-shift, clip, store
constexpr int32_t held_pixels(int32_t words) { return words <= 3 ? 4 : words == 4 ? 3 : 2; }

constexpr double register_run = 6;      ///< per further run of a register tile: row pointer, hardware loop
constexpr double window_word = 4;       ///< sliding window, per word: two further pixels, two pointers
constexpr double window_row = 8;        ///< sliding window, per row: row pointers, hardware loop
constexpr int32_t window_pixels = 8;    ///< at most, of a register tile
constexpr int32_t window_least = 4;     ///< shorter lines go by register tiles
constexpr int32_t window_channels = 2;  ///< of a register tile
constexpr double input_sum = 1;         ///< asymmetric weights, per word and pixel: a dot product with ones
constexpr double centred_sum = 3;       ///< asymmetric weights, per output: load z_w, multiply, subtract
constexpr double pool_pixel = 6;        ///< max pool, per output pixel: window pointers, loop set-up
/// average pool, fitted: per output pixel; per four channels of it, with the outputs; per word of the window; per row.
constexpr double average_pixel = 248, average_four = 190, average_word = 3, average_row = 3;
/// The same of windows of at most `few_words` pixels, whose sums need no loop: from densenet_basic's 2x2 pool of
/// 28x28x16.
constexpr int few_words = 16;
constexpr double few_pixel = 30, few_four = 70, few_word = 6;
constexpr double table_call = 88;  ///< fitted
constexpr double table_element =
    2;                           ///< per element beside the load of its output: a fourth of a word and a store, byte
constexpr double row_start = 6;  ///< per row of an elementwise kernel: pointers, loop set-up
constexpr double sum_row = 228, sum_element = 4.14;  ///< add, fitted; per element beside two loads
constexpr double mapped_sum = 1.25;                  ///< the same through a table: a byte of a word, a fourth of that
constexpr double half_sum = 6;                       ///< of 16-bit elements, counted: per element beside two loads
constexpr double plain_sum = 30;                     ///< add in plain C, per element
constexpr double centred_factors = 2;                ///< multiply, per element: both zero points subtracted
/// curve, counted: per element beside two loads and a half, four elements of two words at a time.
constexpr double curve_loads = 2.5, curve_arithmetic = 9.75;

/// norm, wide: per element beside its loads and requantisation, and per set; fit to 3.2 and 3.3 cycles per element
/// measured on GVSOC 2026-03, pulp-open widened to GAP9's parameters, for rows of 256 and 192 bytes: sums; product,
/// difference, mulh; 64-bit spread, reciprocal root of four iterations.
constexpr double norm_element = 13, norm_row = 240;
/// norm, narrow: instructions counted beside the loads: sums of two rows' words, two products and shifts, clip, a
/// fourth of packing and store; squares of s16 with a carry. Per set: 64-bit spread, root, quotient; fit to 2,712 and
/// 962 cycles per set of 256 and 64 bytes on GVSOC.
constexpr double narrow_norm_loads = 2.25, narrow_norm_element = 6.25, narrow_norm_squares = 2.25,
                 narrow_norm_row = 410;
/// norm across positions, counted: per element its sums (of bytes; of s16) and its output (narrow; wide) beside loads;
/// per channel and worker the fields of its loop; per set the root, by every worker. Odd widths are plain C.
constexpr double across_loads = 1.25, across_bytes = 0.5, across_halves = 3, across_narrow = 7, across_wide = 9,
                 across_channel = 60, across_set = 520;
/// softmax of bytes: instructions counted beside the loads: maximum, index, packing and sum of u16 exponentials, one
/// product and shift, clip, store, and a stall per four. Per row: reciprocal of three iterations; fit to 2,085 and 534
/// cycles per row of 200 and 32 on GVSOC. A row beyond a piece computes its exponentials again.
constexpr double share_loads = 2, share_element = 6.75, share_again = 3.75, share_row = 235;
constexpr int32_t share_piece = 320;  ///< ARES_SOFTMAX_PIECE
constexpr double plain_share = 50;    ///< softmax of s16, plain C: an estimate
/// Estimates by instruction count, not measured: per coefficient beside its load, with a fourth of the element's.
constexpr double transform_product = 2.75;
constexpr double rotary_element = 9;  ///< two loads per two elements and a load of factors, two products each, store
constexpr double lookup_element = 2;  ///< beside its load: store, address

int32_t ceil_div(int32_t a, int32_t b) {
  return static_cast<int32_t>((static_cast<uint32_t>(a + b) - 1u) / static_cast<uint32_t>(b));
}

}  // namespace

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
      sw_(k.window.sw),
      asymmetric_(k.asymmetric),
      planar_in_(k.planar_in),
      planar_out_(k.planar_out),
      carried_(k.accumulators != none),
      mapped_((k.kind == KernelKind::rearrange || k.kind == KernelKind::add) && k.weights != none),
      moves_(moves_of(k)),
      narrow_(k.form == RequantForm::narrow && k.out_type == ElementType::u8),
      across_(k.kind == KernelKind::norm && k.across),
      halves_(k.in_type == ElementType::s16),
      long_rows_(k.kind == KernelKind::softmax && k.channels.halo > share_piece),
      load_(target.cores.l1_latency),
      output_(requant_cycles(k.form, k.rounding, target.cores) + (k.asymmetric ? centred_sum : 0)),
      contention_(target.cores.contention),
      barrier_(target.cores.barrier) {
  const KernelTiling t = k.tiling != 0 ? kernel_tiling(k.tiling) : KernelTiling{"", KernelStyle::gemm, 4, 4};
  style_ = t.style;
  tile_channels_ = Divisor(t.channels);
  tile_pixels_ = Divisor(t.pixels);
  const bool symmetric_bytes = !k.asymmetric && k.out_type == ElementType::u8 && k.form != RequantForm::raw;
  if (across_) {
    set_channels_ = std::max(1, k.channel_bytes);
    plain_ = k.in_type == ElementType::s32 || set_channels_ % (halves_ ? 2 : 4) != 0;
    mulh_ = target.cores.mulh;
  }
  if (k.kind == KernelKind::add) {
    const auto any = [&](ElementType e) { return k.in_type == e || k.in2_type == e || k.out_type == e; };
    plain_ = any(ElementType::s32) || k.form != RequantForm::narrow || k.rounding != Rounding::half_up;
    halves_ = any(ElementType::s16);
  }
  if (k.kind == KernelKind::depthwise) {
    const bool square = kh_ == 3 && kw_ == 3 && k.window.dh == 1 && k.window.dw == 1;
    plain_ = !square || !symmetric_bytes;
    strips_ = !plain_ && sh_ == sw_ && sw_ <= 2 && k.rounding == Rounding::half_up;
    if (k.form == RequantForm::wide) wide_ = target.cores.mulh;
    copied_ = k.scratch != none;
  }
  if (!register_tiled()) return;
  const int32_t row_bytes = kw_ * k.reduction.whole;
  if (style_ == KernelStyle::im2col) gathered_ = gathered_pixels(t.pixels, std::max(1, k.channel_bytes));
  plain_ = k.asymmetric ||
           (k.kind == KernelKind::conv && style_ == KernelStyle::slide && (row_bytes % 4 != 0 || k.window.dw != 1));
  window_ = !plain_ && k.kind == KernelKind::conv && style_ == KernelStyle::slide && kw_ == 3 && sw_ == 1 &&
            k.window.dw == 1 && k.form == RequantForm::narrow;
  const auto one = [](const Extent& e) { return e.loop == none && e.whole == 1; };
  one_token_ = k.kind == KernelKind::linear && one(k.rows) && one(k.columns);
  const bool narrow = symmetric_bytes && k.form == RequantForm::narrow && k.rounding == Rounding::half_up;
  const bool dense = k.kind == KernelKind::conv || k.kind == KernelKind::linear;
  if (dense && narrow && !plain_ && !carried_ && !one_token_ && style_ != KernelStyle::slide) {
    const int32_t length = words(k.reduction.whole);
    if (length <= held_words && 4 * length == k.channel_bytes) held_words_ = length;
  }
  word_output_ = 1;
  word_channel_ = load_;
  word_pixel_ = load_;
}

bool KernelFormula::register_tiled() const {
  return kind_ == KernelKind::conv || kind_ == KernelKind::linear || kind_ == KernelKind::attention ||
         kind_ == KernelKind::matmul;
}

/// Words of a run. A kernel whose window slides by register tiles has a run per kernel row.
int32_t KernelFormula::words(int32_t reduction) const {
  if (style_ == KernelStyle::gemm) return ceil_div(reduction, 4);
  if (style_ == KernelStyle::slide) return ceil_div(window_ ? reduction : kw_ * reduction, 4);
  return ceil_div(kh_ * kw_ * reduction, 4);
}

bool KernelFormula::slides_over(int32_t line) const { return window_ && line >= window_least; }

/// Register tiles of the largest sizes that fit, powers of two; equal ones are one area.
static KernelFormula::Share tiles_of(int32_t size, int32_t largest) {
  const int32_t rest = size % largest, small = std::popcount(static_cast<uint32_t>(rest));
  return {double(size), double(size / largest + small), double((size >= largest) + small), 1};
}

/// What the busiest worker has of `units`, in whole blocks.
int32_t KernelFormula::share_of(int32_t units, const Divisor& block) const {
  return std::min(units, cores_.ceil(block.ceil(units)) * block.value());
}

/// Lines are rows of the output where the window slides or pixels are not neighbours, else all pixels that there are.
KernelFormula::Share KernelFormula::dense_pixels(int32_t rows, int32_t columns) const {
  int32_t pixels = rows * columns;
  if (parallel_ == ParallelAxis::rows)
    pixels = kind_ == KernelKind::conv ? cores_.ceil(rows) * columns : cores_.ceil(pixels);
  if (parallel_ == ParallelAxis::pixels) {
    const int32_t each = cores_.ceil(pixels);
    const bool single = kind_ == KernelKind::matmul && (each % 4 == 1 || each % 4 == 2);  // rows, in place of tiles
    pixels = single ? each : share_of(pixels, tile_pixels_);
  }
  const bool strided = kind_ == KernelKind::conv && (sh_ != 1 || sw_ != 1);
  int32_t line = pixels;
  if (style_ == KernelStyle::im2col)
    line = gathered_;
  else if (style_ == KernelStyle::slide || strided)
    line = columns;
  Share sum;
  if (pixels == 0) return sum;
  const auto add = [&](int32_t length, int32_t times) {
    if (length == 0 || times == 0) return;
    Share one = tiles_of(length, std::min(tile_pixels_.value(), 4));
    if (held_words_ > 0) one.tiles = ceil_div(length, held_pixels(held_words_));
    if (slides_over(length)) one.tiles = one.areas = ceil_div(length, window_pixels);
    sum.add(times, one);
  };
  add(line, pixels / line);
  add(pixels % line, 1);
  return sum;
}

KernelFormula::Share KernelFormula::dense_channels(int32_t channels) const {
  if (parallel_ == ParallelAxis::channels) channels = share_of(channels, tile_channels_);
  if (window_) return tiles_of(channels, window_channels);
  return tiles_of(channels, tile_pixels_.value() == 1 ? 8 : 4);
}

/// Rows in whole, or pixels in a row-wise sequence.
KernelFormula::Share KernelFormula::pixel_share(int32_t rows, int32_t columns) const {
  if (register_tiled()) return dense_pixels(rows, columns);
  int32_t pixels = rows * columns;
  if (parallel_ == ParallelAxis::rows) pixels = cores_.ceil(rows) * columns;
  if (parallel_ == ParallelAxis::pixels) pixels = cores_.ceil(pixels);
  return {static_cast<double>(pixels), static_cast<double>(tile_pixels_.ceil(pixels)), 0, 0};
}

KernelFormula::Share KernelFormula::channel_share(int32_t channels) const {
  if (register_tiled()) return dense_channels(channels);
  if (parallel_ == ParallelAxis::channels || kind_ == KernelKind::table || kind_ == KernelKind::curve)
    channels = kind_ == KernelKind::max_pool || kind_ == KernelKind::average_pool || kind_ == KernelKind::add
                   ? std::min(channels, cores_.ceil(ceil_div(channels, 4)) * 4)
                   : cores_.ceil(channels);
  return {static_cast<double>(channels), static_cast<double>(tile_channels_.ceil(channels)), 0, 0};
}

/// Blocks of pixels in registers, all channels of a worker's share past them; the last block may overlap the one
/// before.
double KernelFormula::held(const Share& p, const Share& c) const {
  const double at_once = held_pixels(held_words_), words = held_words_;
  const double block = held_block + at_once * (words * load_ + 1), channel = words * (at_once + load_) + 2 * load_;
  return p.tiles * (block + c.size * (channel + at_once * held_output));
}

double KernelFormula::dense(const Share& p, const Share& c, int32_t reduction, bool first_step, bool last_step) const {
  const double outputs = p.size * c.size, tiles = p.tiles * c.tiles;
  const double runs = style_ == KernelStyle::slide ? kh_ : 1;
  if (plain_) return around_plain.line * p.lines + outputs * plain_product * 4 * runs * words(reduction);
  const double gathered = style_ == KernelStyle::im2col ? p.size * gather(reduction) : 0;
  if (held_words_ > 0) return held_call + held_line * p.lines + held(p, c) + gathered;
  const AroundLoops& around = window_                         ? around_window
                              : style_ == KernelStyle::slide  ? around_runs
                              : style_ == KernelStyle::im2col ? around_gathered
                              : one_token_                    ? around_token
                                                              : around_pixels;
  double output = last_step ? output_ : kept_sum;
  if (carried_ && !first_step)
    output += load_;
  else if (runs > 1)
    output += cleared_sum;
  double word = word_output_ * outputs + word_channel_ * c.size * p.tiles + word_pixel_ * p.size * c.tiles;
  double tile = around.tile;
  if (window_) {
    word = kw_ * outputs + kw_ * word_channel_ * c.size * p.tiles + word_pixel_ * p.size * c.tiles +
           (window_word - 2 + 2 * load_) * tiles;
    tile += window_row * kh_;
  } else {
    tile += register_run * (runs - 1);
  }
  return around.call + around.line * p.lines + around.area * p.areas * c.areas + around.block * p.tiles * c.areas +
         tile * tiles + runs * words(reduction) * word + output * outputs + gathered;
}

double KernelFormula::cycles(const Share& p, const Share& c, int32_t reduction, bool first_step, bool last_step) const {
  if (register_tiled()) return contention_ * dense(p, c, reduction, first_step, last_step);
  if (kind_ == KernelKind::table) return contention_ * (table_call + c.size * (load_ + table_element));
  // Per word of four channels: a load and a maximum per window position, in the last place the store.
  if (kind_ == KernelKind::max_pool) return contention_ * p.size * (pool_pixel + c.tiles * (kh_ * kw_ * (load_ + 1)));
  if (kind_ == KernelKind::transform)
    return contention_ * p.size * (row_start + c.size * (reduction * (load_ + transform_product) + output_));
  if (kind_ == KernelKind::average_pool) return contention_ * p.size * (pixel_of_window() + c.tiles * average_window());
  if (kind_ == KernelKind::rearrange) return contention_ * rearrangement(p, c);
  assert(elementwise());
  return contention_ * p.size * (row() + c.size * element());
}

/// Four channels of a window.
double KernelFormula::average_window() const {
  if (kh_ * kw_ <= few_words) return few_four + kh_ * kw_ * few_word;
  return average_four + kh_ * (average_row + kw_ * (load_ + average_word));
}

double KernelFormula::pixel_of_window() const { return kh_ * kw_ <= few_words ? few_pixel : average_pixel; }

bool KernelFormula::elementwise() const {
  return kind_ == KernelKind::add || kind_ == KernelKind::multiply || kind_ == KernelKind::rearrange ||
         kind_ == KernelKind::curve || kind_ == KernelKind::norm || kind_ == KernelKind::softmax ||
         kind_ == KernelKind::rotary || kind_ == KernelKind::lookup;
}

double KernelFormula::row() const {
  return kind_ == KernelKind::norm      ? (narrow_ ? narrow_norm_row : norm_row)
         : kind_ == KernelKind::softmax ? share_row
         : kind_ == KernelKind::add     ? sum_row
                                        : row_start;
}

/// One element of an elementwise kernel or a rearrangement.
double KernelFormula::element() const {
  if (kind_ == KernelKind::curve) return curve_loads * load_ + curve_arithmetic;
  if (across_) {
    if (plain_) return 2 * load_ + norm_element + output_;
    return across_loads * load_ + (halves_ ? across_halves : across_bytes) +
           (narrow_ ? across_narrow : across_wide + 2 * mulh_);
  }
  if (kind_ == KernelKind::norm && narrow_)
    return narrow_norm_loads * load_ + narrow_norm_element + (halves_ ? narrow_norm_squares : 0);
  if (kind_ == KernelKind::norm) return 2 * load_ + norm_element + output_;
  if (kind_ == KernelKind::softmax)
    return halves_ ? plain_share : share_loads * load_ + share_element + (long_rows_ ? share_again : 0);
  if (kind_ == KernelKind::rotary) return 2 * load_ + rotary_element + output_;
  if (kind_ == KernelKind::lookup) return load_ + lookup_element;
  if (kind_ == KernelKind::rearrange) return moved_element();
  if (kind_ == KernelKind::add && mapped_) return 2 * load_ + sum_element + mapped_sum;
  if (kind_ == KernelKind::add) return plain_ ? plain_sum : 2 * load_ + (halves_ ? half_sum : sum_element);
  return 2 * load_ + output_ + centred_factors;
}

/// Per pixel, a row of its window at a time, in words at any address.
double KernelFormula::gather(int32_t reduction) const {
  if (kh_ == gathered_window_rows && kw_ * reduction == gathered_window_run) return gathered_window;
  return kh_ * (gathered_row + gathered_word * ceil_div(kw_ * reduction, 4));
}

double KernelFormula::norm_across(const KernelTile& t) const {
  const int32_t sets = t.channels / set_channels_;
  if (plain_) return cores_.ceil(sets) * (norm_row + t.columns * set_channels_ * element());
  return cores_.ceil(t.columns) * t.channels * element() + t.channels * across_channel + sets * across_set +
         2 * barrier_;
}

double KernelFormula::least(const KernelTile& whole) const {
  const double pixels = double(whole.rows) * whole.columns, outputs = pixels * whole.channels;
  double work = 0;
  if (register_tiled()) {
    const double c = window_ ? window_channels : tile_pixels_.value() == 1 ? 8 : 4;
    const double p = window_ ? window_pixels : std::min(tile_pixels_.value(), 4), columns = window_ ? kw_ : 1;
    const double per_word = columns * word_output_ + columns * word_channel_ / p + word_pixel_ / c;
    const double runs = style_ == KernelStyle::slide ? kh_ : 1;
    work = outputs * (runs * words(whole.reduction) * per_word + output_);
    if (held_words_ > 0) work = held({pixels, pixels / held_pixels(held_words_)}, {double(whole.channels)});
    if (style_ == KernelStyle::im2col) work += pixels * gather(whole.reduction);
  } else if (kind_ == KernelKind::max_pool) {
    work = pixels * pool_pixel + outputs / 4 * kh_ * kw_ * (load_ + 1);
  } else if (kind_ == KernelKind::average_pool) {
    work = pixels * pixel_of_window() + outputs / 4 * average_window();
  } else if (kind_ == KernelKind::table) {
    work = outputs * (load_ + table_element);
  } else if (kind_ == KernelKind::transform) {
    work = outputs * (whole.reduction * (load_ + transform_product) + output_);
  } else if (elementwise()) {
    work = (across_ || kind_ == KernelKind::rearrange ? 0 : pixels * row()) + outputs * element();
  } else if (kind_ == KernelKind::depthwise) {
    work = outputs * least_depthwise_output();
  } else if (kind_ == KernelKind::scan) {
    work = double(whole.channels) * scan_channel(whole.reduction, whole.columns);
  }
  return work / cores_.value() * contention_;
}

double KernelFormula::operator()(const KernelTile& t) const {
  double sum = 0;
  if (across_) return contention_ * norm_across(t);
  switch (kind_) {
    case KernelKind::conv:
    case KernelKind::linear:
    case KernelKind::max_pool:
    case KernelKind::table:
    case KernelKind::average_pool:
    case KernelKind::add:
    case KernelKind::multiply:
    case KernelKind::rearrange:
    case KernelKind::curve:
    case KernelKind::norm:
    case KernelKind::softmax:
    case KernelKind::matmul:
    case KernelKind::transform:
    case KernelKind::rotary:
    case KernelKind::lookup:
      sum = cycles(pixel_share(t.rows, t.columns), channel_share(t.channels), t.reduction, t.first_step, t.last_step);
      break;
    case KernelKind::depthwise:
      sum = contention_ * (depthwise(t) + (copied_ ? copied(t) : 0));
      if (copied_) return sum;
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
  if (t.padding_bytes > 0) sum += padded_byte * cores_.ceil(t.padding_bytes) + barrier_;
  return sum;
}

}  // namespace ares
