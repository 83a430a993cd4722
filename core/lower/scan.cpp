// Selective scan: tiles over channels, and over time within them; the states of a channel tile are carried from one
// piece of time to the next.
#include <algorithm>

#include "core/lower/families.hpp"

namespace ares {
namespace {

int32_t scan_row_bytes(int32_t states) { return states / 4 * 16; }

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_w, s.in.w, 1);
  add_tile_knob(space, Knob::tile_co, s.in.c, 8);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_w, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::channels)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_co, s.in.c, by_input | by_weights | by_output});
  out.push_back({Knob::tile_w, s.in.w, by_input | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t steps = tile_of(c, Knob::tile_w, s.in.w), channels = tile_of(c, Knob::tile_co, s.in.c);
  out[Role::input] = out[Role::input2] = out[Role::output] = static_cast<uint32_t>(steps * channels);
  out[Role::input3] = static_cast<uint32_t>(steps * 2 * s.heads);
  out[Role::weights] = static_cast<uint32_t>(channels * s.channel_bytes());
  out[Role::params] = s.params_size();
  // Behind the states room for B and C as the kernel wants them: 16 bits each, states in fours.
  out[Role::accumulators] = static_cast<uint32_t>(channels * s.heads * 4 + steps * scan_row_bytes(s.heads));
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent steps = e[static_cast<size_t>(Knob::tile_w)], channels = e[static_cast<size_t>(Knob::tile_co)];
  const Region rows{{whole_dim(1), plain_dim(steps, s.in.w), plain_dim(channels, s.in.c)}, {s.in.w * s.in.c, s.in.c}};
  out.input = out.input2 = out.output = rows;
  const int32_t row = std::max(s.third_row, s.third_offset + 2 * s.heads);  // a signature holds neither
  out.input3 = {{whole_dim(1), plain_dim(steps, s.in.w), {Extent{none, 2 * s.heads}, row, s.third_offset}},
                {s.in.w * row, row}};
  const int32_t record = s.channel_bytes(), params = static_cast<int32_t>(s.params_size());
  out.weights = {{plain_dim(channels, s.in.c), whole_dim(1), whole_dim(record)}, {record, record}};
  out.params = {{whole_dim(1), whole_dim(1), whole_dim(params)}, {params, params}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::scan;
  k.rows = {none, 1};
  k.columns = {none, s.heads};
  k.channels = channels;
  k.reduction = steps;
}

}  // namespace

const FamilyRules scan_rules{knobs, dims, buffers, parts};

}  // namespace ares
