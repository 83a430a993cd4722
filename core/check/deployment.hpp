// What a checked model takes on a target: memory on each level, multiply-accumulates, estimated cycles.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/check/check_model.hpp"
#include "core/plan/network_program.hpp"

namespace ares {

/// The best config of a group by a cost model, and its estimate.
struct GroupCost {
  Config config;
  double cycles = 0;
  double l3 = 0;  ///< cycles in which the L3 channel is busy
  uint32_t l1_bytes = 0;
  std::string bottleneck;
};

/// Nothing: not even the smallest tile fits.
using GroupCostFunction = std::function<std::optional<GroupCost>(const GroupShape&, const Context&)>;

struct CheckedGroup {
  Group group;
  Context context;
  std::optional<GroupCost> cost;
};

/// Bytes a network takes. Activations and staging share the L2 arena; resident constants lie behind it.
struct MemoryNeed {
  uint32_t l1 = 0, l1_stacks = 0, l1_size = 0;
  uint32_t arena = 0, constants = 0, l2_size = 0;
  uint64_t l3 = 0, l3_size = 0;
};

struct Deployment {
  std::vector<CheckedGroup> groups;       ///< in execution order
  std::optional<NetworkProgram> program;  ///< where everything fits
  std::optional<MemoryNeed> memory;       ///< the same
  double cycles = 0;                      ///< sum of the groups' estimates
  int64_t macs = 0;
};

/// Plans the supported layers. What does not fit a memory becomes a finding of `check` (cause L1, L2 or L3).
Deployment deploy(ModelCheck& check, const Target& target, const PlanOptions& options, const GroupCostFunction& cost);

}  // namespace ares
