// Cycles of one kernel call in L1, by counting instructions: every formula below is the instruction count of a
// hand-written XpulpV2 kernel's inner loops, per tile of accumulators held in registers ("register tile"), on the
// slowest worker.
//
// A register tile of C channels x P pixels needs, per 32-bit word of its reduction, C weight loads, P activation loads
// and C*P dot products (gemm); per output its requantisation; and a few instructions of its own. Written as sums over a
// worker's share (its pixels p in np register tiles, its channels c in nc):
//
//   words * (word_output*p*c + word_channel*c*np + word_pixel*p*nc + word_tile*np*nc) + output*p*c + tile*np*nc +
//   block*np*ac + area*ap*ac + line*lp + pixel*p
//
// so a remainder register tile (fewer channels or pixels) costs exactly its own loads, products and outputs plus a
// whole `tile`. A line (lp) is a sequence of pixels that a kernel's inner part is called for; in a line and in the
// channels, tiles of one size are an area (ap, ac), which is set up once and calls the inner loop for each of its tiles
// of pixels (a block). Times the target's contention. Fork, join and kernel entry are not in it: call_overhead().
#pragma once

#include "core/target/target.hpp"
#include "core/tile/walker.hpp"

namespace ares {

/// What a call's time depends on besides its kernel: its tile.
/// attention: rows are queries, reduction keys, channels the head's features. scan: reduction is time steps, columns
/// states per channel. table, requant: rows * columns * channels elements.
struct KernelTile {
  int32_t rows = 1, columns = 1, channels = 1, reduction = 1;
  bool first_step = true, last_step = true;  ///< of a split reduction
  int32_t padding_bytes = 0;                 ///< that the kernel fills in before it starts
  friend bool operator==(const KernelTile&, const KernelTile&) = default;
};

/// The tile of a kernel call at a position.
KernelTile tile_at(const TileProgram& program, const Kernel& kernel, const Position& position);

/// Cycles to fill in padding, per byte of a worker's share: words, four at a time; short runs at both sides cost more.
inline constexpr double padded_byte = 1.5;

/// Instructions to turn an accumulator into its stored output.
double requant_cycles(RequantForm form, Rounding rounding, const CoreParams& cores);

/// Division by a fixed divisor of at most 64, rounded up, for dividends below 2^26: a multiplication in its place.
class Divisor {
 public:
  explicit constexpr Divisor(int32_t d) : d_(static_cast<uint32_t>(d)), inverse_((uint64_t{1} << 32) / d_ + 1) {}
  constexpr int32_t ceil(int32_t x) const {
    return static_cast<int32_t>((static_cast<uint32_t>(x) + d_ - 1u) * inverse_ >> 32);
  }
  constexpr int32_t value() const { return static_cast<int32_t>(d_); }

 private:
  uint32_t d_;
  uint64_t inverse_;
};

/// The time of one kernel on one target as a function of its tile; made once, evaluated for many tiles.
class KernelFormula {
 public:
  KernelFormula() = default;
  KernelFormula(const Kernel& kernel, const Target& target, int cores);

  /// Cycles from the fork to the slowest worker's last store.
  double operator()(const KernelTile& tile) const;

  /// Cycles below which no split of this tile into calls and among workers can come, all calls together: whole register
  /// tiles, no remainders, no padding.
  double least(const KernelTile& whole) const;

  /// A worker's share of a tile's pixels and channels, each with the register tiles it takes. depthwise: rows of
  /// strips of pixels, with the strips.
  struct Share {
    double size = 0, tiles = 0, areas = 0, lines = 0;

    void add(double weight, const Share& s) {
      size += weight * s.size;
      tiles += weight * s.tiles;
      areas += weight * s.areas;
      lines += weight * s.lines;
    }
  };

  /// Where this holds, cycles depend on a tile by its shares alone, and linearly on each of the two, so means of shares
  /// over independent tiles give the mean of the cycles.
  bool separable() const { return kind_ != KernelKind::depthwise && kind_ != KernelKind::scan && !across_; }
  Share pixel_share(int32_t rows, int32_t columns) const;
  Share channel_share(int32_t channels) const;
  double cycles(const Share& pixels, const Share& channels, int32_t reduction, bool first_step, bool last_step) const;

 private:
  /// Of a rearrangement: plain C; a run of the input per pixel; one in all; 4 x 4 bytes at a time.
  enum class Moves { bytes, runs, one_run, turned };

  bool elementwise() const;
  double element() const;
  static Moves moves_of(const Kernel& kernel);
  double moved_element() const;
  double rearrangement(const Share& pixels, const Share& channels) const;
  double average_window() const;
  double pixel_of_window() const;
  double row() const;
  double plane(double strip_rows, double strips) const;
  double attention(const KernelTile& tile) const;
  double scan(const KernelTile& tile) const;
  double norm_across(const KernelTile& tile) const;
  double scan_channel(int32_t steps, int32_t states) const;
  double strips(int32_t rows, int32_t columns, int32_t channels) const;
  double copied(const KernelTile& tile) const;
  double held(const Share& p, const Share& c) const;
  double depthwise(const KernelTile& tile) const;
  static double least_depthwise_output();
  bool register_tiled() const;
  bool slides_over(int32_t line) const;
  double dense(const Share& p, const Share& c, int32_t reduction, bool first_step, bool last_step) const;
  Share dense_pixels(int32_t rows, int32_t columns) const;
  Share dense_channels(int32_t channels) const;
  int32_t words(int32_t reduction) const;
  int32_t share_of(int32_t units, const Divisor& block) const;
  double gather(int32_t reduction) const;

  KernelKind kind_ = KernelKind::conv;
  KernelStyle style_ = KernelStyle::gemm;
  ParallelAxis parallel_ = ParallelAxis::none;
  Divisor cores_{1}, tile_channels_{1}, tile_pixels_{1};
  int32_t kh_ = 1, kw_ = 1, sh_ = 1, sw_ = 1;
  int32_t gathered_ = 1;  ///< im2col: pixels of a line
  bool asymmetric_ = false;
  bool plain_ = false;   ///< no kernel of the cluster's instructions does this: plain C
  bool window_ = false;  ///< slides over a row of pixels, each loaded once for all columns of the window
  bool one_token_ = false;
  bool strips_ = false;     ///< depthwise: some columns at a time
  bool copied_ = false;     ///< depthwise: the input is copied first, padding around it
  int32_t held_words_ = 0;  ///< of a pixel, where pixels stay in registers
  bool planar_in_ = false, planar_out_ = false, carried_ = false, mapped_ = false;
  Moves moves_ = Moves::bytes;
  bool narrow_ = false;  ///< norm: 32-bit products
  bool across_ = false;  ///< norm: sets span all rows
  int32_t set_channels_ = 1;
  bool halves_ = false;     ///< s16 input
  bool long_rows_ = false;  ///< softmax: rows of more than a piece
  double load_ = 1;         ///< cycles of an L1 load
  double wide_ = 0;         ///< depthwise, wide form: further cycles per output
  double mulh_ = 0;         ///< norm: further cycles of a high product
  double output_ = 0, contention_ = 1, barrier_ = 0;
  double word_output_ = 0, word_channel_ = 0, word_pixel_ = 0;
};

/// Cycles of a call beside the kernel itself: fork, join, and from the kernel's entry to its inner loop.
inline double call_overhead(const CoreParams& c) { return c.fork_join + c.kernel_entry; }

/// The same within a tile program. Tables and sums have few arguments, and while they run the next tile's copies are
/// prepared, which `dma.issue` counts: nothing is left of it, by 48 random configs on GVSOC.
inline double call_overhead(const CoreParams& c, KernelKind kind) {
  return kind == KernelKind::table || kind == KernelKind::add ? 0 : call_overhead(c);
}

}  // namespace ares
