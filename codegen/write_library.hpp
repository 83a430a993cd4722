// The C project of a network that is a part of a firmware: beside the program that checks it, a library whose global
// names begin with a prefix, so that several networks can be linked.
#pragma once

#include <filesystem>
#include <string>

#include "codegen/write_project.hpp"

namespace ares {

/// As write_project(), with PREFIX.h and PREFIX.c and `make lib`. `prefix`: a C name other than those of the runtime.
Result<void> write_library(const NetworkProgram& program, const LayerGraph& graph, const Target& target,
                           const GoldenData& golden, const std::filesystem::path& directory, const std::string& prefix);

}  // namespace ares
