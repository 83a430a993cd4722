#include "codegen/write_project.hpp"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "codegen/runtime_files.hpp"
#include "codegen/sources.hpp"
#include "codegen/write_library.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

Result<void> check_size(const std::string& what, const Tensor& t, const std::vector<uint8_t>& bytes) {
  const auto expected = static_cast<size_t>(t.dims.count() * element_bytes(t.type));
  if (bytes.size() == expected) return {};
  return fail(fmt::format("golden data of {}: {} bytes where tensor {} has {}", what, bytes.size(), t.name, expected));
}

/// Golden data match the graph.
Result<void> check_golden(const ProjectInput& in) {
  if (in.golden.inputs.size() != in.graph.inputs.size() || in.golden.outputs.size() != in.program.groups.size())
    return fail(fmt::format("golden data for {} inputs and {} groups where there are {} and {}",
                            in.golden.inputs.size(), in.golden.outputs.size(), in.graph.inputs.size(),
                            in.program.groups.size()));
  for (size_t i = 0; i < in.graph.inputs.size(); ++i) {
    const Tensor& t = in.graph.tensors[static_cast<size_t>(in.graph.inputs[i].tensor)];
    if (const auto ok = check_size("input " + in.graph.inputs[i].name, t, in.golden.inputs[i]); !ok) return ok;
  }
  for (size_t g = 0; g < in.program.groups.size(); ++g) {
    const Group& group = in.program.groups[g].group;
    const Tensor& t = in.graph.tensors[static_cast<size_t>(group.output)];
    if (const auto ok = check_size("group " + group.name, t, in.golden.outputs[g]); !ok) return ok;
  }
  return {};
}

/// The groups of an earlier project would be compiled into this one.
void remove_old_groups(const std::filesystem::path& sources) {
  std::error_code ignored;
  std::vector<std::filesystem::path> old;
  for (const auto& entry : std::filesystem::directory_iterator(sources, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("group_") && name.ends_with(".c")) old.push_back(entry.path());
  }
  for (const auto& path : old) std::filesystem::remove(path, ignored);
}

/// Directories that `path` needs, and the file.
Result<void> write(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error)
    return fail(fmt::format("{}: cannot create the directory: {}", path.parent_path().string(), error.message()));
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return fail(fmt::format("{}: cannot be written", path.string()));
  return {};
}

/// All files of the project, checked.
Result<std::vector<ProjectFile>> files_of(const ProjectInput& in) {
  if (const auto ok = check_golden(in); !ok) return tl::unexpected<Error>(ok.error());
  std::vector<ProjectFile> files;
  for (const PlannedGroup& g : in.program.groups) {
    auto source = group_source(in, g);
    if (!source) return tl::unexpected<Error>(source.error());
    files.push_back({"src/group_" + group_name(g) + ".c", std::move(*source)});
  }
  files.push_back({"src/network.h", network_header(in)});
  files.push_back({"src/network.c", network_source(in)});
  files.push_back({"src/weights.c", weights_source(in)});
  files.push_back({"src/golden.c", golden_source(in)});
  files.push_back({"src/main.c", main_source(in)});
  if (!in.library.empty()) {
    files.push_back({"src/" + in.library + ".h", library_header(in)});
    files.push_back({"src/" + in.library + ".c", library_source(in)});
  }
  files.push_back({"config.mk", config_mk(in)});
  files.push_back({"report.md", report(in)});
  for (const RuntimeFile& f : runtime_files()) {
    if (f.path.starts_with("measure/")) continue;  // of programs that measure candidates
    if (f.path == "network/Makefile")
      files.push_back({"Makefile", std::string(f.text)});
    else
      files.push_back({std::filesystem::path("runtime") / f.path, std::string(f.text)});
  }
  return files;
}

Result<void> write_all(const ProjectInput& in, const std::filesystem::path& directory) {
  const auto files = files_of(in);
  if (!files) return tl::unexpected<Error>(files.error());
  remove_old_groups(directory / "src");
  for (const ProjectFile& f : *files)
    if (const auto ok = write(directory / f.path, f.text); !ok) return ok;
  return {};
}

}  // namespace

Result<std::vector<ProjectFile>> project_files(const NetworkProgram& program, const LayerGraph& graph,
                                               const Target& target, const GoldenData& golden) {
  return files_of({program, graph, target, golden});
}

Result<void> write_project(const NetworkProgram& program, const LayerGraph& graph, const Target& target,
                           const GoldenData& golden, const std::filesystem::path& directory) {
  return write_all({program, graph, target, golden}, directory);
}

Result<void> write_library(const NetworkProgram& program, const LayerGraph& graph, const Target& target,
                           const GoldenData& golden, const std::filesystem::path& directory,
                           const std::string& prefix) {
  return write_all({program, graph, target, golden, prefix}, directory);
}

}  // namespace ares
