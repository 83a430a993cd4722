// Cycles of one kernel call in L1, by counting instructions: every formula below is the instruction count of a
// hand-written XpulpV2 kernel's inner loops, per tile of accumulators held in registers ("register tile"), on the
// slowest worker.
//
// A register tile of C channels x P pixels needs, per 32-bit word of its reduction, C weight loads, P activation loads
// and C*P dot products (gemm); per output its requantisation; and a few instructions of its own. Written as sums over a
// worker's share (its pixels p in np register tiles, its channels c in nc):
//
//   words * (word_output*p*c + word_channel*c*np + word_pixel*p*nc + word_tile*np*nc) + output*p*c + tile*np*nc +
//   pixel*p
//
// so a remainder register tile (fewer channels or pixels) costs exactly its own loads, products and outputs plus a
// whole `tile`. Times the target's contention. Fork, join and kernel entry are not in it: call_overhead().
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

/// Instructions to turn an accumulator into its stored output.
double requant_cycles(RequantForm form, Rounding rounding, const CoreParams& cores);

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

 private:
  struct Share {
    int32_t pixels, pixel_tiles, channels, channel_tiles;
  };
  Share share(const KernelTile& tile) const;
  double dense(const KernelTile& tile) const;
  double depthwise(const KernelTile& tile) const;
  double attention(const KernelTile& tile) const;
  double scan(const KernelTile& tile) const;
  double elements(const KernelTile& tile) const;
  double max_pool(const KernelTile& tile) const;
  int32_t words(int32_t reduction) const;
  double gather(int32_t reduction) const;

  KernelKind kind_ = KernelKind::conv;
  KernelStyle style_ = KernelStyle::gemm;
  ParallelAxis parallel_ = ParallelAxis::none;
  int32_t cores_ = 1, tile_channels_ = 1, tile_pixels_ = 1;
  int32_t kh_ = 1, kw_ = 1, sh_ = 1;
  bool gathers_words_ = false, planar_in_ = false, planar_out_ = false, carried_ = false;
  double load_ = 1;  ///< cycles of an L1 load
  double output_ = 0, contention_ = 1, barrier_ = 0;
  double word_output_ = 0, word_channel_ = 0, word_pixel_ = 0, word_tile_ = 0, tile_ = 0;
};

/// Cycles of a call beside the kernel itself: fork, join, and from the kernel's entry to its inner loop.
inline double call_overhead(const CoreParams& c) { return c.fork_join + c.kernel_entry; }

}  // namespace ares
