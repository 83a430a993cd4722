// Many candidates as one C project: a group function each, their operands and expected outputs, and the main that
// measures and checks them (runtime/measure).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codegen/write_project.hpp"
#include "core/group/config.hpp"
#include "core/tile/program.hpp"
#include "cost_models/gvsoc/measured_layer.hpp"

namespace ares::gvsoc {

struct BatchCandidate {
  size_t layer = 0;  ///< position among the batch's layers
  Config config;
};

/// What a project's runtime objects depend on: programs of one class share them.
struct BatchClass {
  std::string platform = "gvsoc";
  int cores = 8;
  uint32_t stack = 0x400;
  uint32_t l1_bytes = 0, l2_bytes = 0;  ///< of the target
  /// The candidates' tiles leave L1 room for the orchestrator's stack and variables; else these lie in L2.
  bool near_stack = true;
  std::string slide_channels;  ///< SLIDE_CHANNELS of the project
  friend auto operator<=>(const BatchClass&, const BatchClass&) = default;
};

/// The class of one candidate's program.
BatchClass batch_class(const MeasuredLayer& layer, const TileProgram& program, const Target& target,
                       const std::string& platform);

/// Runtime, Makefile and configuration of programs of a class; src/ is empty.
std::vector<ProjectFile> runtime_project(const BatchClass& c);

/// The same, and everything else that is equal in all batches of a class: src/ holds the measuring main.
std::vector<ProjectFile> class_files(const BatchClass& c);

/// L2 bytes that a layer's operands take while it is measured.
uint64_t operand_bytes(const MeasuredLayer& layer);

/// The files of src/ for these candidates, which are numbered by `numbers`; all of one class. Fails, naming the
/// candidate, where the generator has no code for one.
Result<std::vector<ProjectFile>> batch_files(std::span<const MeasuredLayer> layers,
                                             std::span<const BatchCandidate> candidates,
                                             std::span<const size_t> numbers, const Target& target);

}  // namespace ares::gvsoc
