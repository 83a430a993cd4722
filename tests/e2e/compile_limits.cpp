// --l1-limit, --l2-limit, --l3-limit: what the rest of the application leaves.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

CommandResult compile(const ScratchDirectory& scratch, const std::string& options) {
  return run_shell(
      fmt::format("{0}/ares-compile --no-kb --model {1}/tests/models/small_cnn.qonnx --output {2} --json {3} {4}",
                  ARES_BIN_DIR, ARES_SOURCE_DIR, scratch / "project", scratch / "made.json", options));
}

nlohmann::json memory(const ScratchDirectory& scratch) {
  return nlohmann::json::parse(read_text(scratch / "made.json"))["memory"];
}

}  // namespace

TEST_CASE("a network keeps to what is left of each memory, and still passes") {
  const ScratchDirectory scratch;
  const CommandResult compiled = compile(scratch, "--l1-limit 9000 --l2-limit 5000 --l3-limit 6000");
  INFO(compiled.text);
  REQUIRE(compiled.status == 0);
  const nlohmann::json m = memory(scratch);
  CHECK(m["l1_bytes"].get<int>() + 8 * 1024 <= 9000);
  CHECK(m["arena_bytes"].get<int>() + m["l2_constant_bytes"].get<int>() <= 5000);
  CHECK(m["l2_constant_bytes"].get<int>() < m["l3_bytes"].get<int>());  // some weights stream
  CHECK(m["l3_bytes"].get<int>() <= 6000);
  const CommandResult made = make_project(scratch / "project", "MINIMAL_OUTPUT=1");
  INFO(made.text);
  CHECK(made.lines().back() == "Test PASSED");
}

TEST_CASE("what does not fit: which tensor or group, at which step, by how many bytes") {
  const ScratchDirectory scratch;
  const std::pair<const char*, std::vector<const char*>> cases[] = {
      {"--l1-limit 5000", {"L1", "8 stacks", "--stack"}},
      {"--l2-limit 1000", {"L2", "440 too many", "step 2", "group pool1", "Quant_output_0 with 1152 bytes"}},
      {"--l3-limit 1000", {"L3", "4888 more"}},
  };
  for (const auto& [options, words] : cases) {
    const CommandResult refused = compile(scratch, options);
    INFO(refused.text);
    CHECK(refused.status == 1);
    for (const char* word : words) CHECK(refused.says(word));
  }
}
