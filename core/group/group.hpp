// A group: what is scheduled, tuned and remembered as one: a layer with its requantisation, or a chain of them whose
// tiles stay in L1 from one to the next.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/ir/layer.hpp"

namespace ares {

enum class Family : uint8_t {
  conv,
  linear,
  max_pool,
  table,
  average_pool,
  depthwise,
  add,
  multiply,
  rearrange,
  curve,
  norm,
  softmax,
  matmul,
  scan,
  transform,
  rotary,
  lookup
};

const char* name_of(Family f);

/// Families with weights and requantisation parameters per output channel.
constexpr bool has_weights(Family f) { return f == Family::conv || f == Family::linear || f == Family::depthwise; }

/// Element by element over two inputs.
constexpr bool is_elementwise(Family f) { return f == Family::add || f == Family::multiply; }

/// Families that slide a window over rows and columns.
constexpr bool has_window(Family f) {
  return f == Family::conv || f == Family::max_pool || f == Family::average_pool || f == Family::depthwise;
}

/// How the accelerator would run a group; it depends on the layer's numbers (core/group/accelerator.hpp).
struct AcceleratorForm {
  uint8_t weight_bits = 0;  ///< of w - offset, 2 to 8; 0: the accelerator cannot run it
  uint8_t scale_bits = 0;   ///< of the multipliers: 8, 16 or 32
  bool fill = false;        ///< padding has to be written into the tile in L1
  friend bool operator==(const AcceleratorForm&, const AcceleratorForm&) = default;
};

/// A layer fused behind a group's first one: it works on the tile in L1 before that is stored (core/group/fusion.hpp).
/// table, add, softmax: dims are those of the tile's tensor; the second operand of an add is a tensor of the same size.
/// matmul, softmax: of the heads of the first layer, a matmul.
struct Tail {
  Family family = Family::table;
  Dims in, out;
  Window window;
  uint8_t weight_bits = 8;
  RequantForm form = RequantForm::narrow;
  Rounding rounding = Rounding::half_up;
  ElementType in_type = ElementType::u8, in2_type = ElementType::u8, out_type = ElementType::u8;
  AcceleratorForm accelerator = {};
  friend bool operator==(const Tail&, const Tail&) = default;
};

inline constexpr int max_tails = 2;

/// Everything about a group that its timing depends on; what lower(), the spaces and the cost models read.
/// linear: in.w tokens of in.c features. table: in.c bytes, h = w = 1; curve: the same of 16-bit elements. add,
/// multiply: in.w rows of in.c elements; the second input is one such row. rearrange: dims of the whole tensors between
/// which one piece moves. norm: in.w positions of in.c channels. softmax: in.w rows of in.c elements. matmul: in.h
/// sequences of in.w rows of `heads` times the depth; out.w rows of `heads` times the columns. scan: in.w steps of in.c
/// channels with `heads` states each. transform: in.w rows of in.c elements to out.c. rotary: in.w rows of `heads`
/// heads; `transposed`: pairs are neighbours. lookup: in.w numbers of rows of a table of `heads` rows of out.c
/// elements.
struct GroupShape {
  Family family = Family::conv;
  Dims in, out;
  Window window;
  uint8_t weight_bits = 8;  ///< of w - z_w; more than 8: the weights are stored as w, and z_w among the parameters
  RequantForm form = RequantForm::narrow;
  Rounding rounding = Rounding::half_up;
  ElementType out_type = ElementType::u8;
  bool mapped = false;     ///< rearrange: through a table
  Movement movement = {};  ///< rearrange
  ElementType in_type = ElementType::u8, in2_type = ElementType::u8;
  int32_t heads = 1;                        ///< matmul; norm: its groups of channels
  bool transposed = false;                  ///< matmul: the second input has a row for each column of the output
  bool centred = true;                      ///< norm: not RMS
  bool across = false;                      ///< norm: over all positions
  int32_t third_row = 0, third_offset = 0;  ///< scan: bytes of a row of the third input, and of it in front of B
  AcceleratorForm accelerator = {};
  uint8_t tail_count = 0;  ///< layers fused behind the one that the fields above describe
  std::array<Tail, max_tails> tails{};

  /// What is written at the end.
  const Dims& last_out() const { return tail_count == 0 ? out : tails[tail_count - 1u].out; }
  /// The last layer has weights of its own: it reads all channels of the tile before it.
  bool weighted_tail() const { return tail_count > 0 && has_weights(tails[tail_count - 1u].family); }

  /// Multiply-accumulates of one inference (0 where nothing is multiplied and summed), tails included.
  int64_t macs() const;
  /// Weight bytes of one output channel as stored on the device: kh x kw x c_in (depthwise: kh x kw), padded to whole
  /// 32-bit words. norm: channels of a set; matmul: columns of a head; scan: rates and skip weight of a channel. `job`:
  /// as the accelerator reads them.
  int32_t channel_bytes(bool job = false) const;
  /// The weights' zero points have to be subtracted by the kernel.
  bool asymmetric() const { return weight_bits > 8; }
  /// Bytes of one output channel's parameters (core/lower/pack.hpp).
  int32_t param_bytes(bool job = false) const { return job ? 4 + accelerator.scale_bits / 8 : asymmetric() ? 12 : 8; }
  /// Bytes of the group's constant operands on the device, each without padding behind it (core/lower/pack.hpp).
  uint32_t weights_size(bool job = false) const;
  uint32_t params_size(bool job = false) const;
  /// Bytes of the tails' constants, one behind the other (core/lower/pack.hpp); `job`: the weighted tail's are as the
  /// accelerator reads them.
  uint32_t tails_size(bool job = false) const;
  friend bool operator==(const GroupShape&, const GroupShape&) = default;
};

/// A tail as a group of its own: what its constants take.
GroupShape shape_of(const Tail& tail);

struct Group {
  std::string name;
  std::vector<LayerId> layers;   ///< in execution order: the first one, then its tails
  std::vector<TensorId> inputs;  ///< of the first layer, then the second operands of tails
  TensorId output = -1;
  GroupShape shape;
  int piece = 0;                 ///< of a Rearrange layer, which has a group for each
  bool completes_output = true;  ///< the last group that writes the output
};

/// The network's groups in execution order.
std::vector<Group> make_groups(const LayerGraph& graph);

/// A memory of the chip.
enum class Level : uint8_t { l1, l2, l3 };

const char* name_of(Level l);

/// What the network plan grants a group: where its operands live and how much memory it may use.
struct Context {
  Level input = Level::l2, weights = Level::l2, output = Level::l2;
  uint32_t l1_bytes = 0;    ///< L1 window for the group's buffers (stacks already taken out)
  uint32_t l2_staging = 0;  ///< L2 bytes for weights on their way from L3
  int cores = 8;
  uint32_t stack = 0x400;    ///< bytes per worker
  bool accelerator = false;  ///< the chip has one that the group may be placed on
  friend bool operator==(const Context&, const Context&) = default;
};

}  // namespace ares
