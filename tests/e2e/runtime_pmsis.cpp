// The port for PMSIS compiles against prototypes of PMSIS, and its copies do what they should on memory of this
// computer.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

const std::string source = ARES_SOURCE_DIR;
const std::string compiler = fmt::format(
    "gcc -std=c11 -O1 -no-pie -Wall -Wextra -Wconversion -Werror -I{0}/runtime -I{0}/tests/pmsis -DARES_CORES=8 "
    "-DPI_CL_SLAVE_STACK_SIZE=0x400 -DARES_PLANNED_L1=1000 -DARES_PLANNED_L2=9000 -DARES_PLANNED_L3=1000",
    source);

}  // namespace

TEST_CASE("pmsis: all sources compile without a warning, for the GAP SDK and for pulp-sdk") {
  for (const char* sdk : {"", "-D__GAP9__"}) {
    const CommandResult made =
        run_shell(fmt::format("for f in {0}/runtime/hal/pmsis/*.c {0}/runtime/hal/pulp/*.c; do {1} {2} "
                              "-Dmain=ares_program -c -o /dev/null $f || exit 1; "
                              "done",
                              source, compiler, sdk));
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.text.empty());
  }
}

TEST_CASE("pmsis: copies of every shape arrive, in transfers that PMSIS takes") {
  const ScratchDirectory scratch;
  const CommandResult made =
      run_shell(fmt::format("{0} -o {1} {2}/tests/pmsis/copies.c {2}/runtime/hal/pmsis/ares_pmsis.c "
                            "{2}/runtime/hal/pmsis/ares_pmsis_dma.c {2}/runtime/hal/pmsis/ares_pmsis_l3.c && {1}",
                            compiler, scratch / "copies", source));
  INFO(made.text);
  CHECK(made.status == 0);
  CHECK(made.says("all right"));
}
