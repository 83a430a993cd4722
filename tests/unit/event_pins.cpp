// The event simulator against times measured on the simulated cluster: transfers within 5 %, whole groups within 10 %.
// The constants come from instruction counts, single transfers and the random configs of ares-study-gvsoc, never from
// the groups that are checked here. Groups that lower() makes ran as generated C (scripts/cluster_groups, GVSOC
// 2026-03); the other figures are those of programs written by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"
#include "tests/support/paper_cases.hpp"

using namespace ares;

namespace {

struct Pin {
  std::string what;
  TileProgram program;
  double measured;
};

void check(const std::vector<Pin>& pins, double within, const Target& gap9 = test::hand_written_gap9()) {
  for (const Pin& p : pins) {
    const double cycles = play(p.program, gap9).cycles;
    INFO(p.what, ": played ", cycles, ", measured ", p.measured);
    CHECK(std::abs(cycles / p.measured - 1) < within);
  }
}

/// A group that lower() makes, with a config given as text, in all of L1 but small stacks.
TileProgram lowered(Family family, Dims in, Dims out, Window window, const std::string& config) {
  GroupShape s;
  s.family = family;
  s.in = in;
  s.out = out;
  s.window = window;
  const Target gap9 = *load_target("gap9");
  Context c;
  c.l1_bytes = gap9.l1_bytes - 8 * gap9.default_stack;
  const auto parsed = parse_config(config);
  REQUIRE(parsed);
  const auto program = lower(s, *parsed, c);
  REQUIRE_MESSAGE(program, (program ? "" : to_string(program.error())));
  return *program;
}

}  // namespace

TEST_CASE("transfers between L2 and L1") {
  using test::single_copy;
  check({{"in, 4 B", single_copy(true, 1, 4, 4), 17},
         {"in, 64 B", single_copy(true, 1, 64, 64), 27},
         {"in, 1 KiB", single_copy(true, 1, 1024, 1024), 147},
         {"in, 16 KiB", single_copy(true, 1, 16384, 16384), 2067},
         {"out, 1 KiB", single_copy(false, 1, 1024, 1024), 150},
         {"out, 16 KiB", single_copy(false, 1, 16384, 16384), 2130},
         {"in, 64 rows of 16 B", single_copy(true, 64, 16, 512), 149},
         {"in, 64 rows of 32 B", single_copy(true, 64, 32, 512), 277},
         {"in, 64 rows of 64 B", single_copy(true, 64, 64, 512), 533},
         {"in, 64 rows of 256 B", single_copy(true, 64, 256, 512), 2069},
         {"in, 64 rows of 66 B", single_copy(true, 64, 66, 512), 566},
         {"two ins of 16 KiB", single_copy(true, 1, 16384, 16384, 2), 4115},
         {"16 KiB in and 16 KiB out", test::copies_both_ways(16384), 2074}},
        0.05);
}

TEST_CASE("L3 reads take their latency and a cycle per byte, one at a time") {
  const Target gap9 = test::hand_written_gap9();
  for (int32_t bytes : {64, 4096, 65536}) {
    TileProgram p = test::single_copy(true, 1, bytes, bytes, 2);
    for (TileOperation& op : p.operations)
      if (auto* copy = std::get_if<Copy>(&op.what)) {
        copy->from = Level::l3;
        copy->to = Level::l2;
      }
    const double cycles = play(p, gap9).cycles;
    const double alone = 2 * (130.0 + bytes);
    CHECK(cycles >= alone);
    CHECK(cycles <= alone + 2 * gap9.l3.setup);
  }
}

TEST_CASE("whole groups that lower() makes, as generated C") {
  const Window w3{3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, w2{3, 3, 2, 2, 1, 1, 1, 1, 1, 1}, row{1, 3, 1, 1, 1, 1, 0, 1, 0, 1},
      w1;
  check({{"conv 3x3 64->64 32x32",
          lowered(Family::conv, {32, 32, 64}, {32, 32, 64}, w3,
                  "{tile_h=8, tile_w=32, tile_co=64, buf_in=2, buf_w=1, buf_out=2, order=channels_outer, "
                  "kernel=slide_4x4, parallel=rows}"),
          1779306},
         {"pointwise 64->64 32x32",
          lowered(Family::conv, {32, 32, 64}, {32, 32, 64}, w1,
                  "{tile_h=13, tile_w=32, tile_co=64, buf_in=2, buf_w=1, buf_out=2, order=channels_outer, "
                  "kernel=gemm_4x4, parallel=pixels}"),
          274170},
         {"conv 3x3 stride 2 64->64 32x32",
          lowered(Family::conv, {32, 32, 64}, {16, 16, 64}, w2,
                  "{tile_h=6, tile_w=16, tile_co=64, buf_in=2, buf_w=1, buf_out=2, order=channels_outer, "
                  "kernel=slide_4x4, parallel=pixels}"),
          513326},
         {"conv 1x3 64->64 1x256",
          lowered(Family::conv, {1, 256, 64}, {1, 256, 64}, row,
                  "{tile_h=1, tile_w=256, tile_co=64, buf_in=1, buf_w=1, buf_out=1, order=channels_outer, "
                  "kernel=slide_4x4, parallel=pixels}"),
          179870},
         {"linear 192->768, 400 tokens",
          lowered(Family::linear, {1, 400, 192}, {1, 400, 768}, w1,
                  "{tile_w=32, tile_co=384, tile_ci=192, buf_in=2, buf_w=1, buf_out=2, order=channels_outer, "
                  "kernel=gemm_4x4, parallel=channels}"),
          3235229},
         {"linear 784->256, one token",
          lowered(Family::linear, {1, 1, 784}, {1, 1, 256}, w1,
                  "{tile_w=1, tile_co=128, tile_ci=272, buf_in=2, buf_w=2, buf_out=1, order=channels_outer, "
                  "kernel=gemm_8x1, parallel=channels}"),
          34501}},
        0.10, *load_target("gap9"));
}

TEST_CASE("whole groups written by hand") {
  check({{"depthwise 3x3 64 channels 32x32, CHW", test::depthwise_planar(), 71.6e3},
         {"depthwise 3x3 64 channels 32x32, CHW to HWC", test::depthwise_planar_to_hwc(), 89.8e3},
         {"NE16 3x3 64->64 32x32", test::ne16_conv(JobKind::conv3x3), 304.6e3},
         {"NE16 pointwise 64->64 32x32", test::ne16_conv(JobKind::conv1x1), 72.8e3},
         {"attention, 2 heads of 64, 196 tokens", test::attention_fused(), 708e3}},
        0.10);
}
