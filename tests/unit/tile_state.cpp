// What of a group is known before it runs.
#include <doctest/doctest.h>

#include "core/lower/lower.hpp"
#include "core/tile/state.hpp"

using namespace ares;

namespace {

TileProgram pointwise(const char* config) {
  GroupShape s;
  s.family = Family::conv;
  s.in = {16, 16, 32};
  s.out = {16, 16, 64};
  Context c;
  c.l1_bytes = 100000;
  c.accelerator = true;
  s.accelerator = {.weight_bits = 8, .scale_bits = 32};
  const auto parsed = parse_config(config);
  REQUIRE(parsed);
  const auto program = lower(s, *parsed, c);
  REQUIRE_MESSAGE(program, (program ? "" : to_string(program.error())));
  return *program;
}

/// How many copies happen once, and how many do not.
std::pair<int, int> copies(const TileProgram& p) {
  std::pair<int, int> count;
  for (size_t i = 0; i < p.operations.size(); ++i)
    if (std::holds_alternative<Copy>(p.operations[i].what))
      ++(happens_once(p, static_cast<OperationId>(i)) ? count.first : count.second);
  return count;
}

bool knows_its_job(const TileProgram& p) {
  for (size_t i = 0; i < p.operations.size(); ++i)
    if (std::holds_alternative<Job>(p.operations[i].what)) return known_job(p, static_cast<OperationId>(i));
  FAIL("no job");
  return false;
}

}  // namespace

TEST_CASE("of a group of one tile all copies happen once and its job is known") {
  const TileProgram p = pointwise(
      "{tile_h=16, tile_w=16, tile_co=64, buf_in=1, buf_w=1, buf_out=1, order=channels_outer, kernel=ne16, "
      "parallel=rows}");
  CHECK(copies(p) == std::pair(4, 0));
  CHECK(knows_its_job(p));
}

TEST_CASE("what a loop moves is not known before") {
  const TileProgram rows = pointwise(
      "{tile_h=8, tile_w=16, tile_co=64, buf_in=2, buf_w=1, buf_out=2, order=channels_outer, kernel=ne16, "
      "parallel=rows}");
  CHECK(copies(rows) == std::pair(2, 2));  // weights and their parameters stay
  CHECK_FALSE(knows_its_job(rows));
  const TileProgram channels = pointwise(
      "{tile_h=16, tile_w=16, tile_co=32, buf_in=1, buf_w=2, buf_out=2, order=channels_outer, kernel=ne16, "
      "parallel=rows}");
  CHECK(copies(channels) == std::pair(1, 3));
  CHECK_FALSE(knows_its_job(channels));
}

TEST_CASE("the state of a group of one tile leaves room for the next one's") {
  const TileProgram one = pointwise(
      "{tile_h=16, tile_w=16, tile_co=64, buf_in=1, buf_w=1, buf_out=1, order=channels_outer, kernel=gemm_4x4, "
      "parallel=pixels}");
  const TileProgram many = pointwise(
      "{tile_h=8, tile_w=16, tile_co=32, buf_in=2, buf_w=2, buf_out=2, order=channels_outer, kernel=gemm_4x4, "
      "parallel=pixels}");
  CHECK(state_bytes(one) < 400);
  CHECK(state_bytes(many) > 1500);
  CHECK(state_bytes(many) <= near_state_bytes);
}
