// TileProgram: exactly what happens for one group. Produced by lower() alone; everything else only reads it: the cost
// models time it, the event simulator plays it, the interpreter runs it on data, the code generator prints it.
//
// It is symbolic and of fixed capacity: buffers, tile loops (outermost first) and operations at a loop depth.
// schedule.hpp spells out the order of its steps, walker.hpp takes them one by one. core/README.md works through five
// cases on paper.
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <type_traits>
#include <variant>

#include "core/group/config.hpp"
#include "core/group/group.hpp"

namespace ares {

inline constexpr int max_loops = 6;
inline constexpr int max_buffers = 10;
inline constexpr int max_operations = 18;

/// Index of a buffer, a loop or an operation within its program; `none` where there is none.
using BufferId = int8_t;
using LoopId = int8_t;
using OperationId = int8_t;
inline constexpr int8_t none = -1;

/// What a group reads and writes outside of L1. params: one record per output channel (average_pool: per number of
/// positions). tails: the constants of fused layers behind the first. core/lower/pack.hpp has their layouts.
enum class Operand : uint8_t { input, input2, input3, weights, params, output, tails };

const char* name_of(Operand o);

/// `bytes` of one copy; `copies` of them rotate from instance to instance. A per-core buffer exists once per worker.
/// A carried buffer keeps its contents from one iteration to the next (accumulators, running maxima, scan state).
struct Buffer {
  Level level = Level::l1;
  uint8_t copies = 1;
  bool per_core = false;
  bool carried = false;
  uint32_t bytes = 0;
  uint32_t offset =
      0;  ///< of copy 0 in the group's window of that level; the others follow at `bytes` rounded up to 16
};

/// Bytes from one copy of a buffer (or one core's part of it) to the next.
inline uint32_t pitch_of(const Buffer& b) { return (b.bytes + 15u) & ~15u; }

/// A tile loop: covers `extent` units in steps of `tile`; the last step may be shorter. A child loop covers the current
/// step of its parent instead (its extent then is the parent's tile). Only loops of more than one step are kept.
struct Loop {
  Knob knob = Knob::tile_h;  ///< which dimension, and where its tile came from
  LoopId parent = none;
  int32_t extent = 0;
  int32_t tile = 0;
};

/// Size of one dimension as a function of a loop: n units give (n - 1) * scale + halo, where n is `whole` without a
/// loop and the loop's current step otherwise. The defaults make it n itself; a fused pool asks its convolution for
/// more rows.
struct Extent {
  LoopId loop = none;
  int32_t whole = 1;
  int16_t scale = 1;
  int16_t halo = 1;
};

/// One dimension of a region: it begins at (first unit) * units.scale + offset, is as long as `units` says, and is
/// clipped to [0, extent). What the clipping cuts off at either end is padding.
struct RegionDim {
  Extent units;
  int32_t extent = 1;
  int32_t offset = 0;
};

/// A box of a tensor in L2 or L3, dimensions outermost first, the last one contiguous and in bytes.
struct Region {
  std::array<RegionDim, 3> dims;
  std::array<int32_t, 2> pitch{};  ///< bytes between neighbours along dims[0] and dims[1] outside of L1
  bool compact = false;            ///< its rows follow each other in L1 without the padding between them
};

/// Moves a region between an operand (or the L2 buffer that another copy fills) and a buffer. The buffer holds the box
/// densely, padding included (see near_offset() for compact ones); padding is left for the kernel to fill.
struct Copy {
  Level from = Level::l2, to = Level::l1;
  Operand operand = Operand::input;
  BufferId buffer = none;     ///< the nearer end
  BufferId staged_in = none;  ///< the farther end where it is an L2 buffer; regions are then relative to its contents
  bool early = false;         ///< the network starts the first instance while the group before computes
  bool stays = false;         ///< the whole tensor is handed over in L1: nothing is copied
  bool late = false;          ///< a store that goes on beside the network's next group, which waits for it at its end
  Region region;
};

/// requant: int32 accumulators that the accelerator left in `in` become the output.
/// add, multiply: `in2` is one row of channels for all columns; add: with `weights`, a table of bytes, its first
/// operand is what that holds for `in`. rearrange: `weights` is the table, if any; the step of an axis is the scale of
/// input_copy's region, its repetition that of rows, columns, channels. norm, softmax: `columns` rows of `channels`;
/// `weights` are terms or table; softmax: in sets of channel_bytes, terms behind the table where there are no params.
/// matmul: `rows` sequences, `columns` rows, `channels` columns, channel_bytes of them to a head; `reduction` is the
/// depth. scan: `reduction` time steps of `channels` channels of `columns` states; in3: B, C, accumulators: states.
/// transform: `columns` rows of `reduction` elements to `channels`; `weights` are coefficients. depthwise: `reduction`
/// channels lie in a pixel, the first `channels` of which it computes; with `scratch` (one for all cores) the input
/// tile lies without padding and is copied there, padding around it. rotary: `columns` rows of `channels` elements,
/// channel_bytes of them to a head; `weights` are factors. lookup: `columns` numbers of rows of `channels` elements;
/// `weights` is the table, of `reduction` rows.
enum class KernelKind : uint8_t {
  conv,
  linear,
  max_pool,
  table,
  depthwise,
  attention,
  scan,
  requant,
  average_pool,
  add,
  multiply,
  rearrange,
  curve,
  norm,
  softmax,
  matmul,
  transform,
  rotary,
  lookup
};

/// One call of a kernel on all workers; it returns when all are done. A kernel that runs ahead computes the next tile
/// beside the accelerator's work on this one; a Wait on it tells where the loops take its result over. While a kernel
/// `beside_job` computes, the job behind it is started; both only read what they share, and both have started and the
/// kernel is done when the job's start is.
struct Kernel {
  KernelKind kind = KernelKind::conv;
  uint8_t tiling : 6 = 0;      ///< knob value: 1 + index into kernel_tilings; 0: the kind has one way only
  bool run_ahead : 1 = false;  ///< by one instance, as Job has it
  bool beside_job : 1 = false;
  ParallelAxis parallel = ParallelAxis::none;
  RequantForm form = RequantForm::narrow;
  Rounding rounding = Rounding::half_up;
  ElementType out_type = ElementType::u8;
  ElementType in_type = ElementType::u8, in2_type = ElementType::u8;
  bool asymmetric : 1 = false;                         ///< params carry z_w, 12 bytes per channel; else 8
  bool transposed : 1 = false;                         ///< matmul: the second input has a row for each output column
  bool centred : 1 = true, across : 1 = false;         ///< norm: a mean is taken off; a set spans all positions
  bool planar_in : 1 = false, planar_out : 1 = false;  ///< depthwise: channels first (CHW) instead of last
  uint8_t layer : 2 = 0;                               ///< of the group, whose requantisation it does; 0: the first
  uint8_t source_axes = 0b100100;  ///< rearrange: two bits per output axis, rows lowest: the input's axis; top two: 1 +
                                   ///< the output axis that runs backwards
  BufferId in = none, weights = none, params = none, out = none;  ///< attention: queries, keys, values, context
  BufferId accumulators = none;     ///< carried over the steps of a tiled `reduction`: sums, running maxima, scan state
  BufferId scratch = none;          ///< per core
  BufferId in2 = none, in3 = none;  ///< further inputs
  OperationId input_copy = none;    ///< whose region tells the padding of this tile; none: it has none
  Extent rows, columns, channels;   ///< of the output tile
  Extent reduction;                 ///< input channels (bytes per window position)
  int32_t channel_bytes = 0;        ///< weights: bytes per output channel in the buffer; norm, softmax: of a set
  Window window;                    ///< pads are not read; input_copy tells

  /// table, add of a fused group: all rows x columns x channels elements as one row; `in2` has as many.
  bool whole_tiles() const { return layer > 0 && (kind == KernelKind::table || kind == KernelKind::add); }
};

enum class JobKind : uint8_t { conv3x3, conv1x1, depthwise3x3 };

/// An asynchronous accelerator job per tile (stride 2 splits it into several). The walker waits for the loads that fill
/// its buffers before it starts. `run_ahead` of 1 starts the next tile's job before this iteration goes on, so the
/// cluster can work on this tile's result beside it. Its output buffer then needs two copies, and what it loads a copy
/// more than otherwise, unless the load stands behind the wait for it (schedule.hpp).
struct Job {
  JobKind kind = JobKind::conv3x3;
  uint8_t weight_bits = 8;
  uint8_t stride = 1;
  uint8_t out_bits = 8;     ///< 8: requantised by the accelerator; 32: accumulators for the cluster
  uint8_t scale_bits = 32;  ///< of the multipliers: 8, 16 or 32
  uint8_t run_ahead = 0;
  uint8_t layer = 0;  ///< of the group, as Kernel has it
  bool fill = false;  ///< the workers write the padding into the input tile first
  BufferId in = none, weights = none, params = none, out = none;
  OperationId input_copy = none;  ///< none: a tile without padding
  Extent rows, columns, channels, reduction;
  /// Where the workers compute the first channels: the job's first one, and channels of a pixel in both tiles; 0: it
  /// computes all.
  uint16_t first = 0, pixel = 0;
  int32_t weights_at = 0, params_at = 0;  ///< where the job's begin in their buffers, in bytes
  bool tokens = false;  ///< a row of pixels without neighbours; its end may be overrun to a multiple of three
};

/// Waits until `operation` has completed. For a copy into a buffer: its current instance. For a copy out of a buffer:
/// the instance that last used the slot about to be written. For a job, and for a kernel that runs ahead (which takes
/// no time): its current instance.
struct Wait {
  OperationId operation = none;
};

/// All workers and the accelerator are idle.
struct Barrier {};

/// Where an operation stands relative to the loops inside its depth.
enum class Phase : uint8_t { before, after };

/// `depth` loops enclose the operation. Bit i of first_of (last_of): only in the first (last) iteration of loop i.
struct TileOperation {
  uint8_t depth = 0;
  Phase phase = Phase::before;
  uint8_t first_of = 0, last_of = 0;
  std::variant<Copy, Kernel, Job, Wait, Barrier> what;
};

struct TileProgram {
  Family family = Family::conv;
  int8_t cores = 8;
  uint32_t l1_bytes = 0;  ///< that the L1 buffers take
  uint32_t l2_bytes = 0;  ///< that the L2 buffers take
  boost::container::static_vector<Buffer, max_buffers> buffers;
  boost::container::static_vector<Loop, max_loops> loops;
  boost::container::static_vector<TileOperation, max_operations> operations;
};

static_assert(sizeof(TileProgram) <= 2048);
static_assert(std::is_trivially_copyable_v<TileOperation>);

/// A kernel or a job that runs ahead of the loops.
bool runs_ahead(const TileOperation& op);

/// The buffers that it reads; `none` where it has fewer.
std::array<BufferId, 3> read_ahead(const TileOperation& op);

/// Steps a loop takes over `extent` units.
inline int32_t trips(int32_t extent, int32_t tile) { return (extent + tile - 1) / tile; }

/// True where a copy brings data nearer to the cores.
inline bool is_load(const Copy& c) { return c.from > c.to; }

/// The kernel or job that runs last, in the last iteration of all loops; none where that depends on more than the
/// loops. Beside it the early loads of the network's next group begin.
OperationId last_run(const TileProgram& program);

}  // namespace ares
