// Product of two activations: tiles over sequences, heads and rows of the first input; the second input's rows are
// whole. The carried buffer holds the second input as the register tiles want it: per head and column 8 bytes of
// parameters and the depth in whole words. Row tiles are innermost, so it is made once for them all.
#include "core/lower/families.hpp"

namespace ares {
namespace {

/// Sizes of one head in one sequence.
struct Head {
  int32_t rows, depth, columns;
  int32_t second_rows, second_columns;  ///< of the second input
};

Head head_of(const GroupShape& s) {
  const int32_t depth = s.in.c / s.heads, columns = s.out.c / s.heads;
  return {s.in.w, depth, columns, s.transposed ? columns : depth, s.transposed ? depth : columns};
}

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_h, s.in.h, 1);
  add_tile_knob(space, Knob::tile_w, s.in.w, 1);
  add_tile_knob(space, Knob::tile_co, s.heads, 1);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::pixels)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_co, s.heads, by_input | by_output});
  out.push_back({Knob::tile_h, s.in.h, by_input | by_output});
  out.push_back({Knob::tile_w, s.in.w, by_input | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const Head head = head_of(s);
  const int32_t heads = tile_of(c, Knob::tile_h, s.in.h) * tile_of(c, Knob::tile_co, s.heads);
  const int32_t rows = heads * tile_of(c, Knob::tile_w, s.in.w);
  out[Role::input] = static_cast<uint32_t>(rows * head.depth);
  out[Role::input2] = static_cast<uint32_t>(heads * head.depth * head.columns);
  out[Role::output] = static_cast<uint32_t>(rows * head.columns * element_bytes(s.out_type));
  out[Role::params] = s.params_size();
  out[Role::accumulators] = static_cast<uint32_t>(heads * prepared_bytes(head.depth, head.columns));
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Head head = head_of(s);
  const Extent sequences = e[static_cast<size_t>(Knob::tile_h)], rows = e[static_cast<size_t>(Knob::tile_w)];
  const Extent heads = e[static_cast<size_t>(Knob::tile_co)];
  const auto region = [&](Extent lines, int32_t line_count, int32_t bytes) -> Region {
    const int32_t row = s.heads * bytes;
    return {{plain_dim(sequences, s.in.h), plain_dim(lines, line_count), element_dim(heads, s.heads, bytes)},
            {line_count * row, row}};
  };
  out.input = region(rows, head.rows, head.depth);
  out.input2 = region({none, head.second_rows}, head.second_rows, head.second_columns);
  out.output = region(rows, head.rows, head.columns * element_bytes(s.out_type));
  const auto params = static_cast<int32_t>(s.params_size());
  out.params = {{whole_dim(1), whole_dim(1), whole_dim(params)}, {params, params}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::matmul;
  k.rows = sequences;
  k.columns = rows;
  k.channels = heads;
  k.channels.scale = k.channels.halo = static_cast<int16_t>(head.columns);
  k.reduction = {none, head.depth};
}

}  // namespace

const FamilyRules matmul_rules{knobs, dims, buffers, parts};

}  // namespace ares
