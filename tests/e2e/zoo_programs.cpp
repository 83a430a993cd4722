// The zoo's networks all the way: built, tuned with the event simulator, compiled with what tuning found, run.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "experiments/zoo/zoo.hpp"
#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

CommandResult program(const std::string& command) { return run_shell(std::string(ARES_BIN_DIR) + "/" + command); }

/// Options that give every input a file.
std::string input_options(const qonnx::ModelGraph& model, const std::string& directory) {
  if (model.inputs.size() == 1) return fmt::format("--input {}/inputs.npy", directory);
  std::string options;
  for (const std::string& name : model.inputs)
    options += fmt::format(" --input {0}={1}/inputs_{0}.npy", name, directory);
  return options;
}

/// What a layer does not share with another one of the network is little: one measurement beyond rule and model-best.
void check_network(const zoo::Network& network, const ScratchDirectory& scratch) {
  const std::string directory = scratch / std::string(network.name), kb = scratch / "kb", project = scratch / "project";
  REQUIRE(program(fmt::format("ares-zoo build {} --output {}", network.name, scratch.path().string())).status == 0);
  const CommandResult tuned =
      program(fmt::format("ares-tune --model {}/model.qonnx --kb {} --measure event --max-iter 3", directory, kb));
  INFO(tuned.text);
  REQUIRE(tuned.status == 0);
  const std::string inputs = input_options(zoo::build(network), directory);
  const CommandResult compiled = program(
      fmt::format("ares-compile --model {}/model.qonnx --kb {} --output {} {}", directory, kb, project, inputs));
  INFO(compiled.text);
  REQUIRE(compiled.status == 0);
  CHECK(compiled.says("[KB] "));
  const CommandResult made = make_project(project, "CORE=8 ENABLE_PERF=1");
  INFO(made.text);
  CHECK(made.status == 0);
  CHECK(made.says("Test PASSED"));
}

}  // namespace

TEST_SUITE("full") {
  TEST_CASE("zoo: every network is tuned, compiled and bit-exact as C") {
    const ScratchDirectory scratch;
    for (const zoo::Network& network : zoo::networks()) {
      CAPTURE(std::string(network.name));
      check_network(network, scratch);
    }
  }
}
