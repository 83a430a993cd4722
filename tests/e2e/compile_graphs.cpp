// Random graphs as compiled C, through their model files: every byte equal to what the reference engine computes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/builder/write_model.hpp"
#include "tests/e2e/compile_support.hpp"
#include "tests/support/random_models.hpp"

using namespace ares;
using namespace ares::test;

TEST_CASE("a hundred random graphs are bit-exact as C") {
  // Twenty-five graphs side by side make one program: compiling the runtime takes most of the time.
  const struct {
    uint64_t seed;
    const char *options, *flags;
  } cases[] = {{1, "--requant exact", "CORE=8"},
               {2, "", "CORE=3"},
               {3, "--requant exact", "CORE=5 SANITIZE=thread"},
               {4, "", "CORE=8 SANITIZE=address"}};
  for (const auto& c : cases) {
    const RandomModel random = random_model(c.seed, kImportedSteps, 25);
    CAPTURE(random.steps);
    const ScratchDirectory scratch;
    value_or_throw(qonnx::write_model(random.model, scratch / "model.qonnx"));
    const CommandResult compiled =
        run_shell(fmt::format("{}/ares-compile --no-kb --model {} --output {} {}", ARES_BIN_DIR,
                              scratch / "model.qonnx", scratch / "project", c.options));
    INFO(compiled.text);
    REQUIRE(compiled.status == 0);
    const CommandResult made = make_project(scratch / "project", std::string(c.flags) + " MINIMAL_OUTPUT=1");
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
}
