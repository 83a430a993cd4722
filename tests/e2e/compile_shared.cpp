// Every shared export as a program: compiled in exact policy, built, run on the host and equal to the reference.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;
namespace fs = std::filesystem;

namespace {

/// Attention: no part of ARES reads it yet.
const std::set<std::string> kAwaited{"transformer1", "transformer1_opset17", "vit_tiny4"};

/// In $ARES_SHARED, else beside the repository.
std::vector<fs::path> exports() {
  const char* shared = std::getenv("ARES_SHARED");
  const fs::path root = (shared ? fs::path(shared) : fs::path(ARES_SOURCE_DIR) / ".." / "shared") / "models";
  std::vector<fs::path> folders;
  for (const char* source : {"brevitas", "brevitas_v0.10", "thirdparty"}) {
    if (!fs::is_directory(root / source)) continue;
    for (const auto& entry : fs::directory_iterator(root / source)) {
      const bool awaited = kAwaited.count(entry.path().filename().string());
      if (!awaited && fs::exists(entry.path() / "model.qonnx")) folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// The project of a model and its first sample; a model that lacks its first Quant takes its range from the samples.
CommandResult compile(const fs::path& folder, const std::string& project) {
  const std::string command =
      fmt::format("{}/ares-compile --no-kb --requant exact --model {}/model.qonnx --input {}/inputs.npy --output {}",
                  ARES_BIN_DIR, folder.string(), folder.string(), project);
  CommandResult result = run_shell(command);
  if (result.status != 0 && result.says("--ranges")) {
    result = run_shell(fmt::format("{} --ranges {}/inputs.npy", command, folder.string()));
  }
  return result;
}

}  // namespace

TEST_CASE("ares-compile: every shared model passes on the host in exact policy" * doctest::test_suite("full")) {
  const auto folders = exports();
  for (const fs::path& folder : folders) {
    CAPTURE(folder.string());
    const ScratchDirectory scratch;
    const CommandResult compiled = compile(folder, scratch / "project");
    INFO(compiled.text);
    CHECK(compiled.status == 0);
    if (compiled.status != 0) continue;
    const CommandResult made = make_project(scratch / "project", "CORE=8 MINIMAL_OUTPUT=1");
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
  MESSAGE(folders.size() << " shared models compiled and run");
}
