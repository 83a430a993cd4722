// Norms and softmax: tiles over whole sets of elements. A norm across positions takes its sets a few groups of channels
// at a time.
#include "core/lower/families.hpp"

namespace ares {
namespace {

/// Channels of a set.
int32_t width_of(const GroupShape& s) { return s.in.c / s.heads; }

void knobs(const GroupShape& s, SearchSpace& space) {
  if (s.across)
    add_tile_knob(space, Knob::tile_co, s.heads, 1);
  else
    add_tile_knob(space, Knob::tile_w, s.in.w, 1);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  const ParallelAxis axis = s.across ? ParallelAxis::channels : ParallelAxis::pixels;
  add_knob(space, Knob::parallel, {static_cast<uint16_t>(axis)});
}

void dims(const GroupShape& s, TiledDims& out) {
  if (s.across)
    out.push_back({Knob::tile_co, s.heads, by_input | by_weights | by_output});
  else
    out.push_back({Knob::tile_w, s.in.w, by_input | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t channels = s.across ? tile_of(c, Knob::tile_co, s.heads) * width_of(s) : s.in.c;
  const int32_t elements = channels * (s.across ? s.in.w : tile_of(c, Knob::tile_w, s.in.w));
  out[Role::input] = static_cast<uint32_t>(elements * element_bytes(s.in_type));
  out[Role::output] = static_cast<uint32_t>(elements * element_bytes(s.out_type));
  out[Role::weights] = s.weights_size();
  out[Role::params] = s.family == Family::norm ? static_cast<uint32_t>(8 * channels) : s.params_size();
}

/// `groups` sets of channels, of `bytes` bytes each.
RegionDim groups_dim(const GroupShape& s, Extent groups, int32_t bytes) {
  return s.across ? element_dim(groups, s.heads, bytes) : whole_dim(s.heads * bytes);
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent groups = s.across ? e[static_cast<size_t>(Knob::tile_co)] : Extent{none, s.heads};
  const Extent positions = s.across ? Extent{none, s.in.w} : e[static_cast<size_t>(Knob::tile_w)];
  const auto region = [&](ElementType type) -> Region {
    const int32_t bytes = element_bytes(type), row = s.in.c * bytes;
    return {{whole_dim(1), plain_dim(positions, s.in.w), groups_dim(s, groups, width_of(s) * bytes)},
            {s.in.w * row, row}};
  };
  out.input = region(s.in_type);
  out.output = region(s.out_type);
  const auto constants = static_cast<int32_t>(s.weights_size()), params = static_cast<int32_t>(s.params_size());
  out.weights = {{whole_dim(1), whole_dim(1), whole_dim(constants)}, {constants, constants}};
  out.params = {{whole_dim(1), whole_dim(1), groups_dim(s, groups, params / s.heads)}, {params, params}};
  Kernel& k = out.kernel;
  k.kind = s.family == Family::norm ? KernelKind::norm : KernelKind::softmax;
  k.rows = {none, 1};
  k.columns = positions;
  k.channels = groups;
  k.channels.scale = k.channels.halo = static_cast<int16_t>(width_of(s));
}

}  // namespace

const FamilyRules norm_rules{knobs, dims, buffers, parts};
const FamilyRules softmax_rules{knobs, dims, buffers, parts};

}  // namespace ares
