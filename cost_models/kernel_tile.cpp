// The tile of a kernel call, from where its loops stand.
#include "cost_models/kernel_cycles.hpp"

namespace ares {

KernelTile tile_at(const TileProgram& program, const Kernel& k, const Position& at) {
  KernelTile t;
  t.rows = resolve(k.rows, at);
  t.columns = resolve(k.columns, at);
  t.channels = resolve(k.channels, at);
  t.reduction = resolve(k.reduction, at);
  if (k.whole_tiles()) t = {1, 1, t.rows * t.columns * t.channels, t.reduction};
  if (k.kind == KernelKind::softmax && k.layer > 0)
    t = {1, t.rows * t.columns * t.channels / k.channel_bytes, k.channel_bytes, t.reduction};
  if (k.reduction.loop != none && k.accumulators != none) {
    const LoopPosition& step = at[static_cast<size_t>(k.reduction.loop)];
    t.first_step = step.index == 0;
    t.last_step = step.last;
  }
  const bool windowed = k.kind == KernelKind::conv || k.kind == KernelKind::max_pool ||
                        k.kind == KernelKind::depthwise || k.kind == KernelKind::rearrange;
  if (windowed && k.input_copy != none) {
    const auto* copy = std::get_if<Copy>(&program.operations[static_cast<size_t>(k.input_copy)].what);
    if (copy) {
      const Box b = resolve(copy->region, at);
      int32_t all = 1, inside = 1;
      for (size_t i = 0; i < 3; ++i) {
        all *= b.size[i] + b.pad_before[i] + b.pad_after[i];
        inside *= b.size[i];
      }
      t.padding_bytes = all - inside;
    }
  }
  return t;
}

}  // namespace ares
