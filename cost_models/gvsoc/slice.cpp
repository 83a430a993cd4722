#include "cost_models/gvsoc/slice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"

namespace ares::gvsoc {
namespace {

std::optional<double> cycles_of(const Query& query, const GroupShape& shape, const Config& config) {
  TileProgram program;
  if (!lower_into(shape, config, query.context, program)) return std::nullopt;
  return play(program, query.target).cycles;
}

/// The dimension that is cut, in units of which `tile` make a tile.
struct Cut {
  int32_t extent = 1, tile = 1;
};

Cut cut_of(const GroupShape& s, const Config& c) {
  const auto by = [&](Knob knob, int32_t extent) { return Cut{extent, std::clamp<int32_t>(c[knob], 1, extent)}; };
  if (has_window(s.family)) return by(Knob::tile_h, s.out.h);
  if (s.family == Family::linear && s.out.w > 1) return by(Knob::tile_w, s.out.w);
  if (is_elementwise(s.family) && s.out.w > 1) return by(Knob::tile_w, s.out.w);
  if (s.family == Family::rearrange) return {};
  return by(Knob::tile_co, s.out.c);
}

GroupShape with_extent(GroupShape s, int32_t extent) {
  if (has_window(s.family)) {
    const Window& w = s.window;
    s.out.h = extent;
    s.in.h = std::max(1, (extent - 1) * w.sh + (w.kh - 1) * w.dh + 1 - w.pt - w.pb);
  } else if (s.out.w > 1) {
    s.out.w = s.in.w = extent;
  } else {
    s.out.c = extent;
    if (s.family != Family::linear) s.in.c = extent;
  }
  return s;
}

}  // namespace

Result<Slice> slice_for(const Query& query, const Config& config) {
  const auto whole = cycles_of(query, query.shape, config);
  if (!whole) return fail("the config cannot be lowered");
  if (*whole <= most_cycles) return Slice{query.shape, 1};
  const Cut cut = cut_of(query.shape, config);
  const auto affordable = static_cast<int32_t>(most_cycles / *whole * cut.extent / cut.tile);
  for (int32_t tiles = affordable; tiles > 0; --tiles) {
    const GroupShape shape = with_extent(query.shape, tiles * cut.tile);
    const auto part = cycles_of(query, shape, config);
    if (part && *part <= most_cycles) return Slice{shape, *whole / *part};
  }
  return fail(fmt::format("{:.0f} cycles are too many to simulate, and the group has no part of fewer than {:.0f}",
                          *whole, most_cycles));
}

}  // namespace ares::gvsoc
