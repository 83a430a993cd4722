#include "tests/e2e/exports.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

namespace ares::test {

namespace fs = std::filesystem;

std::vector<fs::path> shared_exports() {
  const char* shared = std::getenv("ARES_SHARED");
  const fs::path root = (shared ? fs::path(shared) : fs::path(ARES_SOURCE_DIR) / ".." / "shared") / "models";
  std::vector<fs::path> folders;
  for (const char* source : {"brevitas", "brevitas_v0.10", "thirdparty"}) {
    if (!fs::is_directory(root / source)) continue;
    for (const auto& entry : fs::directory_iterator(root / source)) {
      if (fs::exists(entry.path() / "model.qonnx")) folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end());
  if (folders.empty()) MESSAGE("skipped: no models in ", root.string(), " (ARES_SHARED names their parent's folder)");
  return folders;
}

}  // namespace ares::test
