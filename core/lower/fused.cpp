#include "core/lower/fused.hpp"

#include "core/group/accelerator.hpp"
#include "core/lower/window.hpp"

namespace ares {
namespace {

const Tail& tail(const GroupShape& s, int i) { return s.tails[static_cast<size_t>(i)]; }

bool is_pool(Family f) { return f == Family::max_pool || f == Family::average_pool; }

/// The group with the tile loops of its last layer.
GroupShape looped(const GroupShape& s) {
  GroupShape view = s;
  view.out = s.last_out();
  return view;
}

/// How much of the output of the layer in front of tail `from` the last layer's tile of this extent needs.
Extent needed(const GroupShape& s, int from, Extent tile, bool rows) {
  for (int i = s.tail_count - 1; i >= from; --i) {
    const Window& w = tail(s, i).window;
    if (is_pool(tail(s, i).family)) tile = under(tile, rows ? w.sh : w.sw, rows ? w.kh : w.kw);
  }
  return tile;
}

int32_t size_of(const Extent& e, int32_t units) { return (units - 1) * e.scale + e.halo; }

/// Elements of the tile behind `layers` layers, of windowed families.
int32_t tile_elements(const GroupShape& s, const Config& c, int layers) {
  const Dims& last = s.last_out();
  const auto along = [&](Knob k, int32_t extent, bool rows) {
    return size_of(needed(s, layers, {none, extent}, rows), tile_of(c, k, extent));
  };
  const bool whole = s.weighted_tail() && layers < s.tail_count;
  const Dims& own = layers == 0 ? s.out : tail(s, layers - 1).out;
  const int32_t channels = whole ? own.c : tile_of(c, Knob::tile_co, last.c);
  return along(Knob::tile_h, last.h, true) * along(Knob::tile_w, last.w, false) * channels;
}

/// The config with the weighted tail's kernel in the place of the first layer's.
Config tail_config(const Config& c) {
  Config own = c;
  own[Knob::kernel] = c[Knob::kernel2];
  own[Knob::share] = 0;
  return own;
}

Role constants_role(int i) { return i == 0 ? Role::tail : Role::tail2; }

/// A product of the tile with a tensor of its own; the group's first layer then is one, too.
bool is_product(const Tail& t) { return t.family == Family::matmul; }

/// What tail `i` writes. Softmax of bytes leaves its result where it finds its input.
Role result_role(const GroupShape& s, int i) {
  if (i + 1 == s.tail_count) return Role::output;
  return tail(s, i).family == Family::softmax ? Role::between : Role::between2;
}

Role source_role(const GroupShape& s, int i) {
  if (i == 0) return maps_into_sum(s) ? Role::input : Role::between;
  return result_role(s, i - 1);
}

Role second_role(const GroupShape& s, int i) {
  const int before = (is_elementwise(s.family) || s.family == Family::matmul ? 1 : 0) + second_operands(s, i);
  return before == 0 ? Role::input2 : Role::input3;
}

uint32_t constants_bytes(const Tail& t) {
  const GroupShape own = shape_of(t);
  return own.weights_size() + own.params_size();
}

/// Where the constants of tail `i` begin among those of all tails.
int32_t constants_offset(const GroupShape& s, int i) {
  GroupShape before = s;
  before.tail_count = static_cast<uint8_t>(i);
  return static_cast<int32_t>(before.tails_size());
}

/// Rows of `bytes`, one per unit, that begin at an offset.
Region rows_at(Extent units, int32_t count, int32_t bytes, int32_t offset) {
  return {{plain_dim(units, count), whole_dim(1), RegionDim{Extent{none, bytes}, offset + bytes, offset}},
          {bytes, bytes}};
}

/// A region of elements of another size.
Region in_elements(Region r, int32_t from, int32_t to) {
  const auto resized = [&](int32_t n) { return n / from * to; };
  RegionDim& last = r.dims[2];
  last.units.scale = static_cast<int16_t>(resized(last.units.scale));
  last.units.halo = static_cast<int16_t>(resized(last.units.halo));
  last.extent = resized(last.extent);
  for (int32_t& p : r.pitch) p = resized(p);
  return r;
}

/// What the chain has come to: the tile that the next tail reads.
struct Chain {
  Extent rows, columns, channels;
  Region region;  ///< of the tensor that the tile belongs to
  ElementType type = ElementType::u8;
};

void set_region(const GroupShape& s, const Dims& dims, ElementType type, Chain& at) {
  const int32_t element = element_bytes(type);
  at.type = type;
  if (s.family == Family::linear)
    at.region = {{whole_dim(1), plain_dim(at.columns, dims.w), element_dim(at.channels, dims.c, element)},
                 {dims.w * dims.c * element, dims.c * element}};
  else
    at.region = {{plain_dim(at.rows, dims.h), plain_dim(at.columns, dims.w), element_dim(at.channels, dims.c, element)},
                 {dims.w * dims.c * element, dims.c * element}};
}

void elementwise_tail(const GroupShape& s, int i, Chain& at, TailParts& out) {
  const Tail& t = tail(s, i);
  Kernel& k = out.kernel;
  k.kind = t.family == Family::add ? KernelKind::add : KernelKind::table;
  const Region elements = in_elements(at.region, element_bytes(at.type), 1);
  k.rows = elements.dims[0].units;
  k.columns = elements.dims[1].units;
  k.channels = elements.dims[2].units;
  out.second = second_role(s, i);
  out.second_region = in_elements(at.region, element_bytes(at.type), element_bytes(t.in2_type));
  at.region = in_elements(at.region, element_bytes(at.type), element_bytes(t.out_type));
  at.type = t.out_type;
}

void pool_tail(const GroupShape& s, int i, const Extents& e, Chain& at, TailParts& out) {
  const Tail& t = tail(s, i);
  at.rows = needed(s, i + 1, e[static_cast<size_t>(Knob::tile_h)], true);
  at.columns = needed(s, i + 1, e[static_cast<size_t>(Knob::tile_w)], false);
  set_region(s, t.out, t.out_type, at);
  Kernel& k = out.kernel;
  k.kind = t.family == Family::max_pool ? KernelKind::max_pool : KernelKind::average_pool;
  k.rows = at.rows;
  k.columns = at.columns;
  k.channels = at.channels;
}

/// Rows of a product's tile: of each sequence, row and head `channel_bytes` elements.
void softmax_tail(const GroupShape& s, int i, const Chain& at, TailParts& out) {
  Kernel& k = out.kernel;
  k.kind = KernelKind::softmax;
  k.parallel = ParallelAxis::pixels;
  k.rows = at.rows;
  k.columns = at.columns;
  k.channels = at.channels;
  k.channel_bytes = tail(s, i).in.c / s.heads;
}

void product_tail(const GroupShape& s, int i, const Extents& e, Chain& at, TailParts& out) {
  const Tail& t = tail(s, i);
  const int32_t depth = t.in.c / s.heads, columns = t.out.c / s.heads;
  const Extent heads = e[static_cast<size_t>(Knob::tile_co)];
  const auto region = [&](Extent lines, int32_t line_count, int32_t bytes) -> Region {
    const int32_t row = s.heads * bytes;
    return {{plain_dim(at.rows, s.in.h), plain_dim(lines, line_count), element_dim(heads, s.heads, bytes)},
            {line_count * row, row}};
  };
  out.second = second_role(s, i);
  out.second_region = region({none, depth}, depth, columns);
  Kernel& k = out.kernel;
  k.kind = KernelKind::matmul;
  k.parallel = ParallelAxis::pixels;
  k.rows = at.rows;
  k.columns = at.columns;
  k.channels = heads;
  k.channels.scale = k.channels.halo = static_cast<int16_t>(columns);
  k.channel_bytes = columns;
  k.reduction = {none, depth};
  at.channels = k.channels;
  at.type = t.out_type;
  at.region = region(at.columns, t.out.w, columns * element_bytes(t.out_type));
}

void weighted_tail(const GroupShape& s, int i, const Config& c, const Extents& e, Chain& at, TailParts& out) {
  const Tail& t = tail(s, i);
  const bool job = tail_on_accelerator(c);
  const GroupShape own = shape_of(t);
  at.channels = e[static_cast<size_t>(Knob::tile_co)];
  set_region(s, t.out, t.out_type, at);
  const int32_t offset = constants_offset(s, i);
  const auto behind = static_cast<int32_t>((own.weights_size(job) + 15u) & ~15u);
  out.weights = rows_at(at.channels, t.out.c, own.channel_bytes(job), offset);
  out.params = rows_at(at.channels, t.out.c, own.param_bytes(job), offset + behind);
  Kernel& k = out.kernel;
  k.kind = t.family == Family::linear ? KernelKind::linear : KernelKind::conv;
  k.tiling = static_cast<uint8_t>(c[Knob::kernel2]);
  k.parallel = t.family == Family::linear && t.in.w == 1 ? ParallelAxis::channels : ParallelAxis::pixels;
  k.rows = at.rows;
  k.columns = at.columns;
  k.channels = at.channels;
  k.reduction = {none, t.in.c};
  k.channel_bytes = own.channel_bytes();
  k.asymmetric = own.asymmetric();
}

/// A product's second operand, as it is loaded and as the register tiles want it; returns the elements of its output.
uint32_t product_buffers(const GroupShape& s, int i, const Config& c, BufferBytes& out) {
  const Tail& t = tail(s, i);
  const int32_t depth = t.in.c / s.heads, columns = t.out.c / s.heads;
  const int32_t heads = tile_of(c, Knob::tile_h, s.in.h) * tile_of(c, Knob::tile_co, s.heads);
  out[second_role(s, i)] = static_cast<uint32_t>(heads * depth * columns);
  out[Role::accumulators2] = static_cast<uint32_t>(heads * prepared_bytes(depth, columns));
  return static_cast<uint32_t>(heads * tile_of(c, Knob::tile_w, s.in.w) * columns);
}

}  // namespace

int second_operands(const GroupShape& s, int count) {
  int n = 0;
  for (int i = 0; i < count; ++i) n += tail(s, i).family == Family::add || is_product(tail(s, i));
  return n;
}

bool maps_into_sum(const GroupShape& s) {
  if (s.family != Family::table || s.tail_count == 0 || s.tails[0].family != Family::add) return false;
  const Tail& sum = s.tails[0];
  return sum.in_type == ElementType::u8 && sum.in2_type == ElementType::u8 && sum.out_type == ElementType::u8 &&
         sum.form == RequantForm::narrow && sum.rounding == Rounding::half_up;
}

Config first_config(const GroupShape& s, const Config& c) {
  if (s.tail_count == 0) return c;
  Config first = c;
  const Dims& last = s.last_out();
  const auto scaled = [&](Knob k, int32_t extent, bool rows) {
    const Extent e = needed(s, 0, {none, extent}, rows);
    if (e.scale != 1 || e.halo != 1) first[k] = static_cast<uint16_t>(size_of(e, tile_of(c, k, extent)));
  };
  scaled(Knob::tile_h, last.h, true);
  scaled(Knob::tile_w, last.w, false);
  if (s.weighted_tail()) first[Knob::tile_co] = 0;
  return first;
}

void group_knobs(const GroupShape& s, SearchSpace& space) {
  if (s.tail_count == 0) return rules_of(s.family).knobs(s, space);
  rules_of(s.family).knobs(looped(s), space);
  if (!s.weighted_tail()) return;
  const Tail& t = tail(s, s.tail_count - 1);
  for (KnobRange& k : space.knobs)
    if (k.knob == Knob::tile_ci) k.values = {k.values.back()};
  if (t.family == Family::linear)
    add_knob(space, Knob::kernel2, {1, 2, 4});
  else
    add_knob(space, Knob::kernel2, {1, 2});
  if (space.context.accelerator && t.accelerator.weight_bits > 0)
    space.knobs.back().values.push_back(accelerator_kernel);
}

void group_dims(const GroupShape& s, TiledDims& out) {
  if (s.tail_count == 0) return rules_of(s.family).dims(s, out);
  rules_of(s.family).dims(looped(s), out);
  if (!s.weighted_tail()) return;
  if (out.back().knob == Knob::tile_ci) out.pop_back();
  out.back().used_by = by_weights | by_output;
}

void group_buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  if (s.tail_count == 0) return rules_of(s.family).buffers(s, c, out);
  rules_of(s.family).buffers(s, first_config(s, c), out);
  uint32_t elements = out[Role::output] / static_cast<uint32_t>(element_bytes(s.out_type));
  Role role = source_role(s, 0);
  if (role == Role::between) out[role] = out[Role::output];
  for (int i = 0; i < s.tail_count; ++i) {
    const Tail& t = tail(s, i);
    if (t.family == Family::add) out[second_role(s, i)] = elements * static_cast<uint32_t>(element_bytes(t.in2_type));
    if (is_pool(t.family)) elements = static_cast<uint32_t>(tile_elements(s, c, i + 1));
    if (is_product(t)) elements = product_buffers(s, i, c, out);
    if (has_weights(t.family)) {
      const GroupShape own = shape_of(t);
      const Config config = tail_config(c);
      const int32_t channels = tile_of(c, Knob::tile_co, t.out.c);
      const int32_t positions = static_cast<int32_t>(elements) / t.in.c;
      const int32_t overrun = t.accelerator.weight_bits > 0 ? job_patch - 1 : 0;  // pixels behind the end of a job
      out[role] += static_cast<uint32_t>(overrun * t.in.c);
      elements = static_cast<uint32_t>((positions + overrun) * channels);
      out[Role::weights2] = static_cast<uint32_t>(channels * least_channel_bytes(own, config));
      out[Role::params2] = static_cast<uint32_t>(channels * least_param_bytes(own, config));
    } else {
      out[constants_role(i)] = constants_bytes(t);
    }
    role = result_role(s, i);
    out[role] = elements * static_cast<uint32_t>(element_bytes(t.out_type));
  }
}

uint8_t group_copies(const GroupShape& s, const Config& c, Role r) {
  const bool once = s.weighted_tail() && (r == Role::weights || r == Role::params);
  if (r == Role::between && overlaps(s, c)) return 2;
  return once ? 1 : copies_of(c, r);
}

bool overlaps(const GroupShape& s, const Config& c) {
  if (s.tail_count == 0 || c[Knob::buf_in] != 2 || c[Knob::tile_l2] != 0 || c[Knob::share] != 0) return false;
  const bool first = on_accelerator(c), last = tail_on_accelerator(c), weighted = s.weighted_tail();
  if (first == last || (first && weighted && c[Knob::kernel2] == 0)) return false;  // 0: not known yet
  const Dims& out = s.last_out();
  const bool channels_tiled = tile_of(c, Knob::tile_co, out.c) < out.c;
  const bool tiled =
      channels_tiled || tile_of(c, Knob::tile_h, out.h) < out.h || tile_of(c, Knob::tile_w, out.w) < out.w;
  if (!tiled || tile_of(c, Knob::tile_ci, s.in.c) < s.in.c) return false;
  return !channels_tiled || (!weighted && c[Knob::buf_w] == 2);
}

bool fits_program(const GroupShape& s, const Context& ctx, const Config& c) {
  const bool streamed = ctx.weights == Level::l3 && has_weights(s.family);
  if (streamed && s.weighted_tail()) return false;
  BufferBytes bytes;
  group_buffers(s, c, bytes);
  const auto held = [&](std::initializer_list<Role> roles) {
    return static_cast<int>(std::count_if(roles.begin(), roles.end(), [&](Role r) { return bytes[r] > 0; }));
  };
  const int loads = held({Role::input, Role::weights, Role::params, Role::input2, Role::input3, Role::tail, Role::tail2,
                          Role::weights2, Role::params2});
  const int inside = held({Role::output, Role::between, Role::between2, Role::accumulators, Role::accumulators2,
                           Role::scratch, Role::padded});
  const int staged = streamed ? 2 : 0;
  const int layers = 1 + s.tail_count + on_accelerator(c) + tail_on_accelerator(c) + (c[Knob::share] > 0);
  const int slot_and_store = 2;
  return loads + inside + staged <= max_buffers && 2 * (loads + staged) + layers + slot_and_store <= max_operations;
}

Extents first_extents(const GroupShape& s, const Extents& e) {
  Extents first = e;
  for (const Knob k : {Knob::tile_h, Knob::tile_w}) {
    Extent& extent = first[static_cast<size_t>(k)];
    extent = needed(s, 0, extent, k == Knob::tile_h);
  }
  if (s.weighted_tail()) {
    first[static_cast<size_t>(Knob::tile_co)] = {none, s.out.c};
    first[static_cast<size_t>(Knob::tile_ci)] = {none, s.in.c};
  }
  return first;
}

void fused_parts(const GroupShape& s, const Config& c, const Extents& e, const Parts& first, FusedParts& out) {
  const Kernel& k = first.kernel;
  Chain at{k.rows, k.columns, k.channels, first.output, s.out_type};
  for (int i = 0; i < s.tail_count; ++i) {
    const Tail& t = tail(s, i);
    TailParts& parts = out.tails[static_cast<size_t>(i)];
    parts = {};
    parts.in = source_role(s, i);
    parts.out = result_role(s, i);
    parts.constants = constants_role(i);
    const auto bytes = static_cast<int32_t>(constants_bytes(t));
    parts.constants_region = rows_at({none, 1}, 1, bytes, constants_offset(s, i));
    if (has_weights(t.family))
      weighted_tail(s, i, c, e, at, parts);
    else if (is_pool(t.family))
      pool_tail(s, i, e, at, parts);
    else if (t.family == Family::softmax)
      softmax_tail(s, i, at, parts);
    else if (is_product(t))
      product_tail(s, i, e, at, parts);
    else
      elementwise_tail(s, i, at, parts);
    Kernel& own = parts.kernel;
    own.layer = static_cast<uint8_t>(i + 1) & 3;
    own.form = t.form;
    own.rounding = t.rounding;
    own.in_type = t.in_type;
    own.in2_type = t.in2_type;
    own.out_type = t.out_type;
    own.window = t.window;
    if (own.parallel == ParallelAxis::none)
      own.parallel = is_pool(t.family) ? ParallelAxis::pixels : ParallelAxis::channels;
  }
  out.output = at.region;
}

}  // namespace ares
