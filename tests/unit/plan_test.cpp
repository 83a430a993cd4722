#include <doctest/doctest.h>

#include "core/plan/arena.hpp"
#include "tests/support/chain.hpp"

using namespace ares;
using namespace ares::test;

namespace {

bool overlap(uint32_t a, uint32_t a_bytes, uint32_t b, uint32_t b_bytes) { return a < b + b_bytes && b < a + a_bytes; }

}  // namespace

TEST_CASE("arena blocks that live together never overlap") {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<ArenaBlock> blocks(static_cast<size_t>(pick(random, 1, 24)));
    for (ArenaBlock& b : blocks) {
      b.bytes = static_cast<uint32_t>(pick(random, 0, 4000));
      b.first = pick(random, 0, 12);
      b.last = pick(random, b.first, 14);
    }
    const ArenaSize size = pack_arena(blocks);
    CHECK(size.bytes >= size.lower_bound);
    for (size_t i = 0; i < blocks.size(); ++i) {
      CHECK(blocks[i].offset % 16 == 0);
      CHECK(blocks[i].offset + blocks[i].bytes <= size.bytes);
      for (size_t j = 0; j < i; ++j)
        if (blocks[i].first <= blocks[j].last && blocks[j].first <= blocks[i].last && blocks[i].bytes &&
            blocks[j].bytes)
          CHECK_FALSE(overlap(blocks[i].offset, blocks[i].bytes, blocks[j].offset, blocks[j].bytes));
    }
  }
}

TEST_CASE("a chain needs no more than its two largest neighbours") {
  std::vector<ArenaBlock> blocks{{1600, 0, 1, 0}, {3200, 1, 2, 0}, {800, 2, 3, 0}, {1600, 3, 4, 0}};
  const ArenaSize size = pack_arena(blocks);
  CHECK(size.lower_bound == 4800);
  CHECK(size.bytes == 4800);
}

TEST_CASE("weights stay in L2 while all fit; the largest are streamed otherwise") {
  Random random(3);
  const LayerGraph g = chain(random, {256, 512, 256, 10});
  const Target target = load_target("gap9").value();
  PlanOptions options;
  const auto roomy = plan_network(g, target, options, by_rule());
  REQUIRE(roomy);
  for (const PlannedGroup& p : roomy->groups) CHECK(p.context.weights == Level::l2);
  CHECK(roomy->l2_constant_bytes == roomy->l3_bytes);

  options.l2_limit = 220 * 1024;
  const auto tight = plan_network(g, target, options, by_rule());
  REQUIRE(tight);
  CHECK(tight->groups[0].context.weights == Level::l3);
  CHECK(tight->groups[2].context.weights == Level::l2);
  CHECK(tight->arena_bytes + tight->l2_constant_bytes <= options.l2_limit);
  CHECK(tight->groups[0].program.l2_bytes > 0);
  CHECK(tight->l3_bytes == roomy->l3_bytes);
}

TEST_CASE("what cannot fit is named with its bytes") {
  Random random(3);
  const LayerGraph g = chain(random, {256, 512, 256, 10});
  const Target target = load_target("gap9").value();
  PlanOptions options;
  options.l2_limit = 600;
  const auto l2 = plan_network(g, target, options, by_rule());
  REQUIRE_FALSE(l2);
  CHECK(l2.error().what.find("L2") != std::string::npos);
  CHECK(l2.error().what.find("bytes") != std::string::npos);
  options = {};
  options.l3_limit = 1000;
  CHECK(plan_network(g, target, options, by_rule()).error().what.find("L3") != std::string::npos);
  options = {};
  options.cores = 9;
  CHECK(plan_network(g, target, options, by_rule()).error().what.find("--cores") != std::string::npos);
  options = {};
  options.stack = 1 << 20;
  CHECK(plan_network(g, target, options, by_rule()).error().what.find("--stack") != std::string::npos);
}
