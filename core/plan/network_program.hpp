// NetworkProgram: the whole inference. The groups' tile programs in order, where every tensor and constant lives, and
// the edges between groups. Whole-network cycles come from playing it as one; the code generator prints it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/group/fusion.hpp"
#include "core/group/space.hpp"
#include "core/lower/lower.hpp"
#include "core/target/target.hpp"

namespace ares {

/// Bytes at an offset of a memory's region: activations share one L2 arena, resident constants lie behind it, streamed
/// constants lie in the L3 image.
struct Placement {
  Level level = Level::l2;
  uint32_t offset = 0;
  uint32_t bytes = 0;
};

/// Where a group's config came from.
enum class ConfigOrigin : uint8_t { search, kb_exact, kb_near, model, rule, pin };

const char* name_of(ConfigOrigin o);  ///< search, kb-exact, kb-near, model, rule, pin

struct ChosenConfig {
  Config config;
  ConfigOrigin origin = ConfigOrigin::rule;
  std::string note;  ///< one phrase for people: the knowledge-base entry, the model's cycles
};

struct PlannedGroup {
  Group group;
  Context context;
  ChosenConfig chosen;
  TileProgram program;
  Placement input, output, weights, params;
  Placement input2, input3;     ///< of groups with several inputs
  Placement tails;              ///< constants of fused layers behind the first
  uint32_t staging_offset = 0;  ///< L2 arena offset of the program's L2 buffers
};

struct NetworkProgram {
  std::string name;
  std::vector<PlannedGroup> groups;
  Partition fused;                 ///< PlanOptions::fused, that the groups are made by
  std::vector<Placement> tensors;  ///< by TensorId; all in the L2 arena
  uint32_t arena_bytes = 0;        ///< L2 arena of activations and staging
  uint32_t arena_lower_bound = 0;  ///< of any packing: it is the arena's where no smaller one exists
  uint32_t l2_constant_bytes = 0;  ///< resident constants, copied from L3 once at start
  uint64_t l3_bytes = 0;           ///< image: resident and streamed constants (resident ones first)
  uint32_t l1_bytes = 0;           ///< L1 that the groups' buffers take together
  int cores = 8;
  uint32_t stack = 0x400;
};

struct PlanOptions {
  int cores = 8;
  uint32_t stack = 0;                                 ///< 0: the target's default
  uint64_t l1_limit = 0, l2_limit = 0, l3_limit = 0;  ///< what ARES may use; 0: the whole memory
  bool accelerator = true;                            ///< groups may be placed on the chip's, if it has one
  Partition fused = {};                               ///< groups that are computed with the one before them
};

/// A group's context before any config is chosen: what a tuner tunes for. Weights stay in L2 where all fit; else those
/// of the largest groups are streamed from L3.
struct GroupInContext {
  Group group;
  Context context;
};
Result<std::vector<GroupInContext>> plan_contexts(const LayerGraph& graph, const Target& target,
                                                  const PlanOptions& options);

/// Asked once per group, in order.
using ConfigChooser = std::function<Result<ChosenConfig>(const Group&, const Context&)>;

/// The program for the chosen configs; fails with the tensor or group, the memory and the bytes missing.
Result<NetworkProgram> plan_network(const LayerGraph& graph, const Target& target, const PlanOptions& options,
                                    const ConfigChooser& choose);

}  // namespace ares
