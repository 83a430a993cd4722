// What a family tells the rest: which dimensions it tiles, which L1 buffers a config needs, and its regions and kernel.
// Loop nesting, copy depths, buffering, waits and offsets are the same for all families and live in lower.cpp; the
// constraints that all share live in core/group/space.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <boost/container/static_vector.hpp>

#include "core/group/space.hpp"
#include "core/tile/program.hpp"

namespace ares {

/// Roles of a group's L1 buffers. between: what one fused layer hands to the next; tail: constants of a fused layer
/// without weights; weights2, params2: of one with; accumulators2: as `accumulators`, of a fused product; padded: the
/// workers' channels of a layer that they share with the accelerator, padding around them.
enum class Role : uint8_t {
  input,
  weights,
  params,
  output,
  accumulators,
  scratch,
  input2,
  input3,
  between,
  between2,
  tail,
  tail2,
  weights2,
  params2,
  accumulators2,
  padded
};
inline constexpr int role_count = 16;

/// Bits of TiledDim::used_by: the operands whose tile changes with the dimension.
inline constexpr uint8_t by_input = 1, by_weights = 2, by_output = 4;

/// A dimension that a knob cuts into tiles.
struct TiledDim {
  Knob knob;
  int32_t extent;
  uint8_t used_by;
};
using TiledDims = boost::container::static_vector<TiledDim, 4>;

/// Bytes of one copy of each role's buffer (0: the config needs none); copies come from the buffering knobs.
struct BufferBytes {
  std::array<uint32_t, role_count> bytes{};
  uint32_t& operator[](Role r) { return bytes[static_cast<size_t>(r)]; }
  uint32_t operator[](Role r) const { return bytes[static_cast<size_t>(r)]; }
};

/// A program's parts that differ between families.
struct Parts {
  Region input, input2, input3, weights, params, output;
  Kernel kernel;
};

/// Where each knob's dimension stands in the program: its loop, or whole.
using Extents = std::array<Extent, knob_count>;

struct FamilyRules {
  /// Candidate values of the family's own knobs.
  void (*knobs)(const GroupShape&, SearchSpace&);
  void (*dims)(const GroupShape&, TiledDims&);
  /// Must not fall when a tile knob grows. A kernel knob of 0 stands for the variant with the least scratch.
  void (*buffers)(const GroupShape&, const Config&, BufferBytes&);
  void (*parts)(const GroupShape&, const Config&, const Extents&, Parts&);
};

const FamilyRules& rules_of(Family family);

/// Copies of a role's buffer in a group of one layer; core/lower/fused.hpp has those of any group.
inline uint8_t copies_of(const Config& c, Role r) {
  const auto knob = [&](Knob k) { return static_cast<uint8_t>(c[k] == 0 ? 1 : c[k]); };
  switch (r) {
    case Role::input:
    case Role::input2:
    case Role::input3:
      return knob(Knob::buf_in);
    case Role::weights:
    case Role::params:
    case Role::weights2:
    case Role::params2:
      return knob(Knob::buf_w);
    case Role::output:
      return knob(Knob::buf_out);
    default:
      return 1;
  }
}

/// The tile of a dimension, never larger than the dimension.
inline int32_t tile_of(const Config& c, Knob k, int32_t extent) { return c[k] == 0 || c[k] > extent ? extent : c[k]; }

/// Appends a knob with the tile sizes worth trying for an extent: every multiple of `quantum` where these are few, else
/// those that change the number of tiles and the round ones; the whole extent always.
void add_tile_knob(SearchSpace& space, Knob knob, int32_t extent, int32_t quantum);

/// Appends a knob with the given values (fewer than two: the knob is fixed, and still listed).
void add_knob(SearchSpace& space, Knob knob, std::initializer_list<uint16_t> values);

/// A dimension that is used whole or in steps of `units`, without halo.
inline RegionDim plain_dim(Extent units, int32_t extent) { return {units, extent, 0}; }

/// `count` elements of `bytes` bytes each, used in steps of `units` elements.
inline RegionDim element_dim(Extent units, int32_t count, int32_t bytes) {
  units.scale = units.halo = static_cast<int16_t>(bytes);
  return {units, count * bytes, 0};
}

/// The kernel knob with these values, and the accelerator where the group may be placed on it.
void add_kernel_knob(SearchSpace& space, std::initializer_list<uint16_t> values);

/// Bytes per output channel of weights and parameters under a config; while its kernel is open, the fewest.
inline int32_t least_channel_bytes(const GroupShape& s, const Config& c) {
  const bool open = c[Knob::kernel] == 0 && s.accelerator.weight_bits > 0, job = on_accelerator(c);
  return open ? std::min(s.channel_bytes(false), s.channel_bytes(true)) : s.channel_bytes(job);
}
inline int32_t least_param_bytes(const GroupShape& s, const Config& c) {
  const bool open = c[Knob::kernel] == 0 && s.accelerator.weight_bits > 0, job = on_accelerator(c);
  return open ? std::min(s.param_bytes(false), s.param_bytes(true)) : s.param_bytes(job);
}

/// Of one head's second operand of a product, as register tiles want it: per column its parameters and its depth in
/// whole words.
inline int32_t prepared_bytes(int32_t depth, int32_t columns) { return columns * (8 + (depth + 3) / 4 * 4); }

/// `count` bytes or elements, all of them.
inline RegionDim whole_dim(int32_t count) { return {Extent{none, count}, count, 0}; }

}  // namespace ares
