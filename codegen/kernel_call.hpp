// Kernel calls as C.
#pragma once

#include <string>

#include "codegen/group_names.hpp"
#include "codegen/sources.hpp"

namespace ares {

/// A static function `run_kernel(const walk* w)` (numbered where a program has several) that calls operation `index` of
/// the group's program. Fails where the runtime has no such kernel.
Result<std::string> kernel_function(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names,
                                    OperationId index);

/// The name of that function.
std::string kernel_function_name(const TileProgram& program, OperationId index);

}  // namespace ares
