// Event simulator: plays a tile program, or a whole network of them, step by step on the machine's resources.
//
// The orchestrating core executes the walker's steps in order. A copy costs it the set-up of its commands and is then
// queued on its direction's channel (L2 to L1, L1 to L2, L3), a wait lasts until the instance has completed, a kernel
// call blocks it until the workers are done, an accelerator job costs it the programming and then runs by itself.
// Because there is one orchestrator and each resource serves its queue first come first served, taking the steps in
// program order is an exact discrete-event simulation: no event can be caused by a later step.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/plan/network_program.hpp"
#include "core/tile/walker.hpp"
#include "cost_models/cost_model.hpp"

namespace ares {

/// `group`: no resource, but the time from a group's start to its end.
enum class Resource : uint8_t { orchestrator, workers, dma_in, dma_out, l3, accelerator, group };

const char* name_of(Resource r);

/// A span of time that a resource spends on one step; `what` is an operand's or a kernel's name.
struct TraceSpan {
  Resource resource;
  size_t group = 0;  ///< index in the network
  OperationId operation = none;
  int32_t instance = 0;
  std::string_view what;
  double begin = 0, end = 0;
  const Position* position = nullptr;  ///< of the instance, during the call; null where there is none
};

using TraceSink = std::function<void(const TraceSpan&)>;

/// Cycles until everything has drained, and how long each resource was busy.
struct PlayResult {
  double cycles = 0;
  double compute = 0, dma_in = 0, dma_out = 0, l3 = 0, accelerator = 0;
  double stall = 0;     ///< the orchestrator waits for a transfer or a job
  double overhead = 0;  ///< the orchestrator sets up, forks, joins, programs
};

/// One warm run of a group.
PlayResult play(const TileProgram& program, const Target& target, const TraceSink* trace = nullptr);

/// What the groups of a network add to its result; they follow each other on one clock.
struct NetworkPlay {
  PlayResult total;
  double load_cycles = 0;  ///< cold: resident constants from L3 to L2, before the first group
  std::vector<PlayResult> groups;
};

/// One inference. Cold: the first one, which loads the resident constants from L3 first.
NetworkPlay play(const NetworkProgram& network, const Target& target, bool cold, const TraceSink* trace = nullptr);

/// Cycles that a network spends on a group beside its program: the call of its function, and code that other groups
/// have driven out of the instruction cache. From clock readings at the ends of the groups of three networks on GVSOC.
inline constexpr double group_call_cycles = 400;

/// Cycles that a kernel's first call in a group takes longer there, as the workers' instructions come out of L2. From
/// pools, sums and linear layers of the same networks; depthwise, whose code is long, from MobileNet's narrow maps.
inline constexpr double cold_kernel_cycles = 700, cold_depthwise_cycles = 1500;
inline double cold_cycles(KernelKind kind) {
  return kind == KernelKind::depthwise ? cold_depthwise_cycles : cold_kernel_cycles;
}

/// A play as a model's answer.
Estimate to_estimate(const PlayResult& result, uint32_t l1_bytes);

/// The model "event".
std::shared_ptr<const CostModel> make_event_model();

}  // namespace ares
