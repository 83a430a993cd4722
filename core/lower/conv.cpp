// Convolution, dense, any window: tiles over output rows, columns and channels; the whole reduction in one kernel call.
#include "core/group/accelerator.hpp"
#include "core/lower/families.hpp"
#include "core/lower/window.hpp"

namespace ares {
namespace {

bool pointwise(const GroupShape& s) { return s.window.kh == 1 && s.window.kw == 1; }

constexpr uint16_t tiling_named(std::string_view name) {
  for (size_t i = 0; i < kernel_tilings.size(); ++i)
    if (kernel_tilings[i].name == name) return static_cast<uint16_t>(i + 1);
  return 0;
}

void knobs(const GroupShape& s, SearchSpace& space) {
  add_tile_knob(space, Knob::tile_h, s.out.h, 1);
  add_tile_knob(space, Knob::tile_w, s.out.w, 1);
  add_tile_knob(space, Knob::tile_co, s.out.c, 4);
  add_knob(space, Knob::buf_in, {1, 2});
  add_knob(space, Knob::buf_w, {1, 2});
  add_knob(space, Knob::buf_out, {1, 2});
  if (pointwise(s))
    add_kernel_knob(space, {tiling_named("gemm_4x2"), tiling_named("gemm_4x4")});
  else if (s.window.dh == 1 && s.window.dw == 1)
    add_kernel_knob(space, {tiling_named("im2col_4x2"), tiling_named("im2col_4x4"), tiling_named("slide_4x4"),
                            tiling_named("slide_2x8")});
  else
    add_kernel_knob(space, {tiling_named("im2col_4x2"), tiling_named("im2col_4x4")});
  add_knob(space, Knob::parallel,
           {static_cast<uint16_t>(ParallelAxis::rows), static_cast<uint16_t>(ParallelAxis::pixels),
            static_cast<uint16_t>(ParallelAxis::channels)});
  add_knob(space, Knob::order,
           {static_cast<uint16_t>(LoopOrder::channels_outer), static_cast<uint16_t>(LoopOrder::channels_inner),
            static_cast<uint16_t>(LoopOrder::channels_middle)});
}

void dims(const GroupShape& s, TiledDims& out) {
  out.push_back({Knob::tile_h, s.out.h, by_input | by_output});
  out.push_back({Knob::tile_w, s.out.w, by_input | by_output});
  out.push_back({Knob::tile_co, s.out.c, by_weights | by_output});
}

void buffers(const GroupShape& s, const Config& c, BufferBytes& out) {
  const int32_t th = tile_of(c, Knob::tile_h, s.out.h), tw = tile_of(c, Knob::tile_w, s.out.w);
  const int32_t tc = tile_of(c, Knob::tile_co, s.out.c);
  out[Role::input] = input_tile_bytes(s, th, tw, s.in.c);
  out[Role::weights] = static_cast<uint32_t>(tc * least_channel_bytes(s, c));
  out[Role::params] = static_cast<uint32_t>(tc * least_param_bytes(s, c));
  out[Role::output] = static_cast<uint32_t>(th * tw * tc * element_bytes(s.out_type));
  if (on_accelerator(c) && job_takes_tokens(s)) {
    out[Role::input] = static_cast<uint32_t>(job_tokens(th * tw) * s.in.c);
    out[Role::output] = static_cast<uint32_t>(job_tokens(th * tw) * tc);
  }
  if (c[Knob::kernel] != 0 && kernel_tiling(c[Knob::kernel]).style == KernelStyle::im2col)
    out[Role::scratch] =
        static_cast<uint32_t>(gathered_bytes(kernel_tiling(c[Knob::kernel]).pixels, s.channel_bytes()));
}

void parts(const GroupShape& s, const Config& c, const Extents& e, Parts& out) {
  const Extent rows = e[static_cast<size_t>(Knob::tile_h)], columns = e[static_cast<size_t>(Knob::tile_w)];
  const Extent channels = e[static_cast<size_t>(Knob::tile_co)];
  const int32_t element = element_bytes(s.out_type);
  const int32_t weights = s.channel_bytes(on_accelerator(c)), params = s.param_bytes(on_accelerator(c));
  out.input = {{window_rows(s, rows), window_columns(s, columns), whole_dim(s.in.c)}, {s.in.w * s.in.c, s.in.c}};
  out.weights = {{plain_dim(channels, s.out.c), whole_dim(1), whole_dim(weights)}, {weights, weights}};
  out.params = {{plain_dim(channels, s.out.c), whole_dim(1), whole_dim(params)}, {params, params}};
  out.output = {{plain_dim(rows, s.out.h), plain_dim(columns, s.out.w), element_dim(channels, s.out.c, element)},
                {s.out.w * s.out.c * element, s.out.c * element}};
  Kernel& k = out.kernel;
  k.kind = KernelKind::conv;
  k.tiling = static_cast<uint8_t>(c[Knob::kernel]);
  k.rows = rows;
  k.columns = columns;
  k.channels = channels;
  k.reduction = {none, s.in.c};
}

}  // namespace

const FamilyRules conv_rules{knobs, dims, buffers, parts};

}  // namespace ares
