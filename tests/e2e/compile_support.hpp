// What the tests of generated programs share: networks of many independent layers, projects of them, make.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "codegen/write_project.hpp"
#include "core/ir/graph.hpp"
#include "core/plan/network_program.hpp"
#include "tests/support/synthetic.hpp"

namespace ares::test {

/// A fresh directory, removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Exit status and everything printed.
struct CommandResult {
  int status = -1;
  std::string text;

  bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
  std::vector<std::string> lines() const;
};

CommandResult run_shell(const std::string& command);

/// `make clean all run` of a project; warnings are errors. `flags` as on make's command line, `environment` before it.
CommandResult make_project(const std::filesystem::path& project, const std::string& flags,
                           const std::string& environment = "");

/// `make clean all`, then `make run` of a project on a RISC-V platform; warnings are errors.
CommandResult make_project_on(const std::string& platform, const std::filesystem::path& project,
                              const std::string& flags);

/// Whether make_project_on can run here: qemu needs a RISC-V compiler and QEMU, gvsoc the compiler and GVSOC_HOME.
bool have_platform(const std::string& platform);

std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);

/// Independent layers side by side, layer i of the network that make(i) gives: it reads input i and writes output i.
struct ManyLayers {
  LayerGraph graph;
  GoldenData golden;  ///< random inputs and what straight loops make of them
};
ManyLayers side_by_side(Random& random, int count, const std::function<LayerGraph(int)>& make);

/// A random feasible config per group.
ConfigChooser random_configs(Random& random);

/// Plans for gap9 and throws where that fails.
NetworkProgram plan_for_gap9(const LayerGraph& graph, const ConfigChooser& choose, const PlanOptions& options = {});

/// Writes the project and throws where that fails.
void write_for_gap9(const NetworkProgram& program, const ManyLayers& layers, const std::filesystem::path& directory);

}  // namespace ares::test
