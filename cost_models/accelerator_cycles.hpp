// Cycles of accelerator jobs: the state machine of NE16 as its public simulator model steps through it. N-EUREKA is the
// same machine with its own patch and channel groups (an assumption: its timing has not been measured here).
//
// A job covers the output in patches, per patch output channels in groups, per group the input channels in groups:
//   per input group   6 + input pixels of the patch + {3x3: 6 + Ko*bits, 1x1: 10 + Ko, depthwise: 22 + C*bits}
//                     + 6 (not depthwise)
//   per output group  requantised: 8, 16 or 32 accesses for scales of so many bits + 4 for the biases + one per output
//   pixel;
//                     raw: 4 per output pixel
// Padding counts as input pixels; a patch cut short by the output's edge needs only the pixels under it, but for 1x1,
// which takes the time of whole patches.
#pragma once

#include "core/target/target.hpp"
#include "core/tile/walker.hpp"

namespace ares {

/// Sizes of the output tile and of its reduction (input channels); depthwise: reduction is not read.
struct JobTile {
  int32_t rows = 1, columns = 1, channels = 1, reduction = 1;
};

JobTile tile_at(const Job& job, const Position& position);

/// `count` hardware jobs in a row, of `cycles` each on average; stride 2 yields one patch of 2x2 outputs per job.
struct JobCost {
  int32_t count = 1;
  double cycles = 0;
};

/// Cycles of the orchestrating core to start a hardware job, padding included where the workers write it.
double job_overhead(const Job& job, const Target& target);

/// And before that, to find out a tile's registers where they are not known before. A program written by hand, which
/// keeps no state, enters a job as it does a kernel.
double job_entry(const TileProgram& program, OperationId job, const Target& target);

JobCost job_cost(const Job& job, const JobTile& tile, AcceleratorKind kind);

/// Cycles of the core to program `count` hardware jobs of one tile: each of the two contexts once, then what differs.
double programming(int32_t count, double program);

/// Of the time that a kernel computes beside a job, what the two together take longer: both use the banks of L1. From
/// GVSOC, the same tiles one after the other with single buffers and beside each other with double ones: 0.35 to 0.5
/// for MobileNetV1's and DS-CNN's depthwise and pointwise layers, either one on NE16; about 1, so that nothing is
/// gained, for ResNet-8's sums beside its convolutions, which load and store more than they compute.
double time_beside_job(KernelKind kind);

/// The accelerator with its two job contexts: a job can be programmed while another one runs, a third has to wait.
struct Accelerator {
  double done = 0, done_before = 0;  ///< end of the last job and of the one before it
  double busy = 0;

  /// Programs the jobs from `now` on, `program` cycles of the core each; returns when the core is through with it. The
  /// jobs have completed at `done`.
  double start(const JobCost& jobs, double program, double now);

  /// A kernel computes from `begin` to `end`; returns how much later the job that runs then completes.
  double disturb(KernelKind kind, double begin, double end);
};

}  // namespace ares
