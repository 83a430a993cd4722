// The rule program's heuristic: what an engineer would write down without measuring.
#include <algorithm>
#include <span>

#include "core/group/space.hpp"
#include "core/lower/fused.hpp"

namespace ares {
namespace {

/// Outputs of one tile, the rule's measure of size; wider tiles win ties.
int64_t tile_volume(const SearchSpace& space, const Config& c) {
  TiledDims dims;
  group_dims(space.shape, dims);
  int64_t volume = 1;
  for (const TiledDim& d : dims) volume *= tile_of(c, d.knob, d.extent);
  return volume;
}

bool has_value(const KnobRange& k, uint16_t v) { return std::binary_search(k.values.begin(), k.values.end(), v); }

/// Every knob but the tile sizes: double buffers, the first (4x2) kernel, work divided by rows or else channels.
void set_fixed_knobs(const SearchSpace& space, Config& c) {
  for (const KnobRange& k : space.knobs) {
    if (k.knob <= Knob::tile_l2) continue;
    c[k.knob] = k.values.front();
    const bool buffer = k.knob >= Knob::buf_in && k.knob <= Knob::buf_l2;
    if (buffer && has_value(k, 2)) c[k.knob] = 2;
  }
}

/// Takes back double buffers that this tiling cannot use; false: it does not fit.
bool make_feasible(const SearchSpace& space, Config& c) {
  for (int attempt = 0; attempt <= knob_count; ++attempt) {
    const auto broken = check(space, c);
    if (!broken) return true;
    if (broken->constraint == Constraint::redundant_buffer)
      c[broken->knob] = 1;
    else
      return false;
  }
  return false;
}

struct Candidate {
  Config config;
  int64_t volume = 0;
};

void try_tiles(const SearchSpace& space, std::span<const KnobRange* const> tiles, Config& c, Candidate& best) {
  if (!tiles.empty()) {
    const KnobRange& k = *tiles.front();
    for (size_t i = k.values.size(); i-- > 0;) {
      c[k.knob] = k.values[i];
      try_tiles(space, tiles.subspan(1), c, best);
    }
    return;
  }
  const int64_t volume = tile_volume(space, c);
  if (volume <= best.volume) return;
  Config full = c;
  set_fixed_knobs(space, full);
  if (make_feasible(space, full)) best = {full, volume};
}

}  // namespace

std::optional<Config> rule_config(const SearchSpace& space) {
  boost::container::static_vector<const KnobRange*, knob_count> tiles;
  for (const KnobRange& k : space.knobs)
    if (k.knob <= Knob::tile_l2) tiles.push_back(&k);
  Candidate best;
  Config c;
  try_tiles(space, {tiles.data(), tiles.size()}, c, best);
  if (best.volume == 0) return std::nullopt;
  return best.config;
}

}  // namespace ares
