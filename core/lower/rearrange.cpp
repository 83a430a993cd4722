// One piece of a Rearrange: tiles over the box it moves, counted in source elements, so that a repeated element never
// falls on two tiles. An axis that runs backwards is whole.
#include <algorithm>
#include <cstdlib>

#include "core/lower/families.hpp"

namespace ares {
namespace {

constexpr std::array<Knob, 3> tile_knobs{Knob::tile_h, Knob::tile_w, Knob::tile_co};  // of the output's axes

bool backwards(const GroupShape& s, size_t axis) { return s.movement.axes[axis].step < 0; }

int32_t tile(const GroupShape& s, const Config& c, size_t axis) {
  const int32_t count = s.movement.axes[axis].count;
  return backwards(s, axis) ? count : tile_of(c, tile_knobs[axis], count);
}

void knobs(const GroupShape& s, SearchSpace& space) {
  for (size_t a = 0; a < 3; ++a)
    if (!backwards(s, a)) add_tile_knob(space, tile_knobs[a], s.movement.axes[a].count, a == 2 ? 16 : 1);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  if (s.movement.axes[0].count == 1 && s.movement.axes[1].count == 1)
    add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::channels)});
  else
    add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::pixels)});
  add_knob(space, Knob::order,
           {static_cast<uint16_t>(LoopOrder::channels_outer), static_cast<uint16_t>(LoopOrder::channels_inner)});
}

void dims(const GroupShape& s, TiledDims& out) {
  for (size_t a = 0; a < 3; ++a)
    if (!backwards(s, a)) out.push_back({tile_knobs[a], s.movement.axes[a].count, by_input | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  uint32_t in = 1, moved = 1;
  for (size_t a = 0; a < 3; ++a) {
    const MovedAxis& axis = s.movement.axes[a];
    in *= static_cast<uint32_t>((tile(s, c, a) - 1) * std::abs(axis.step) + 1);
    moved *= static_cast<uint32_t>(tile(s, c, a) * axis.repeat);
  }
  out[Role::input] = in;
  out[Role::output] = moved;
  out[Role::weights] = s.weights_size();
}

Extent scaled(Extent units, int16_t scale, int16_t halo) {
  units.scale = scale;
  units.halo = halo;
  return units;
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const std::array<int32_t, 3> in{s.in.h, s.in.w, s.in.c}, to{s.out.h, s.out.w, s.out.c};
  std::array<Extent, 3> moved;
  uint8_t source_axes = 0;
  for (size_t a = 0; a < 3; ++a) {
    const MovedAxis& axis = s.movement.axes[a];
    const size_t source = s.movement.source[a];
    const Extent units = backwards(s, a) ? Extent{none, axis.count} : e[static_cast<size_t>(tile_knobs[a])];
    const int32_t lowest = std::min(axis.first, axis.first + (axis.count - 1) * axis.step);
    moved[a] = scaled(units, axis.repeat, axis.repeat);
    out.input.dims[source] = {scaled(units, static_cast<int16_t>(std::abs(axis.step)), 1), in[source], lowest};
    out.output.dims[a] = {moved[a], to[a], axis.to};
    source_axes = static_cast<uint8_t>(source_axes | source << (2 * a) | (backwards(s, a) ? (a + 1) << 6 : 0));
  }
  out.input.pitch = {s.in.w * s.in.c, s.in.c};
  out.output.pitch = {s.out.w * s.out.c, s.out.c};
  out.weights = {{whole_dim(1), whole_dim(1), whole_dim(256)}, {256, 256}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::rearrange;
  k.source_axes = source_axes;
  k.rows = moved[0];
  k.columns = moved[1];
  k.channels = moved[2];
}

}  // namespace

const FamilyRules rearrange_rules{knobs, dims, buffers, parts};

}  // namespace ares
