// Depthwise convolution, any window: tiles over output rows, columns and channels; a channel tile cuts input, weights
// and output alike. On the accelerator the workers may take the first channels (knob `share`) beside its job.
#include "core/group/accelerator.hpp"
#include "core/lower/families.hpp"
#include "core/lower/window.hpp"

namespace ares {
namespace {

constexpr int32_t worker_channels = 4;  ///< that the workers' kernel takes at a time

/// Some shares of the channels, in whole words.
void add_share_knob(const GroupShape& s, SearchSpace& space) {
  KnobRange share{Knob::share, {0}};
  for (int32_t eighths = 2; eighths <= 6; ++eighths) {
    const int32_t channels = s.in.c * eighths / 8 / worker_channels * worker_channels;
    if (channels > share.values.back() && channels < s.in.c) share.values.push_back(static_cast<uint16_t>(channels));
  }
  space.knobs.push_back(share);
}

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_h, s.out.h, 1);
  add_tile_knob(space, Knob::tile_w, s.out.w, 1);
  add_tile_knob(space, Knob::tile_co, s.out.c, 4);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_w, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  if (space.context.accelerator && s.accelerator.weight_bits > 0) {
    add_kernel_knob(space, {0});
    add_share_knob(s, space);
  }
  add_knob(space, Knob::parallel,
           {static_cast<uint16_t>(ParallelAxis::rows), static_cast<uint16_t>(ParallelAxis::channels)});
  add_knob(space, Knob::order,
           {static_cast<uint16_t>(LoopOrder::channels_outer), static_cast<uint16_t>(LoopOrder::channels_inner)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_h, s.out.h, by_input | by_output});
  out.push_back({Knob::tile_w, s.out.w, by_input | by_output});
  out.push_back({Knob::tile_co, s.out.c, by_input | by_weights | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t th = tile_of(c, Knob::tile_h, s.out.h), tw = tile_of(c, Knob::tile_w, s.out.w);
  const int32_t tc = tile_of(c, Knob::tile_co, s.out.c);
  out[Role::input] = input_tile_bytes(s, th, tw, tc);
  out[Role::weights] = static_cast<uint32_t>(tc * s.channel_bytes(on_accelerator(c)));
  out[Role::params] = static_cast<uint32_t>(tc * s.param_bytes(on_accelerator(c)));
  out[Role::output] = static_cast<uint32_t>(th * tw * tc * element_bytes(s.out_type));
  if (c[Knob::share] == 0) return;
  const ConstantBytes shared = constants_of(s, c);
  out[Role::weights] = shared.weights;
  out[Role::params] = shared.params;
  if (!s.accelerator.fill) out[Role::padded] = input_tile_bytes(s, th, tw, c[Knob::share]);
}

Region whole_region(int32_t bytes) { return {{whole_dim(1), whole_dim(1), whole_dim(bytes)}, {bytes, bytes}}; }

void parts(const GroupShape& s, const Config& c, const Extents& e, Parts& out) {
  const Extent rows = e[static_cast<size_t>(Knob::tile_h)], columns = e[static_cast<size_t>(Knob::tile_w)];
  const Extent channels = e[static_cast<size_t>(Knob::tile_co)];
  const int32_t element = element_bytes(s.out_type);
  const int32_t weights = s.channel_bytes(on_accelerator(c)), params = s.param_bytes(on_accelerator(c));
  out.input = {{window_rows(s, rows), window_columns(s, columns), plain_dim(channels, s.in.c)},
               {s.in.w * s.in.c, s.in.c}};
  out.weights = {{plain_dim(channels, s.out.c), whole_dim(1), whole_dim(weights)}, {weights, weights}};
  out.params = {{plain_dim(channels, s.out.c), whole_dim(1), whole_dim(params)}, {params, params}};
  if (c[Knob::share] > 0) {
    const ConstantBytes shared = constants_of(s, c);
    out.weights = whole_region(static_cast<int32_t>(shared.weights));
    out.params = whole_region(static_cast<int32_t>(shared.params));
  }
  out.output = {{plain_dim(rows, s.out.h), plain_dim(columns, s.out.w), element_dim(channels, s.out.c, element)},
                {s.out.w * s.out.c * element, s.out.c * element}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::depthwise;
  k.rows = rows;
  k.columns = columns;
  k.channels = k.reduction = channels;
}

}  // namespace

const FamilyRules depthwise_rules{knobs, dims, buffers, parts};

}  // namespace ares
