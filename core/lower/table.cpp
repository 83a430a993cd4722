// Table function: a stream of bytes through a 256-byte table, which is the group's weight operand.
#include "core/lower/families.hpp"

namespace ares {
namespace {

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_co, s.out.c, 64);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::channels)});
}

void dims(const GroupShape& s, TiledDims& out) { out.push_back({Knob::tile_co, s.out.c, by_input | by_output}); }

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const auto bytes = static_cast<uint32_t>(tile_of(c, Knob::tile_co, s.out.c));
  out[Role::input] = bytes;
  out[Role::weights] = 256;
  out[Role::output] = bytes;
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent bytes = e[static_cast<size_t>(Knob::tile_co)];
  out.input = {{whole_dim(1), whole_dim(1), plain_dim(bytes, s.in.c)}, {s.in.c, s.in.c}};
  out.output = out.input;
  out.weights = {{whole_dim(1), whole_dim(1), whole_dim(256)}, {256, 256}};
  out.kernel.kind = KernelKind::table;
  out.kernel.rows = out.kernel.columns = {none, 1};
  out.kernel.channels = bytes;
}

}  // namespace

const FamilyRules table_rules{knobs, dims, buffers, parts};

}  // namespace ares
