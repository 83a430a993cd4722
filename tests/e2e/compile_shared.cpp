// Every shared export as a program: compiled in exact policy, built, run on the host and equal to the reference.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/e2e/compile_support.hpp"
#include "tests/e2e/exports.hpp"

using namespace ares;
using namespace ares::test;
namespace fs = std::filesystem;

namespace {

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
  const auto folders = shared_exports();
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
