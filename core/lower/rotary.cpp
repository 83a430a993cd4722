// Rotary embedding: tiles over rows, each with its factors.
#include "core/lower/families.hpp"

namespace ares {
namespace {

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_w, s.in.w, 1);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_w, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel,
           {static_cast<uint16_t>(ParallelAxis::pixels), static_cast<uint16_t>(ParallelAxis::channels)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_w, s.in.w, by_input | by_weights | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t rows = tile_of(c, Knob::tile_w, s.in.w);
  out[Role::input] = out[Role::output] = static_cast<uint32_t>(rows * s.in.c);
  out[Role::weights] = static_cast<uint32_t>(rows * 2 * s.channel_bytes());
  out[Role::params] = s.params_size();
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent rows = e[static_cast<size_t>(Knob::tile_w)];
  const auto region = [&](int32_t row) -> Region {
    return {{whole_dim(1), plain_dim(rows, s.in.w), whole_dim(row)}, {s.in.w * row, row}};
  };
  out.input = out.output = region(s.in.c);
  out.weights = region(2 * s.channel_bytes());
  const auto params = static_cast<int32_t>(s.params_size());
  out.params = {{whole_dim(1), whole_dim(1), whole_dim(params)}, {params, params}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::rotary;
  k.rows = {none, 1};
  k.columns = rows;
  k.channels = {none, s.in.c};
}

}  // namespace

const FamilyRules rotary_rules{knobs, dims, buffers, parts};

}  // namespace ares
