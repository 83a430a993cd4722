// Linear layer over one or many tokens: tiles over tokens, output features and, with int32 accumulators carried in L1,
// over the reduction.
#include "core/group/accelerator.hpp"
#include "core/lower/families.hpp"

namespace ares {
namespace {

int32_t weight_row_bytes(const GroupShape& s, const Config& c) {
  const int32_t tile = tile_of(c, Knob::tile_ci, s.in.c);
  return tile == s.in.c ? least_channel_bytes(s, c) : tile;
}

int32_t held_tokens(const GroupShape& s, const Config& c) {
  const int32_t tokens = tile_of(c, Knob::tile_w, s.in.w);
  return on_accelerator(c) ? job_tokens(tokens) : tokens;
}

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_w, s.in.w, 1);
  add_tile_knob(space, Knob::tile_co, s.out.c, 4);
  add_tile_knob(space, Knob::tile_ci, s.in.c, 16);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_w, {1, 2, 3});
  add_knob(space, Knob::buf_out, {1, 2});
  add_kernel_knob(space, {1, 2, 4});  // gemm_5x4 is not offered (core/group/config.hpp)
  if (s.in.w > 1)
    add_knob(space, Knob::parallel,
             {static_cast<uint16_t>(ParallelAxis::pixels), static_cast<uint16_t>(ParallelAxis::channels)});
  else
    add_knob(space, Knob::parallel, {static_cast<uint16_t>(ParallelAxis::channels)});
  add_knob(space, Knob::order,
           {static_cast<uint16_t>(LoopOrder::channels_outer), static_cast<uint16_t>(LoopOrder::channels_inner)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_w, s.in.w, by_input | by_output});
  out.push_back({Knob::tile_co, s.out.c, by_weights | by_output});
  out.push_back({Knob::tile_ci, s.in.c, by_input | by_weights});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t tt = held_tokens(s, c), tc = tile_of(c, Knob::tile_co, s.out.c);
  const int32_t tk = tile_of(c, Knob::tile_ci, s.in.c);
  out[Role::input] = static_cast<uint32_t>(tt * tk);
  out[Role::weights] = static_cast<uint32_t>(tc * weight_row_bytes(s, c));
  out[Role::params] = static_cast<uint32_t>(tc * least_param_bytes(s, c));
  out[Role::output] = static_cast<uint32_t>(tt * tc * element_bytes(s.out_type));
  if (tk < s.in.c) out[Role::accumulators] = static_cast<uint32_t>(tt * tc) * 4;
}

void parts(const GroupShape& s, const Config& c, const Extents& e, Parts& out) {
  const Extent tokens = e[static_cast<size_t>(Knob::tile_w)], channels = e[static_cast<size_t>(Knob::tile_co)];
  const Extent reduction = e[static_cast<size_t>(Knob::tile_ci)];
  const bool split = tile_of(c, Knob::tile_ci, s.in.c) < s.in.c;
  const int32_t element = element_bytes(s.out_type);
  out.input = {{whole_dim(1), plain_dim(tokens, s.in.w), plain_dim(reduction, s.in.c)}, {s.in.w * s.in.c, s.in.c}};
  const int32_t weights = s.channel_bytes(on_accelerator(c)), params = s.param_bytes(on_accelerator(c));
  out.weights = {
      {plain_dim(channels, s.out.c), whole_dim(1), split ? plain_dim(reduction, s.in.c) : whole_dim(weights)},
      {weights, weights}};
  out.params = {{plain_dim(channels, s.out.c), whole_dim(1), whole_dim(params)}, {params, params}};
  out.output = {{whole_dim(1), plain_dim(tokens, s.out.w), element_dim(channels, s.out.c, element)},
                {s.out.w * s.out.c * element, s.out.c * element}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::linear;
  k.tiling = static_cast<uint8_t>(c[Knob::kernel]);
  k.rows = {none, 1};
  k.columns = tokens;
  k.channels = channels;
  k.reduction = reduction;
}

}  // namespace

const FamilyRules linear_rules{knobs, dims, buffers, parts};

}  // namespace ares
