#include "cost_models/gvsoc/project_directory.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

namespace ares::gvsoc {

namespace fs = std::filesystem;

fs::path make_scratch() {
  std::string name = (fs::temp_directory_path() / "ares-measure-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw CommandError(ExitStatus::failed, fmt::format("{}: no temporary directory can be made there", name));
  return name;
}

Result<void> write_files(const fs::path& directory, const std::vector<ProjectFile>& files) {
  for (const ProjectFile& f : files) {
    std::error_code error;
    fs::create_directories((directory / f.path).parent_path(), error);
    std::ofstream stream(directory / f.path, std::ios::binary | std::ios::trunc);
    stream << f.text;
    stream.close();
    if (!stream) return fail(fmt::format("{}: cannot be written", (directory / f.path).string()));
  }
  return {};
}

std::vector<std::string> make_command(const fs::path& directory, const std::string& goal, const Simulator& simulator,
                                      const std::string& optimise) {
  std::string command = fmt::format("exec make --no-print-directory -C '{}' {} platform={} OPTIMISE='{}'",
                                    directory.string(), goal, simulator.platform, optimise);
  if (!simulator.home.empty()) command += fmt::format(" GVSOC_HOME='{}'", simulator.home);
  return {"sh", "-c", command};
}

std::string error_line(const std::string& text) {
  std::string last;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const bool linker = line.find("undefined reference") != std::string::npos || line.find("ld: ") != std::string::npos;
    if (linker || line.find("error") != std::string::npos) return line;
    if (!line.empty()) last = line;
    at = end + 1;
  }
  return last;
}

ScratchProject::ScratchProject(const std::vector<ProjectFile>& files) : directory_(make_scratch()) {
  if (const auto ok = write_files(directory_, files); !ok) throw CommandError(ExitStatus::failed, ok.error().what);
}

ScratchProject::~ScratchProject() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::vector<std::string> ScratchProject::make(const std::string& goal, const Simulator& simulator) const {
  return make_command(directory_, goal, simulator);
}

}  // namespace ares::gvsoc
