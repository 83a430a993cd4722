// The flags of a project's Makefile, and that its checks can fail.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <regex>

#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// A convolution, a linear layer, a pool and a table, planned for 4 cores.
void write_small(const std::filesystem::path& directory) {
  Random random(31);
  const ManyLayers layers = side_by_side(random, 4, [&](int i) {
    return i == 0   ? conv_network(random, {10, 10, 8}, 12, 3, 1)
           : i == 1 ? linear_network(random, 3, 40, 16)
                    : random_network(random, static_cast<Family>(i));
  });
  PlanOptions options;
  options.cores = 4;
  write_for_gap9(plan_for_gap9(layers.graph, random_configs(random), options), layers, directory);
}

/// Replaces the first value behind `marker` by another one far from it.
void corrupt(const std::filesystem::path& file, const std::string& marker) {
  const std::string text = read_text(file);
  const size_t at = text.find(marker);
  REQUIRE(at != std::string::npos);
  std::smatch value;
  const std::string tail = text.substr(at + marker.size());
  REQUIRE(std::regex_search(tail, value, std::regex("-?[0-9]+")));
  const std::string other = std::stoi(value.str()) < 0 ? "127" : "-127";
  write_text(file, text.substr(0, at + marker.size()) + value.prefix().str() + other + value.suffix().str());
}

}  // namespace

TEST_CASE("a generated project prints what its flags ask for") {
  const ScratchDirectory scratch;
  write_small(scratch.path());

  const CommandResult all = make_project(scratch.path(), "ENABLE_PERF=1");
  INFO(all.text);
  REQUIRE(all.status == 0);
  CHECK(all.says("CHECK layer0 : equal, 0 of 1200 values differ, max error 0"));
  const std::regex perf(
      "PERF layer[0-3] : total=[0-9]+ compute=[0-9]+ dma_load=[0-9]+ dma_store=[0-9]+ idle=[0-9]+ overlap=[0-9]+%");
  int perf_lines = 0;
  for (const std::string& line : all.lines()) perf_lines += std::regex_match(line, perf);
  CHECK(perf_lines == 4);
  CHECK(all.says("PERFORMANCE SUMMARY"));
  CHECK(all.says("Maximum error: 0  Mean error: 0.000000"));
  CHECK(all.lines().back() == "Test PASSED");

  const CommandResult minimal = make_project(scratch.path(), "MINIMAL_OUTPUT=1 DISABLE_INTERMEDIATE_GOLDEN=1 CORE=1");
  CHECK(minimal.status == 0);
  CHECK(minimal.lines().size() == 2);
}

TEST_CASE("limits of the plan are compile-time errors that name the option") {
  const ScratchDirectory scratch;
  write_small(scratch.path());
  const CommandResult stack = make_project(scratch.path(), "PI_CL_SLAVE_STACK_SIZE=0x800");
  CHECK(stack.status != 0);
  CHECK(stack.says("--stack"));
  const CommandResult smaller = make_project(scratch.path(), "PI_CL_SLAVE_STACK_SIZE=0x200 MINIMAL_OUTPUT=1");
  CHECK(smaller.status == 0);
  const CommandResult cores = make_project(scratch.path(), "CORE=5");
  CHECK(cores.status != 0);
  CHECK(cores.says("--cores"));
}

TEST_CASE("a platform that is not there is one line") {
  const ScratchDirectory scratch;
  write_small(scratch.path());
  for (const char* platform : {"board", "toaster"}) {
    const CommandResult made =
        run_shell(fmt::format("make --no-print-directory -C {} all platform={}", scratch.path().string(), platform));
    CHECK(made.status != 0);
    CHECK(made.lines().size() == 1);
    CHECK(made.says(platform));
  }
}

TEST_CASE("a wrong constant and a wrong golden byte fail the test") {
  const ScratchDirectory scratch;
  for (const auto& [file, marker] :
       {std::pair{"src/weights.c", ".layer0_weights = {"}, std::pair{"src/weights.c", ".layer1_params = {"},
        std::pair{"src/golden.c", "uint8_t golden_layer2["}}) {
    CAPTURE(marker);
    write_small(scratch.path());
    const std::string text = read_text(scratch / file);
    corrupt(scratch / file, text.substr(0, text.find('{', text.find(marker)) + 1));
    const CommandResult made = run_shell(
        fmt::format("make --no-print-directory -j2 -C {} clean all run EXTRA_CFLAGS='-Wno-overflow -Wno-conversion "
                    "-Wno-sign-conversion'",
                    scratch.path().string()));
    INFO(made.text);
    CHECK(made.status != 0);
    CHECK(made.says("Test FAILED"));
    CHECK(made.says("DIFFERS"));
  }
}
