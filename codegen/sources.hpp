// The generated files of a project, one function each.
#pragma once

#include <string>

#include "codegen/write_project.hpp"

namespace ares {

/// What the printers of all files read.
struct ProjectInput {
  const NetworkProgram& program;
  const LayerGraph& graph;
  const Target& target;
  const GoldenData& golden;
  std::string library = {};  ///< prefix of global names, or empty
};

/// A global C name of the project: `name` behind the library's prefix.
std::string global_name(const ProjectInput& in, const std::string& name);

bool is_network_output(const ProjectInput& in, TensorId tensor);

/// C names: of a group's function and file, and of the constants that say where operands begin.
std::string group_name(const PlannedGroup& group);
std::string tensor_constant(const ProjectInput& in, TensorId tensor);
std::string weights_constant(const PlannedGroup& group);
std::string params_constant(const PlannedGroup& group);
std::string tails_constant(const PlannedGroup& group);
std::string staging_constant(const PlannedGroup& group);

/// The headers that group sources rely on: includes of network.h.
std::string group_includes();

/// The C type of a tensor's elements.
const char* c_type(ElementType type);

/// One line for people: `conv 3x3, stride 1x1, 28x28x16 -> 28x28x32`.
std::string describe(const GroupShape& shape);

Result<std::string> group_source(const ProjectInput& in, const PlannedGroup& group);
std::string network_header(const ProjectInput& in);
std::string network_source(const ProjectInput& in);
std::string weights_source(const ProjectInput& in);
std::string golden_source(const ProjectInput& in);
std::string main_source(const ProjectInput& in);
/// Of a library: what the firmware includes, and its functions.
std::string library_header(const ProjectInput& in);
std::string library_source(const ProjectInput& in);
/// Input channels, separated by commas, of the convolutions that slide a window of 3x3 in steps of one column: cores
/// with dot product instructions have an inner loop per number of channels, whose offsets must fit 12 bits.
std::string slide_channels(const NetworkProgram& program);
std::string config_mk(const ProjectInput& in);
std::string report(const ProjectInput& in);

}  // namespace ares
