// Transforms of rows with 16-bit coefficients: tiles over rows and outputs.
#include "core/lower/families.hpp"

namespace ares {
namespace {

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_w, s.in.w, 1);
  add_tile_knob(space, Knob::tile_co, s.out.c, 2);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_w, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel,
           {static_cast<uint16_t>(ParallelAxis::pixels), static_cast<uint16_t>(ParallelAxis::channels)});
  add_knob(space, Knob::order,
           {static_cast<uint16_t>(LoopOrder::channels_outer), static_cast<uint16_t>(LoopOrder::channels_inner)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_w, s.in.w, by_input | by_output});
  out.push_back({Knob::tile_co, s.out.c, by_weights | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t rows = tile_of(c, Knob::tile_w, s.in.w), outputs = tile_of(c, Knob::tile_co, s.out.c);
  out[Role::input] = static_cast<uint32_t>(rows * s.in.c);
  out[Role::weights] = static_cast<uint32_t>(outputs * s.channel_bytes());
  out[Role::params] = static_cast<uint32_t>(8 * outputs);
  out[Role::output] = static_cast<uint32_t>(rows * outputs);
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent rows = e[static_cast<size_t>(Knob::tile_w)], outputs = e[static_cast<size_t>(Knob::tile_co)];
  const int32_t record = s.channel_bytes(), params = 8;
  out.input = {{whole_dim(1), plain_dim(rows, s.in.w), whole_dim(s.in.c)}, {s.in.w * s.in.c, s.in.c}};
  out.weights = {{plain_dim(outputs, s.out.c), whole_dim(1), whole_dim(record)}, {record, record}};
  out.params = {{plain_dim(outputs, s.out.c), whole_dim(1), whole_dim(params)}, {params, params}};
  out.output = {{whole_dim(1), plain_dim(rows, s.out.w), plain_dim(outputs, s.out.c)}, {s.out.w * s.out.c, s.out.c}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::transform;
  k.rows = {none, 1};
  k.columns = rows;
  k.channels = outputs;
  k.reduction = {none, s.in.c};
}

}  // namespace

const FamilyRules transform_rules{knobs, dims, buffers, parts};

}  // namespace ares
