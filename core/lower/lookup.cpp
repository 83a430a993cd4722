// Lookup of rows in a table: tiles over the numbers, and over columns of the whole table.
#include "core/lower/families.hpp"

namespace ares {
namespace {

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_w, s.in.w, 1);
  add_tile_knob(space, Knob::tile_co, s.out.c, 1);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_w, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel,
           {static_cast<uint16_t>(ParallelAxis::pixels), static_cast<uint16_t>(ParallelAxis::channels)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_co, s.out.c, by_weights | by_output});
  out.push_back({Knob::tile_w, s.in.w, by_input | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t rows = tile_of(c, Knob::tile_w, s.in.w), columns = tile_of(c, Knob::tile_co, s.out.c);
  out[Role::input] = static_cast<uint32_t>(rows * element_bytes(s.in_type));
  out[Role::weights] = static_cast<uint32_t>(s.heads * columns);
  out[Role::output] = static_cast<uint32_t>(rows * columns);
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent rows = e[static_cast<size_t>(Knob::tile_w)], columns = e[static_cast<size_t>(Knob::tile_co)];
  const int32_t element = element_bytes(s.in_type);
  out.input = {{whole_dim(1), plain_dim(rows, s.in.w), whole_dim(element)}, {s.in.w * element, element}};
  out.weights = {{whole_dim(1), whole_dim(s.heads), plain_dim(columns, s.out.c)}, {s.heads * s.out.c, s.out.c}};
  out.output = {{whole_dim(1), plain_dim(rows, s.out.w), plain_dim(columns, s.out.c)}, {s.out.w * s.out.c, s.out.c}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::lookup;
  k.rows = {none, 1};
  k.columns = rows;
  k.channels = columns;
  k.reduction = {none, s.heads};
}

}  // namespace

const FamilyRules lookup_rules{knobs, dims, buffers, parts};

}  // namespace ares
