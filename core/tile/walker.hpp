// The walker: takes a tile program step by step, with all loop positions resolved. Used by the event simulator, the
// interpreter and the tests; the generated C does the same steps in the same order (a test compares them).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/tile/program.hpp"
#include "core/tile/schedule.hpp"

namespace ares {

/// Position in one loop: iteration, and the units it covers.
struct LoopPosition {
  int32_t index = 0, begin = 0, size = 0;
  bool last = true;
};
using Position = std::array<LoopPosition, max_loops>;

enum class StepKind : uint8_t { issue, wait, run };

/// issue: instance `instance` of copy `operation` starts, into (or out of) slot `slot` of its buffer.
/// wait: until instance `instance` of copy or job `operation` has completed, and with it all earlier ones.
/// run: kernel, job or barrier; for a job that runs ahead, position and slots are those of its instance.
struct Step {
  StepKind kind;
  OperationId operation;
  int32_t instance = 0;
  int32_t slot = 0;
  int32_t staged_slot = 0;                                 ///< issue of a copy out of an L2 buffer: that buffer's slot
  const Position* position = nullptr;                      ///< of the instance; valid during the call
  const std::array<int8_t, max_buffers>* slots = nullptr;  ///< run: slot of each buffer
};

/// A region's box at a position: begin and size inside the tensor per dimension, padding cut off before and after.
struct Box {
  std::array<int32_t, 3> begin{}, size{}, pad_before{}, pad_after{};
  bool empty() const { return size[0] <= 0 || size[1] <= 0 || size[2] <= 0; }
};

Box resolve(const Region& region, const Position& position);

inline int32_t resolve(const Extent& e, const Position& position) {
  const int32_t units = e.loop == none ? e.whole : position[static_cast<size_t>(e.loop)].size;
  return (units - 1) * e.scale + e.halo;
}

/// Columns from one row of a box to the next in L1.
inline int32_t held_columns(const Region& r, const Box& b) {
  return b.size[1] + (r.compact ? 0 : b.pad_before[1] + b.pad_after[1]);
}

/// Bytes from the start of the buffer to the box's first byte: the padding before it, in rows as they are held.
inline int32_t near_offset(const Region& r, const Box& b) {
  const int32_t pixel = b.pad_before[2] + b.size[2] + b.pad_after[2];
  return (b.pad_before[0] * held_columns(r, b) + b.pad_before[1]) * pixel;
}

/// How a box is cut into DMA commands: `commands` of them, each `rows` rows of `row_bytes` (rows == 1:
/// one-dimensional).
struct DmaShape {
  int32_t commands = 0, rows = 0;
  int64_t row_bytes = 0;
  int64_t bytes() const { return commands * rows * row_bytes; }
};

/// The fewest commands for a box: dimensions that are contiguous on both sides merge; the strided side is the outer
/// one, the L1 side must be dense within one command (so a padded box needs one command per row).
DmaShape dma_shape(const Region& region, const Box& box);

/// Bytes from the start of the farther end (the operand, or the staged buffer's slot) to the box's first byte. Rows and
/// columns of the box lie region.pitch apart from there on.
int64_t far_offset(const TileProgram& program, const Copy& copy, const Position& position);

/// Calls sink(const Step&) for each step in order.
template <class Sink>
void walk(const TileProgram& program, Sink&& sink);

/// Issues of the early loads' first instances, which come before the walk.
template <class Sink>
void walk_early(const TileProgram& program, Sink&& sink);

/// True for the step beside which the next group's early loads begin.
inline bool is_last_run(const TileProgram& program, const Step& step) {
  if (step.kind != StepKind::run || step.operation != last_run(program)) return false;
  for (size_t i = 0; i < program.loops.size(); ++i)
    if (!(*step.position)[i].last) return false;
  return true;
}

}  // namespace ares

#include "core/tile/walker_impl.hpp"
