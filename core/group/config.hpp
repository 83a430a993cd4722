// Config: one value for each knob of a group. One fixed array for all families keeps it trivially copyable and lets a
// search strategy work on any family alike; a knob that a family does not have is 0.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace ares {

enum class Knob : uint8_t {
  tile_h,    ///< output rows of a tile
  tile_w,    ///< output columns, or tokens
  tile_co,   ///< output channels, or output features, or bytes of a table group
  tile_ci,   ///< input features per step of a split reduction (linear); the whole depth: not split
  tile_l2,   ///< output channels per weight chunk streamed from L3 to L2; 0: weights are not in L3
  buf_in,    ///< L1 copies of the input tile
  buf_w,     ///< L1 copies of the weight tile
  buf_out,   ///< L1 copies of the output tile
  buf_l2,    ///< L2 copies of the streamed weight chunk
  order,     ///< a LoopOrder
  kernel,    ///< 1 + index into kernel_tilings
  parallel,  ///< a ParallelAxis
  kernel2,   ///< of a fused layer with weights behind the first, as `kernel`
  share,     ///< of a depthwise layer on the accelerator: channels that the workers compute beside it
};
inline constexpr int knob_count = 14;

std::string_view name_of(Knob k);

/// Nesting of the tile loops.
enum class LoopOrder : uint16_t { none = 0, channels_outer, channels_inner, channels_middle };

/// What the workers divide among themselves.
enum class ParallelAxis : uint16_t { none = 0, rows, pixels, channels };

struct Config {
  std::array<uint16_t, knob_count> value{};

  uint16_t& operator[](Knob k) { return value[static_cast<size_t>(k)]; }
  uint16_t operator[](Knob k) const { return value[static_cast<size_t>(k)]; }
  friend bool operator==(const Config&, const Config&) = default;
};

/// `{tile_h=14, tile_w=14, .., kernel=slide_2x8}`: knobs the group does not have are left out.
std::string to_string(const Config& c);

/// The reverse of to_string.
Result<Config> parse_config(std::string_view text);

/// How a kernel walks its output: `channels` x `pixels` accumulators are held in registers.
enum class KernelStyle : uint8_t {
  gemm,         ///< the input row of a pixel is used as it lies (pointwise, linear)
  im2col,       ///< each core first gathers the window of its pixels into scratch rows
  slide,        ///< slides along a row of pixels; a loaded pixel serves every kernel column it meets
  accelerator,  ///< no kernel of the workers: jobs of the chip's convolution engine
};

/// One entry of the table that cost formula, search space and runtime share. Spaces do not offer gemm_5x4: the runtime
/// has no register tile of five channels and takes them apart. It keeps its place, as knowledge bases hold the numbers.
struct KernelTiling {
  std::string_view name;
  KernelStyle style;
  uint8_t channels, pixels;
};

inline constexpr std::array<KernelTiling, 9> kernel_tilings{{
    {"gemm_4x2", KernelStyle::gemm, 4, 2},
    {"gemm_4x4", KernelStyle::gemm, 4, 4},
    {"gemm_5x4", KernelStyle::gemm, 5, 4},
    {"gemm_8x1", KernelStyle::gemm, 8, 1},
    {"im2col_4x2", KernelStyle::im2col, 4, 2},
    {"im2col_4x4", KernelStyle::im2col, 4, 4},
    {"slide_4x4", KernelStyle::slide, 4, 4},
    {"slide_2x8", KernelStyle::slide, 2, 8},
    {"ne16", KernelStyle::accelerator, 32, 9},
}};

/// The tiling a config's kernel knob names; knob values start at 1.
inline const KernelTiling& kernel_tiling(uint16_t knob_value) { return kernel_tilings[knob_value - 1u]; }

/// The config places its group on the accelerator.
inline bool on_accelerator(const Config& c) {
  return c[Knob::kernel] != 0 && kernel_tiling(c[Knob::kernel]).style == KernelStyle::accelerator;
}

/// The same of the fused layer with weights behind the first.
inline bool tail_on_accelerator(const Config& c) {
  return c[Knob::kernel2] != 0 && kernel_tiling(c[Knob::kernel2]).style == KernelStyle::accelerator;
}

/// The kernel knob's value for that.
inline constexpr uint16_t accelerator_kernel = 9;
static_assert(kernel_tilings[accelerator_kernel - 1].style == KernelStyle::accelerator);

/// Pixels whose windows a worker of an im2col kernel gathers before it computes them: whole blocks of `block` pixels,
/// about a KiB. `channel_bytes`: of a window.
inline constexpr int32_t gathered_pixels(int32_t block, int32_t channel_bytes) {
  constexpr int32_t about = 1024;
  return block * (block * channel_bytes < about ? about / (block * channel_bytes) : 1);
}

/// Bytes that it needs for them. Words at any address end up to three bytes behind the last window.
inline constexpr int32_t gathered_bytes(int32_t block, int32_t channel_bytes) {
  return gathered_pixels(block, channel_bytes) * channel_bytes + 4;
}

}  // namespace ares
