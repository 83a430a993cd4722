// A bound below every config of a group: what no tiling, order or buffering can avoid.
//
// The orchestrator is busy with the kernels (at the best kernel's rate, all workers, no remainders), with one call and
// one set-up per operand, and it must wait for the first bytes in and the last bytes out. The channels must move every
// byte that is needed at least once, and a kernel call has to follow the last byte in or precede the first byte out.
#include <algorithm>

#include "core/group/accelerator.hpp"
#include "core/lower/lower.hpp"
#include "cost_models/accelerator_cycles.hpp"
#include "cost_models/cost_model.hpp"
#include "cost_models/kernel_cycles.hpp"

namespace ares {
namespace {

/// Positions of one input dimension that some window covers.
int32_t covered(int32_t extent, int32_t outputs, int32_t stride, int32_t reach, int32_t pad) {
  if (stride >= reach) {
    int32_t n = 0;
    for (int32_t i = 0; i < outputs; ++i) {
      const int32_t from = i * stride - pad;
      n += std::max(0, std::min(from + reach, extent) - std::max(from, 0));
    }
    return n;
  }
  return std::max(0, std::min((outputs - 1) * stride - pad + reach, extent));
}

/// The part of the output that the group writes.
Dims written(const GroupShape& s) {
  if (s.family != Family::rearrange) return s.out;
  const auto extent = [&](size_t a) { return s.movement.axes[a].count * s.movement.axes[a].repeat; };
  return {extent(0), extent(1), extent(2)};
}

/// Of a rearrangement: elements that are certain to be read, none where its box may lie outside of the input.
double input_bytes(const GroupShape& s) {
  if (s.family == Family::rearrange) return 0;
  const double element = element_bytes(s.in_type), all = element * static_cast<double>(s.in.count());
  if (is_elementwise(s.family)) return all + s.in.c * element_bytes(s.in2_type);
  if (s.family == Family::scan) return 2 * all + 2.0 * s.heads * s.in.w;
  if (s.family == Family::matmul) return all + double(s.in.h) * (s.in.c / s.heads) * s.out.c;
  if (!has_window(s.family)) return all;
  const Window& w = s.window;
  const int32_t rows = covered(s.in.h, s.out.h, w.sh, (w.kh - 1) * w.dh + 1, w.pt);
  const int32_t columns = covered(s.in.w, s.out.w, w.sw, (w.kw - 1) * w.dw + 1, w.pl);
  return double(rows) * columns * s.in.c * element;
}

double constant_bytes(const GroupShape& s, bool job) { return double(s.weights_size(job)) + s.params_size(job); }

bool may_accelerate(const Query& q) { return q.context.accelerator && q.shape.accelerator.weight_bits > 0; }

/// Cycles of one job for everything: no tiling needs fewer.
double job_cycles(const Query& q) {
  const GroupShape& s = q.shape;
  Job job;
  job.kind = s.family == Family::depthwise ? JobKind::depthwise3x3
             : s.window.kh == 3            ? JobKind::conv3x3
                                           : JobKind::conv1x1;
  job.stride = static_cast<uint8_t>(s.window.sh);
  job.weight_bits = s.accelerator.weight_bits;
  job.scale_bits = s.accelerator.scale_bits;
  job.tokens = job_takes_tokens(s);
  const JobCost cost = job_cost(job, {s.out.h, s.out.w, s.out.c, s.in.c}, q.target.accelerator.kind);
  return cost.count * cost.cycles;
}

/// Cycles of all kernel calls together by the fastest kernel of the space.
double least_kernel_cycles(const Query& q) {
  Kernel k;
  k.form = q.shape.form;
  k.rounding = q.shape.rounding;
  k.window = q.shape.window;
  k.asymmetric = q.shape.asymmetric();
  k.reduction = {none, q.shape.in.c};
  const Dims out = written(q.shape);
  const KernelTile whole{out.h, out.w, out.c, q.shape.in.c, true, true, 0};
  const auto least = [&] { return KernelFormula(k, q.target, q.context.cores).least(whole); };
  switch (q.shape.family) {
    case Family::max_pool:
      k.kind = KernelKind::max_pool;
      return least();
    case Family::average_pool:
      k.kind = KernelKind::average_pool;
      return least();
    case Family::depthwise:
      k.kind = KernelKind::depthwise;
      return least();
    case Family::table:
      k.kind = KernelKind::table;
      return least();
    case Family::add:
      k.kind = KernelKind::add;
      return least();
    case Family::multiply:
      k.kind = KernelKind::multiply;
      return least();
    case Family::curve:
      k.kind = KernelKind::curve;
      return least();
    case Family::rearrange:
      k.kind = KernelKind::rearrange;
      if (q.shape.mapped) k.weights = 0;
      return least();  // as one run, which is the fastest
    case Family::norm:
      k.kind = KernelKind::norm;
      k.in_type = q.shape.in_type;
      k.across = q.shape.across;
      k.channel_bytes = q.shape.channel_bytes();
      return least();
    case Family::softmax:
      k.kind = KernelKind::softmax;
      return least();
    case Family::matmul:
      k.kind = KernelKind::matmul;
      return KernelFormula(k, q.target, q.context.cores).least({out.h, out.w, out.c, q.shape.in.c / q.shape.heads});
    case Family::scan:
      k.kind = KernelKind::scan;
      return KernelFormula(k, q.target, q.context.cores).least({1, q.shape.heads, out.c, out.w});
    case Family::transform:
      k.kind = KernelKind::transform;
      return least();
    case Family::rotary:
      k.kind = KernelKind::rotary;
      return least();
    case Family::lookup:
      k.kind = KernelKind::lookup;
      return least();
    case Family::conv:
    case Family::linear:
      k.kind = q.shape.family == Family::conv ? KernelKind::conv : KernelKind::linear;
      break;
  }
  double best = 0;
  for (const KnobRange& r : make_space(q.shape, q.context).knobs) {
    if (r.knob != Knob::kernel) continue;
    for (const uint16_t tiling : r.values) {
      if (kernel_tiling(tiling).style == KernelStyle::accelerator) continue;
      k.tiling = static_cast<uint8_t>(tiling);
      const double cycles = least();
      best = best == 0 ? cycles : std::min(best, cycles);
    }
  }
  return best;
}

/// Of a fused group: its first layer, as much of it as the tails read, and the bytes of the last one's output.
double fused_bound(const Query& q) {
  GroupShape first = q.shape;
  first.tail_count = 0;
  for (size_t i = q.shape.tail_count; i-- > 0;) {
    const Tail& t = q.shape.tails[i];
    if (t.family != Family::max_pool && t.family != Family::average_pool) continue;
    first.out.h = std::min(first.out.h, (t.out.h - 1) * t.window.sh + t.window.kh);
    first.out.w = std::min(first.out.w, (t.out.w - 1) * t.window.sw + t.window.kw);
  }
  const double in = lower_bound({first, q.context, q.target});
  const double stored = element_bytes(first.out_type) * static_cast<double>(first.out.count());
  const double last = static_cast<double>(q.shape.last_out().count()) / q.target.dma.bytes_per_cycle_out;
  // The first layer's output is not stored: only its compute and its input bind.
  return std::max(last, in - stored / q.target.dma.bytes_per_cycle_out);
}

double least_call(const Query& q) {
  if (q.shape.family == Family::table) return call_overhead(q.target.cores, KernelKind::table);
  if (q.shape.family == Family::add) return call_overhead(q.target.cores, KernelKind::add);
  return call_overhead(q.target.cores);
}

double bound_of(const Query& q, bool job) {
  const DmaParams& dma = q.target.dma;
  const double constants = constant_bytes(q.shape, job);
  const int operands = 2 + (q.shape.weights_size() > 0) + (q.shape.params_size() > 0) + is_elementwise(q.shape.family);
  const double first_in = dma.latency + 1, last_out = dma.latency + 1;
  const double call = job ? q.target.accelerator.program_job : least_call(q);
  const double kernels = job ? job_cycles(q) : least_kernel_cycles(q);
  const double work = kernels + call + operands * dma.setup_1d + first_in + last_out;
  const double in = (input_bytes(q.shape) + constants) / dma.bytes_per_cycle_in + dma.latency + call + last_out;
  const double out_bytes = static_cast<double>(written(q.shape).count()) * element_bytes(q.shape.out_type);
  const double out = out_bytes / dma.bytes_per_cycle_out + first_in + call + dma.latency;
  double l3 = 0;
  if (q.context.weights == Level::l3 && has_weights(q.shape.family))
    l3 = constants / q.target.l3.bytes_per_cycle_read + q.target.l3.latency + first_in + call + last_out;
  return std::max({work, in, out, l3});
}

}  // namespace

double lower_bound(const Query& q) {
  if (q.shape.tail_count > 0) return fused_bound(q);
  const double cluster = bound_of(q, false);
  return may_accelerate(q) ? std::min(cluster, bound_of(q, true)) : cluster;
}

}  // namespace ares
