// Table function and curve: a stream of elements through a table, which is the group's weight operand.
#include "core/lower/families.hpp"

namespace ares {
namespace {

/// Bytes of an input element.
int32_t element(const GroupShape& s) { return s.family == Family::curve ? 2 : 1; }

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_co, s.out.c, 64);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::channels)});
}

void dims(const GroupShape& s, TiledDims& out) { out.push_back({Knob::tile_co, s.out.c, by_input | by_output}); }

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const auto bytes = static_cast<uint32_t>(tile_of(c, Knob::tile_co, s.out.c));
  out[Role::input] = bytes * static_cast<uint32_t>(element(s));
  out[Role::weights] = s.weights_size();
  out[Role::output] = bytes;
}

void parts(const GroupShape& s, const Config&, const Extents& e, Parts& out) {
  const Extent elements = e[static_cast<size_t>(Knob::tile_co)];
  const int32_t in_bytes = s.in.c * element(s), table = static_cast<int32_t>(s.weights_size());
  out.input = {{whole_dim(1), whole_dim(1), element_dim(elements, s.in.c, element(s))}, {in_bytes, in_bytes}};
  out.output = {{whole_dim(1), whole_dim(1), plain_dim(elements, s.out.c)}, {s.out.c, s.out.c}};
  out.weights = {{whole_dim(1), whole_dim(1), whole_dim(table)}, {table, table}};
  out.kernel.kind = s.family == Family::curve ? KernelKind::curve : KernelKind::table;
  out.kernel.rows = out.kernel.columns = {none, 1};
  out.kernel.channels = elements;
}

}  // namespace

const FamilyRules table_rules{knobs, dims, buffers, parts};
const FamilyRules curve_rules{knobs, dims, buffers, parts};

}  // namespace ares
