// The host port shows what would go wrong on a chip: missing waits, copies outside of their memories, races.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// A program around `body`, with 64 bytes of L1, 256 of L2 and 128 of L3 that hold 0, 1, 2, ...
CommandResult run_c(const ScratchDirectory& scratch, const std::string& body, const std::string& flags = "",
                    const std::string& environment = "") {
  write_text(scratch / "main.c", fmt::format(R"(
#include <stdio.h>
#include <string.h>
#include "hal/ares_hal.h"
static uint8_t l3[128];
static int32_t counts[8];
static void count(const void* argument) {{
  (void)argument;
  counts[ares_core()] += 1;
  ares_barrier();
  int32_t sum = 0;
  for (int32_t i = 0; i < ares_cores(); ++i) sum += counts[i];
  ares_barrier();
  counts[ares_core()] = sum;
}}
int main(void) {{
  for (int i = 0; i < 128; ++i) l3[i] = (uint8_t)i;
  const ares_platform platform = {{.cores = 3, .l1_bytes = 64, .l2_bytes = 256, .l3 = l3, .l3_bytes = sizeof l3}};
  ares_open(&platform);
  ares_enter("conv7");
  for (int i = 0; i < 256; ++i) ares_l2()[i] = (uint8_t)i;
  ares_ticket in = {{0}}, out = {{0}};
  (void)in, (void)out, (void)count;
  {}
  ares_close();
  puts("end");
  return 0;
}}
)",
                                             body));
  const CommandResult built = run_shell(
      fmt::format("gcc -std=c11 -g -O1 -Wall -Wextra -Wconversion -Werror -pthread {} -I{}/runtime -o {} {} "
                  "{}/runtime/hal/host/*.c {}/runtime/hal/twin/ares_ne16_twin.c",
                  flags, ARES_SOURCE_DIR, scratch / "program", scratch / "main.c", ARES_SOURCE_DIR, ARES_SOURCE_DIR));
  INFO(built.text);
  REQUIRE(built.status == 0);
  return run_shell(environment + " " + scratch / "program");
}

constexpr const char* two_rows_in =
    "const ares_command c = {.near = 8, .far = 100, .rows = 2, .row_bytes = 5, .far_pitch = 16};\n"
    "ares_copy(ARES_L2_TO_L1, &c, &in);\n";
constexpr const char* print_first = "printf(\"%d %d %d\\n\", ares_l1()[8], ares_l1()[13], ares_l1()[17]);\n";

}  // namespace

TEST_CASE("host port: copies arrive when they are waited for") {
  const ScratchDirectory scratch;
  for (const char* when : {"eager", "lazy", "random:5"}) {
    const CommandResult r = run_c(scratch, std::string(two_rows_in) + "ares_wait(&in);\n" + print_first, "",
                                  fmt::format("ARES_DMA_DELAY={}", when));
    INFO(r.text);
    CHECK(r.status == 0);
    CHECK(r.lines() == std::vector<std::string>{"100 116 120", "end"});
  }
  const CommandResult r = run_c(scratch, R"(
    const ares_command l3_to_l2 = {.near = 200, .far = 64, .rows = 1, .row_bytes = 16, .far_pitch = 0};
    ares_copy(ARES_L3_TO_L2, &l3_to_l2, &in);
    ares_wait(&in);
    memset(ares_l1(), 7, 64);
    const ares_command store = {.near = 0, .far = 1, .rows = 3, .row_bytes = 4, .far_pitch = 10};
    ares_copy(ARES_L1_TO_L2, &store, &out);
    ares_wait(&out);
    const uint8_t* l2 = ares_l2();
    printf("%d %d %d %d %d %d\n", l2[200], l2[215], l2[0], l2[1], l2[24], l2[25]);)");
  CHECK(r.lines() == std::vector<std::string>{"64 79 0 7 7 25", "end"});
}

TEST_CASE("host port: a missing wait shows") {
  const ScratchDirectory scratch;
  const std::string early = std::string(two_rows_in) + print_first + "ares_wait(&in);";
  const CommandResult stale = run_c(scratch, early, "", "ARES_DMA_DELAY=lazy");
  CHECK(stale.lines() == std::vector<std::string>{"165 165 165", "end"});
  const CommandResult race = run_c(scratch, early, "-fsanitize=thread");
  CHECK(race.status != 0);
  CHECK(race.says("data race"));
  const CommandResult forgotten = run_c(scratch, two_rows_in);
  CHECK(forgotten.status != 0);
  CHECK(forgotten.says("group conv7: a copy L2 to L1 was never waited for"));
}

TEST_CASE("host port: a copy outside of its memories names the group") {
  const ScratchDirectory scratch;
  for (const auto& [command, complaint] :
       {std::pair{"ARES_L2_TO_L1, {.near = 60, .far = 0, .rows = 1, .row_bytes = 5}",
                  "copy L2 to L1: bytes [60, 65) lie outside of the 64 bytes of L1"},
        std::pair{"ARES_L1_TO_L2, {.near = 0, .far = 240, .rows = 2, .row_bytes = 4, .far_pitch = 13}",
                  "copy L1 to L2: bytes [240, 257) lie outside of the 256 bytes of L2"},
        std::pair{"ARES_L3_TO_L2, {.near = 0, .far = 128, .rows = 1, .row_bytes = 1}",
                  "copy L3 to L2: bytes [128, 129) lie outside of the 128 bytes of L3"},
        std::pair{"ARES_L2_TO_L1, {.near = 0, .far = 0, .rows = 0, .row_bytes = 5}", "of 0 rows x 5 bytes"}}) {
    const std::string text = command;
    const size_t comma = text.find(',');
    const CommandResult r = run_c(scratch, fmt::format("const ares_command c = {};\nares_copy({}, &c, &in);",
                                                       text.substr(comma + 1), text.substr(0, comma)));
    CAPTURE(r.text);
    CHECK(r.status != 0);
    CHECK(r.says("ares: group conv7: "));
    CHECK(r.says(complaint));
  }
}

TEST_CASE("host port: forks run once on every worker, barriers hold") {
  const ScratchDirectory scratch;
  for (const char* flags : {"", "-fsanitize=thread"}) {
    const CommandResult r = run_c(scratch, R"(
      ares_fork(count, NULL);
      ares_fork(count, NULL);
      printf("%d %d %d %d\n", counts[0], counts[1], counts[2], counts[3]);)",
                                  flags);
    INFO(r.text);
    CHECK(r.status == 0);
    CHECK(r.lines() == std::vector<std::string>{"12 12 12 0", "end"});
  }
}

TEST_CASE("host port: an unknown delay is refused") {
  const ScratchDirectory scratch;
  const CommandResult r = run_c(scratch, "", "", "ARES_DMA_DELAY=never");
  CHECK(r.status != 0);
  CHECK(r.says("ARES_DMA_DELAY is 'never'"));
}
