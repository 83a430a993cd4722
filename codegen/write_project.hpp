// The C project of a network: generated sources for its groups, constants and golden data beside a copy of the runtime.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/plan/network_program.hpp"
#include "core/target/target.hpp"

namespace ares {

/// What the generated program is checked against, as stored bytes (s32 values little endian): the sample for each of
/// the graph's inputs, and the expected output of each group of the program, in its order.
struct GoldenData {
  std::vector<std::vector<uint8_t>> inputs;
  std::vector<std::vector<uint8_t>> outputs;
};

struct ProjectFile {
  std::filesystem::path path;  ///< relative to the project
  std::string text;
};

/// The project's files without touching the disk. Fails, naming the group, where its tile program asks for something
/// that the runtime has no kernel or copy for, or where golden data have the wrong size.
Result<std::vector<ProjectFile>> project_files(const NetworkProgram& program, const LayerGraph& graph,
                                               const Target& target, const GoldenData& golden);

/// Writes the project into `directory`, which is created; files of the same name are replaced.
Result<void> write_project(const NetworkProgram& program, const LayerGraph& graph, const Target& target,
                           const GoldenData& golden, const std::filesystem::path& directory);

}  // namespace ares
