// Projects on the disk: writing them, and what make is called with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "codegen/write_project.hpp"
#include "cost_models/gvsoc/simulator.hpp"

namespace ares::gvsoc {

/// Writes the files; directories are made.
Result<void> write_files(const std::filesystem::path& directory, const std::vector<ProjectFile>& files);

/// A fresh directory for temporary files; throws CommandError where none can be made.
std::filesystem::path make_scratch();

/// make of a project for the simulator's platform.
std::vector<std::string> make_command(const std::filesystem::path& directory, const std::string& goal,
                                      const Simulator& simulator, const std::string& optimise = "-O2");

/// The first line of a compiler's or linker's output that names an error, or its last line.
std::string error_line(const std::string& text);

/// A project in a directory that is removed with it.
class ScratchProject {
 public:
  /// Throws CommandError where it cannot be written.
  explicit ScratchProject(const std::vector<ProjectFile>& files);
  ~ScratchProject();
  ScratchProject(const ScratchProject&) = delete;
  ScratchProject& operator=(const ScratchProject&) = delete;

  std::vector<std::string> make(const std::string& goal, const Simulator& simulator) const;
  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

}  // namespace ares::gvsoc
