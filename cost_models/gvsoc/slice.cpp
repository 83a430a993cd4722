#include "cost_models/gvsoc/slice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <optional>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"

namespace ares::gvsoc {
namespace {

/// Of one dimension, if it has as many: with fewer some loops would end, and other configs be the same program.
constexpr int32_t fewest_tiles = 2;

std::optional<double> cycles_of(const Query& query, const GroupShape& shape, const Config& config) {
  TileProgram program;
  if (!lower_into(shape, config, query.context, program)) return std::nullopt;
  return play(program, query.target).cycles;
}

/// A dimension that may be cut, in units of which `tile` make a tile.
enum class Axis : uint8_t { rows, columns, channels };
struct Cut {
  Axis axis;
  int32_t extent, tile;
};

boost::container::static_vector<Cut, 3> cuts_of(const GroupShape& s, const Config& c) {
  boost::container::static_vector<Cut, 3> cuts;
  const auto add = [&](Axis axis, Knob knob, int32_t extent) {
    cuts.push_back({axis, extent, std::clamp<int32_t>(c[knob], 1, extent)});
  };
  if (s.family == Family::rearrange) return cuts;
  if (has_window(s.family)) add(Axis::rows, Knob::tile_h, s.out.h);
  if (s.out.w > 1) add(Axis::columns, Knob::tile_w, s.out.w);
  add(Axis::channels, Knob::tile_co, s.out.c);
  return cuts;
}

/// Inputs that so many outputs of a window read, borders cut off as the whole group's are.
int32_t inputs(int32_t outputs, int stride, int kernel, int dilation, int before, int after) {
  return std::max(1, (outputs - 1) * stride + (kernel - 1) * dilation + 1 - before - after);
}

GroupShape with_extent(GroupShape s, Axis axis, int32_t extent) {
  const Window& w = s.window;
  switch (axis) {
    case Axis::rows:
      s.out.h = extent;
      s.in.h = inputs(extent, w.sh, w.kh, w.dh, w.pt, w.pb);
      break;
    case Axis::columns:
      s.out.w = extent;
      s.in.w = has_window(s.family) ? inputs(extent, w.sw, w.kw, w.dw, w.pl, w.pr) : extent;
      break;
    case Axis::channels:
      s.out.c = extent;
      if (s.family != Family::linear && s.family != Family::conv) s.in.c = extent;
      break;
  }
  return s;
}

}  // namespace

Result<Slice> slice_for(const Query& query, const Config& config) {
  const auto whole = cycles_of(query, query.shape, config);
  if (!whole) return fail("the config cannot be lowered");
  if (*whole <= most_cycles) return Slice{query.shape, 1};
  GroupShape shape = query.shape;
  double now = *whole;
  for (const Cut& cut : cuts_of(query.shape, config)) {
    const auto affordable = static_cast<int32_t>(most_cycles / now * cut.extent / cut.tile);
    std::optional<GroupShape> smallest;
    for (int32_t tiles = std::max(affordable, fewest_tiles); tiles > 0 && tiles * cut.tile < cut.extent; --tiles) {
      const GroupShape part = with_extent(shape, cut.axis, tiles * cut.tile);
      const auto cycles = cycles_of(query, part, config);
      if (cycles && *cycles <= most_cycles) return Slice{part, *whole / *cycles};
      if (cycles) smallest = part, now = *cycles;
    }
    shape = smallest.value_or(shape);
  }
  return fail(fmt::format("{:.0f} cycles are too many to simulate, and the group has no part of fewer than {:.0f}",
                          *whole, most_cycles));
}

}  // namespace ares::gvsoc
