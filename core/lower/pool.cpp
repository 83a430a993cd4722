// Pooling: tiles over output rows, columns and channels. An average pool's constants, one pair per number of positions,
// stay whole; a max pool has none.
#include "core/lower/families.hpp"
#include "core/lower/window.hpp"

namespace ares {
namespace {

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_h, s.out.h, 1);
  add_tile_knob(space, Knob::tile_w, s.out.w, 1);
  add_tile_knob(space, Knob::tile_co, s.out.c, 16);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel,
           {static_cast<uint16_t>(ParallelAxis::rows), static_cast<uint16_t>(ParallelAxis::pixels),
            static_cast<uint16_t>(ParallelAxis::channels)});
  add_knob(space, Knob::order,
           {static_cast<uint16_t>(LoopOrder::channels_outer), static_cast<uint16_t>(LoopOrder::channels_inner)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_h, s.out.h, by_input | by_output});
  out.push_back({Knob::tile_w, s.out.w, by_input | by_output});
  out.push_back({Knob::tile_co, s.out.c, by_input | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t th = tile_of(c, Knob::tile_h, s.out.h), tw = tile_of(c, Knob::tile_w, s.out.w);
  const int32_t tc = tile_of(c, Knob::tile_co, s.out.c);
  out[Role::input] = input_tile_bytes(s, th, tw, tc * element_bytes(s.in_type));
  out[Role::params] = s.params_size();
  out[Role::output] = static_cast<uint32_t>(th * tw * tc);
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent rows = e[static_cast<size_t>(Knob::tile_h)], columns = e[static_cast<size_t>(Knob::tile_w)];
  const Extent channels = e[static_cast<size_t>(Knob::tile_co)];
  const int32_t element = element_bytes(s.in_type);
  out.input = {{window_rows(s, rows), window_columns(s, columns), element_dim(channels, s.in.c, element)},
               {s.in.w * s.in.c * element, s.in.c * element}};
  out.output = {{plain_dim(rows, s.out.h), plain_dim(columns, s.out.w), plain_dim(channels, s.out.c)},
                {s.out.w * s.out.c, s.out.c}};
  const auto params = static_cast<int32_t>(s.params_size());
  out.params = {{whole_dim(1), whole_dim(1), whole_dim(params)}, {params, params}};
  Kernel& k = out.kernel;
  k.kind = s.family == Family::max_pool ? KernelKind::max_pool : KernelKind::average_pool;
  k.rows = rows;
  k.columns = columns;
  k.channels = channels;
}

}  // namespace

const FamilyRules pool_rules{knobs, dims, buffers, parts};

}  // namespace ares
