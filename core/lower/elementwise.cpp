// Sum and product of two tensors: tiles over rows of the first input and elements of a row. Where both are equal in
// size there is one row.
#include "core/lower/families.hpp"

namespace ares {
namespace {

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_w, s.out.w, 1);
  add_tile_knob(space, Knob::tile_co, s.out.c, 64);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  if (s.out.w == 1)
    add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::channels)});
  else
    add_knob(space, Knob::parallel,
             {static_cast<uint16_t>(ParallelAxis::pixels), static_cast<uint16_t>(ParallelAxis::channels)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_w, s.out.w, by_input | by_output});
  out.push_back({Knob::tile_co, s.out.c, by_input | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t rows = tile_of(c, Knob::tile_w, s.out.w), channels = tile_of(c, Knob::tile_co, s.out.c);
  out[Role::input] = static_cast<uint32_t>(rows * channels * element_bytes(s.in_type));
  out[Role::input2] = static_cast<uint32_t>(channels * element_bytes(s.in2_type));
  out[Role::output] = static_cast<uint32_t>(rows * channels * element_bytes(s.out_type));
  out[Role::params] = s.params_size();
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent rows = e[static_cast<size_t>(Knob::tile_w)], channels = e[static_cast<size_t>(Knob::tile_co)];
  const auto region = [&](RegionDim lines, ElementType type) -> Region {
    const int32_t element = element_bytes(type), row = s.in.c * element;
    return {{whole_dim(1), lines, element_dim(channels, s.in.c, element)}, {s.in.w * row, row}};
  };
  out.input = region(plain_dim(rows, s.in.w), s.in_type);
  out.output = region(plain_dim(rows, s.in.w), s.out_type);
  out.input2 = region(whole_dim(1), s.in2_type);
  const auto params = static_cast<int32_t>(s.params_size());
  out.params = {{whole_dim(1), whole_dim(1), whole_dim(params)}, {params, params}};
  Kernel& k = out.kernel;
  k.kind = s.family == Family::add ? KernelKind::add : KernelKind::multiply;
  k.rows = {none, 1};
  k.columns = rows;
  k.channels = channels;
}

}  // namespace

const FamilyRules elementwise_rules{knobs, dims, buffers, parts};

}  // namespace ares
