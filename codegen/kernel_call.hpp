// Kernel calls as C.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/group_names.hpp"
#include "codegen/sources.hpp"
#include "core/tile/walker.hpp"

namespace ares {

/// One kernel of a group. `function` is a static C function `run_kernel(walk* w)` (numbered where a program has
/// several) that completes the arguments in the walk's state and calls the kernel.
struct KernelText {
  std::string arguments_type, arguments;  ///< C type and name of the arguments within the walk's state
  std::string constants;                  ///< initialisers of the arguments that are the same for all tiles
  std::string function;
  OperationId box_copy = none;  ///< the load whose box it reads
};

/// Of operation `index` of the group's program. Fails where the runtime has no such kernel.
Result<KernelText> kernel_text(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names,
                               OperationId index);

/// The same of a job, whose function `run_job(walk* w)` starts it and whose arguments are named `job`.
KernelText job_text(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names, OperationId index);

/// What the orchestrator prepares while the workers or the accelerator run operation `index`: the next instances of all
/// loads that have several, and beside the last operation of an iteration the store of its result.
std::string preparations(const TileProgram& program, const GroupNames& names, OperationId index);

/// A group's loads that the group before starts, the function of its C file that does so, and the call of the next
/// group's function beside operation `index` (empty where there is none).
std::vector<OperationId> early_loads(const TileProgram& program);
/// The group before fetches this one's state and starts its early loads.
bool begins_early(const ProjectInput& in, const PlannedGroup& group);
std::string early_function(const ProjectInput& in, const PlannedGroup& group);
std::string early_call(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names, OperationId index);

/// C expression of a tile in L1: what a copy moves, or what one operation hands to the next. `index`: of the operation
/// that asks.
std::string tile_text(const TileProgram& program, const GroupNames& names, OperationId index, BufferId buffer);

/// What the function of an operation that runs ahead begins and ends with: it waits for the loads it reads, where they
/// are for its next instance, and goes on to the one after. Empty for others.
struct AheadText {
  std::string begin, end;
};
AheadText ahead_text(const TileProgram& program, const GroupNames& names, OperationId index);

/// Where the loops of operation `index` stand: `w->nest` or, of one that runs ahead, `w->ahead`.
const char* loops_text(const TileProgram& program, OperationId index);
/// The positions of these loops, or NULL where there are none.
std::string position_text(const TileProgram& program, OperationId index);

/// The box of a load that happens once; nothing for others.
std::optional<Box> known_box(const TileProgram& program, OperationId load);

/// The store that goes on beside the next group; none: there is none.
OperationId late_store(const TileProgram& program);

/// The names of the function and of its arguments.
std::string kernel_function_name(const TileProgram& program, OperationId index);
std::string kernel_arguments_name(const TileProgram& program, OperationId index);
std::string job_function_name(const TileProgram& program, OperationId index);
std::string job_arguments_name(const TileProgram& program, OperationId index);

/// The initialiser of an ares_padding.
std::string padding_text(const Box& box);

/// The runtime's name of an element type.
const char* runtime_type(ElementType type);

/// The initialiser of the ares_requant of the group's layer of that number.
std::string requant_text(const ProjectInput& in, const PlannedGroup& group, uint8_t layer);

}  // namespace ares
