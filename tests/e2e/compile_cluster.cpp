// Generated programs on the RISC-V ports: QEMU, which Debian has, and GVSOC where GVSOC_HOME names one.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/e2e/compile_support.hpp"

using namespace ares::test;

namespace {

void check_small_model(const std::string& platform, const std::string& options, const std::string& flags) {
  const ScratchDirectory scratch;
  const CommandResult compiled =
      run_shell(fmt::format("{}/ares-compile --model {}/tests/models/small_cnn.qonnx --no-kb --output {} {}",
                            ARES_BIN_DIR, ARES_SOURCE_DIR, scratch / "project", options));
  INFO(compiled.text);
  REQUIRE(compiled.status == 0);
  const CommandResult ran = make_project_on(platform, scratch / "project", flags);
  INFO(ran.text);
  CHECK(ran.status == 0);
  CHECK(ran.lines().back() == "Test PASSED");
  CHECK(ran.says("CHECK conv1 : equal"));
  CHECK(ran.says("PERFORMANCE SUMMARY small_cnn : total="));

  // A wrong expectation is found, and is the exit status.
  const std::string golden = scratch / "project/src/golden.c";
  std::string text = read_text(golden);
  const size_t values = text.find("golden_classifier");
  REQUIRE(values != std::string::npos);
  text.replace(text.find('{', values), 1, "{1000000 +");
  write_text(golden, text);
  const CommandResult wrong = make_project_on(platform, scratch / "project", flags);
  INFO(wrong.text);
  CHECK(wrong.status != 0);
  CHECK(wrong.says("Test FAILED"));
}

}  // namespace

TEST_CASE("a RISC-V compiler or a simulator that is not there is one line") {
  const ScratchDirectory scratch;
  const std::string compile = fmt::format("{}/ares-compile --model {}/tests/models/small_cnn.qonnx --no-kb --output {}",
                                          ARES_BIN_DIR, ARES_SOURCE_DIR, scratch / "project");
  REQUIRE(run_shell(compile).status == 0);
  const std::string make = fmt::format("make --no-print-directory -C {} ", scratch / "project");
  const CommandResult no_compiler = run_shell(make + "all platform=qemu RISCV_CC=riscv-of-nobody");
  INFO(no_compiler.text);
  CHECK(no_compiler.status != 0);
  CHECK(no_compiler.lines().size() == 1);
  CHECK(no_compiler.says("riscv-of-nobody"));
  if (run_shell("command -v riscv64-unknown-elf-gcc").status != 0) return;
  const CommandResult no_simulator = run_shell(make + "-j2 run platform=gvsoc GVSOC_HOME=/nowhere");
  INFO(no_simulator.text);
  CHECK(no_simulator.status != 0);
  CHECK(no_simulator.says("/nowhere/bin/gvsoc is not there: set GVSOC_HOME"));
}

TEST_CASE("ares-compile: the repository's model passes on QEMU") {
  if (!have_platform("qemu")) {
    MESSAGE("no riscv64-unknown-elf-gcc with qemu-system-riscv32: nothing run on QEMU");
    return;
  }
  check_small_model("qemu", "", "ENABLE_PERF=1");
  check_small_model("qemu", "--requant exact --cores 5", "ENABLE_PERF=1 CORE=3");
}

TEST_CASE("ares-compile: the repository's model passes on GVSOC") {
  if (!have_platform("gvsoc")) {
    MESSAGE("no GVSOC_HOME: nothing run on GVSOC");
    return;
  }
  check_small_model("gvsoc", "", "ENABLE_PERF=1");
  check_small_model("gvsoc", "--requant exact --cores 5", "ENABLE_PERF=1 CORE=3");
}
