// The accelerator's state machine against jobs measured on the simulated NE16 (8-bit scales, programming included).
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "cost_models/accelerator_cycles.hpp"
#include "cost_models/event.hpp"
#include "tests/support/paper_cases.hpp"

using namespace ares;

namespace {

struct Row {
  std::string what;
  JobKind kind;
  uint8_t bits, stride;
  JobTile tile;  ///< output rows, columns, channels; input channels
  double measured;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"3x3 16x16 64->64, 8 bit", JobKind::conv3x3, 8, 1, {16, 16, 64, 64}, 86462},
      {"3x3 16x16 64->64, 4 bit", JobKind::conv3x3, 4, 1, {16, 16, 64, 64}, 49611},
      {"3x3 16x16 64->64, 2 bit", JobKind::conv3x3, 2, 1, {16, 16, 64, 64}, 31197},
      {"3x3 15x15 64->64", JobKind::conv3x3, 8, 1, {15, 15, 64, 64}, 60742},
      {"3x3 12x12 32->64", JobKind::conv3x3, 8, 1, {12, 12, 64, 32}, 20015},
      {"1x1 16x16 64->64", JobKind::conv1x1, 8, 1, {16, 16, 64, 64}, 19966},
      {"1x1 16x16 64->64, 4 bit", JobKind::conv1x1, 4, 1, {16, 16, 64, 64}, 19966},
      {"1x1 15x15 64->64", JobKind::conv1x1, 8, 1, {15, 15, 64, 64}, 13920},
      {"depthwise 16x16x64, 8 bit", JobKind::depthwise3x3, 8, 1, {16, 16, 64, 64}, 28336},
      {"depthwise 16x16x64, 4 bit", JobKind::depthwise3x3, 4, 1, {16, 16, 64, 64}, 19151},
      {"3x3 stride 2 32->32 to 8x8", JobKind::conv3x3, 8, 2, {8, 8, 32, 32}, 11025},
      {"3x3 8x8 24->40", JobKind::conv3x3, 8, 1, {8, 8, 40, 24}, 7638},
      {"1x1 8x8 24->40", JobKind::conv1x1, 8, 1, {8, 8, 40, 24}, 2440},
  };
  return all;
}

Job job_of(const Row& r) {
  Job j;
  j.kind = r.kind;
  j.weight_bits = r.bits;
  j.stride = r.stride;
  j.scale_bits = 8;
  return j;
}

}  // namespace

TEST_CASE("NE16 jobs take the measured cycles") {
  const Target gap9 = test::hand_written_gap9();
  for (const Row& r : rows()) {
    const TileProgram p = test::single_job(job_of(r), r.tile.rows, r.tile.columns, r.tile.channels, r.tile.reduction);
    const double cycles = play(p, gap9).cycles;
    INFO(r.what, ": played ", cycles, ", measured ", r.measured);
    CHECK(std::abs(cycles / r.measured - 1) < 0.10);
  }
}

TEST_CASE("stride 2 takes a job per patch of 2x2 outputs") {
  Job j;
  j.stride = 2;
  CHECK(job_cost(j, {8, 8, 32, 32}, AcceleratorKind::ne16).count == 16);
  CHECK(job_cost(j, {7, 5, 32, 32}, AcceleratorKind::ne16).count == 12);
  j.stride = 1;
  CHECK(job_cost(j, {8, 8, 32, 32}, AcceleratorKind::ne16).count == 1);
}

TEST_CASE("raw accumulators cost more to stream out than bytes, wider scales more to load") {
  Job j;
  j.scale_bits = 8;
  const JobTile t{6, 6, 64, 64};
  const double narrow = job_cost(j, t, AcceleratorKind::ne16).cycles;
  j.scale_bits = 32;
  CHECK(job_cost(j, t, AcceleratorKind::ne16).cycles == narrow + 4 * 2 * 24);  // 4 patches, 2 output groups
  j.out_bits = 32;
  CHECK(job_cost(j, t, AcceleratorKind::ne16).cycles > narrow);
}

TEST_CASE("two job contexts: a third job waits for the first, jobs do not overlap") {
  Accelerator a;
  const JobCost job{1, 1000};
  CHECK(a.start(job, 100, 0) == 100);
  CHECK(a.done == 1100);
  CHECK(a.start(job, 100, 100) == 200);
  CHECK(a.done == 2100);
  CHECK(a.start(job, 100, 200) == 1200);  // both contexts are taken until 1100
  CHECK(a.done == 3100);
  CHECK(a.busy == 3000);
}

TEST_CASE("N-EUREKA's larger patch takes fewer cycles") {
  Job j;
  const JobTile t{12, 12, 64, 64};
  CHECK(job_cost(j, t, AcceleratorKind::neureka).cycles < job_cost(j, t, AcceleratorKind::ne16).cycles);
}
