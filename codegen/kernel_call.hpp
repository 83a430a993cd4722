// Kernel calls as C.
#pragma once

#include <string>
#include <vector>

#include "codegen/group_names.hpp"
#include "codegen/sources.hpp"

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

/// What the orchestrator prepares while workers or accelerator run: the next instances of all loads that have several,
/// and the store of this result.
std::string preparations(const TileProgram& program, const GroupNames& names);

/// A group's loads that the group before starts, the function of its C file that does so, and the call of the next
/// group's function beside operation `index` (empty where there is none).
std::vector<OperationId> early_loads(const TileProgram& program);
std::string early_function(const ProjectInput& in, const PlannedGroup& group);
std::string early_call(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names, OperationId index);

/// The names of the function and of its arguments.
std::string kernel_function_name(const TileProgram& program, OperationId index);
std::string kernel_arguments_name(const TileProgram& program, OperationId index);

/// The initialiser of the group's ares_requant.
std::string requant_text(const ProjectInput& in, const PlannedGroup& group);

}  // namespace ares
