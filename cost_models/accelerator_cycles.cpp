#include "cost_models/accelerator_cycles.hpp"

#include <algorithm>
#include <cassert>

#include "core/tile/state.hpp"

namespace ares {
namespace {

struct Geometry {
  int32_t patch, dense_in, pointwise_in, out, depthwise;  ///< pixels per side; channels per group
};

/// NE16: GAP9's accelerator. N-EUREKA: Siracusa's, from its publication.
Geometry geometry_of(AcceleratorKind kind) {
  if (kind == AcceleratorKind::neureka) return {6, 28, 32, 32, 28};
  return {3, 16, 16, 32, 16};
}

constexpr double load_start = 6, stream_end = 6;  ///< per input group
constexpr double dense_start = 6, pointwise_start = 10, depthwise_start = 22;
constexpr double bias_accesses = 4;     ///< per output group; scales: as many as they have bits
constexpr double raw_accesses = 4;      ///< per output pixel: 32 channels of 32 bits
constexpr int32_t strided_patch = 2;    ///< outputs per side of a stride-2 job
constexpr double again = 0.3;           ///< of a job's programming: the registers in which patches of a tile differ
constexpr double find_registers = 600;  ///< of a tile among several; fitted to half of 36 random configs
constexpr double next_job = 57;  ///< from one patch's job to the next, measured: 11,025 cycles for 16 jobs, not 10,109

int32_t ceil_div(int32_t a, int32_t b) { return (a + b - 1) / b; }

/// Cycles by which loading a pixel takes longer where pixels do not begin at words, on average over their places. With
/// 3 channels: 27.2 k cycles of ResNet-8's first layer on GVSOC, 24.9 k without that.
double unaligned_pixel(int32_t channels) { return channels % 4 == 0 ? 0 : channels % 2 == 0 ? 0.5 : 0.75; }

/// Along one side: patches, and the input pixels under all of them together.
struct Side {
  int32_t patches, inputs;
};

Side side_of(int32_t outputs, int32_t patch, int32_t halo) {
  const int32_t patches = ceil_div(outputs, patch);
  return {patches, outputs + patches * halo};
}

}  // namespace

JobTile tile_at(const Job& job, const Position& at) {
  return {resolve(job.rows, at), resolve(job.columns, at), resolve(job.channels, at), resolve(job.reduction, at)};
}

double job_overhead(const Job& job, const Target& target) {
  return target.accelerator.program_job + (job.fill ? target.cores.fork_join : 0);
}

double job_entry(const TileProgram& program, OperationId job, const Target& target) {
  if (target.cores.group_start == 0) return target.cores.kernel_entry;
  return known_job(program, job) ? 0 : find_registers;
}

JobCost job_cost(const Job& job, const JobTile& tile, AcceleratorKind kind) {
  const Geometry g = geometry_of(kind);
  JobTile t = tile;
  if (job.tokens) {  // rows of a patch's width
    const int32_t pixels = t.rows * t.columns;
    t.columns = std::min(pixels, g.patch);
    t.rows = ceil_div(pixels, t.columns);
  }
  const bool pointwise = job.kind == JobKind::conv1x1, depthwise = job.kind == JobKind::depthwise3x3;
  const bool strided = job.stride > 1 && !pointwise;  // pixels of a 1x1 window may lie anywhere
  Side rows = side_of(t.rows, g.patch, pointwise ? 0 : 2), columns = side_of(t.columns, g.patch, pointwise ? 0 : 2);
  if (strided) {  // each job computes a whole patch and keeps every other output
    const int32_t inputs = g.patch + 2;
    rows = {ceil_div(t.rows, strided_patch), ceil_div(t.rows, strided_patch) * inputs};
    columns = {ceil_div(t.columns, strided_patch), ceil_div(t.columns, strided_patch) * inputs};
  }
  const double patches = double(rows.patches) * columns.patches, whole = patches * g.patch * g.patch;
  const double inputs = pointwise ? whole : double(rows.inputs) * columns.inputs;
  const double pixels = pointwise ? whole : double(t.rows) * t.columns;
  const double out_groups = ceil_div(t.channels, depthwise ? g.depthwise : g.out);
  const double in_groups = depthwise ? 1 : ceil_div(t.reduction, pointwise ? g.pointwise_in : g.dense_in);
  const double start = load_start + (depthwise   ? depthwise_start
                                     : pointwise ? pointwise_start + stream_end
                                                 : dense_start + stream_end);
  const double weights = t.channels * (pointwise ? 1.0 : double(job.weight_bits));
  const double loads = inputs * (1 + unaligned_pixel(depthwise ? t.channels : t.reduction));
  double cycles = in_groups * (out_groups * (patches * start + loads) + patches * weights);
  cycles += job.out_bits == 32 ? out_groups * pixels * raw_accesses
                               : out_groups * (patches * (job.scale_bits + bias_accesses) + pixels);
  const int32_t count = strided ? rows.patches * columns.patches : 1;
  return {count, cycles / count + (strided ? next_job : 0)};
}

double programming(int32_t count, double program) {
  return program * (std::min(count, 2) + again * std::max(count - 2, 0));
}

double Accelerator::start(const JobCost& jobs, double program, double now) {
  for (int32_t i = 0; i < jobs.count; ++i) {
    now = std::max(now, done_before) + (i < 2 ? program : again * program);
    done_before = done;
    done = std::max(now, done) + jobs.cycles;
  }
  busy += jobs.count * jobs.cycles;
  return now;
}

double time_beside_job(KernelKind kind) {
  const bool computes = kind == KernelKind::conv || kind == KernelKind::linear || kind == KernelKind::depthwise;
  return computes ? 0.4 : 1;
}

double Accelerator::disturb(KernelKind kind, double begin, double end) {
  const double later = time_beside_job(kind) * std::max(0.0, std::min(end, done) - begin);
  done += later;
  return later;
}

}  // namespace ares
