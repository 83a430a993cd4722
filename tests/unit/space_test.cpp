#include <doctest/doctest.h>

#include <set>

#include "core/group/space.hpp"
#include "core/lower/lower.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

GroupShape conv_shape(Dims in, int32_t channels) {
  Random random(1);
  return make_groups(conv_network(random, in, channels, 3, 1)).front().shape;
}

GroupShape linear_shape(int32_t tokens, int32_t in, int32_t out) {
  GroupShape s;
  s.family = Family::linear;
  s.in = {1, tokens, in};
  s.out = {1, tokens, out};
  return s;
}

}  // namespace

TEST_CASE("a config's index and the config of an index are inverse") {
  const SearchSpace space = make_space(conv_shape({14, 14, 32}, 64), l2_context(120 * 1024));
  for (uint64_t i = 0; i < space.raw_size(); i += 997) CHECK(space.index(space.config(i)) == i);
  Config foreign = space.config(0);
  foreign[Knob::tile_ci] = 4;
  CHECK_FALSE(space.index(foreign).has_value());
}

TEST_CASE("enumeration visits exactly the configs that check() passes, and counts all others") {
  Context ctx = l2_context(6 * 1024);
  // Of the last, whole features fit where the sums of split ones do not.
  const GroupShape few = linear_shape(4, 96, 24), many = linear_shape(40, 32, 40);
  for (const auto& [shape, streamed] : {std::pair{few, false}, std::pair{few, true}, std::pair{many, false}}) {
    ctx.weights = streamed ? Level::l3 : Level::l2;
    ctx.l2_staging = streamed ? 1024 : 0;
    const SearchSpace space = make_space(shape, ctx);
    SpaceCensus census;
    const std::vector<uint64_t> feasible = feasible_indices(space, &census);
    const std::set<uint64_t> members(feasible.begin(), feasible.end());
    for (uint64_t i = 0; i < space.raw_size(); ++i) {
      const auto broken = check(space.shape, ctx, space.config(i));
      CHECK(members.count(i) == (broken ? 0u : 1u));
    }
    CHECK(census.raw == space.raw_size());
    CHECK(census.feasible == feasible.size());
    uint64_t removed = 0;
    for (const uint64_t n : census.removed) removed += n;
    CHECK(removed + census.feasible == census.raw);
  }
}

TEST_CASE("the tutorial's groups have room to search") {
  const Context ctx = l2_context(120 * 1024);
  CHECK(feasible_indices(make_space(conv_shape({14, 14, 32}, 64), ctx)).size() >= 10000);
  CHECK(feasible_indices(make_space(conv_shape({7, 7, 64}, 128), ctx)).size() >= 10000);
  CHECK(feasible_indices(make_space(linear_shape(1, 784, 256), ctx)).size() >= 10000);
}

TEST_CASE("no two feasible configs of a group give the same program") {
  const SearchSpace space = make_space(linear_shape(3, 64, 12), l2_context(16 * 1024));
  std::set<std::string> seen;
  for (const uint64_t i : feasible_indices(space)) {
    const TileProgram p = *lower(space.shape, space.config(i), space.context);
    std::string key = to_string(space.config(i));
    key.erase(key.find("order="), std::string("order=channels_outer").size());
    for (const Loop& l : p.loops) key += std::string(name_of(l.knob));
    CHECK(seen.insert(key).second);
  }
}

TEST_CASE("the rule takes the largest tile with double buffers where they are of use") {
  const Context ctx = l2_context(120 * 1024);
  const SearchSpace large = make_space(conv_shape({64, 64, 64}, 64), ctx);
  const auto rule = rule_config(large);
  REQUIRE(rule);
  CHECK((*rule)[Knob::buf_in] == 2);
  CHECK_FALSE(check(large.shape, ctx, *rule));
  const SearchSpace small = make_space(conv_shape({8, 8, 8}, 8), ctx);
  CHECK((*rule_config(small))[Knob::buf_in] == 1);
  CHECK_FALSE(rule_config(make_space(conv_shape({8, 8, 64}, 8), l2_context(256))));
}

TEST_CASE("lower names the constraint, the knob and the bytes") {
  const Context ctx = l2_context(4 * 1024);
  const GroupShape shape = conv_shape({14, 14, 32}, 64);
  Config c = make_space(shape, ctx).config(0);
  c[Knob::tile_co] = 64;
  const auto program = lower(shape, c, ctx);
  REQUIRE_FALSE(program);
  CHECK(program.error().constraint == Constraint::l1_capacity);
  CHECK(program.error().knob == Knob::buf_w);
  CHECK(program.error().bytes_over == int64_t{l1_bytes(shape, ctx, c)} - ctx.l1_bytes);
}

TEST_CASE("check refuses what the group cannot take") {
  const Context ctx = l2_context(120 * 1024);
  const GroupShape shape = conv_shape({14, 14, 32}, 64);
  Config c = make_space(shape, ctx).config(0);
  c[Knob::tile_h] = 15;
  CHECK(check(shape, ctx, c)->constraint == Constraint::foreign_value);
  c = make_space(shape, ctx).config(0);
  c[Knob::kernel] = 1;  // a gemm without im2col cannot do a 3x3 window
  CHECK(check(shape, ctx, c)->knob == Knob::kernel);
}

TEST_CASE("configs survive their text form") {
  const SearchSpace space = make_space(conv_shape({14, 14, 32}, 64), l2_context(120 * 1024));
  for (uint64_t i = 0; i < space.raw_size(); i += 4999) {
    const Config c = space.config(i);
    CHECK(parse_config(to_string(c)).value() == c);
  }
  CHECK_FALSE(parse_config("{tile_q=4}"));
  CHECK_FALSE(parse_config("{tile_h=four}"));
  CHECK_FALSE(parse_config("{kernel=slide_99}"));
  CHECK_FALSE(parse_config("tile_h"));
}

TEST_CASE("a config of another shape is fitted to the nearest candidates") {
  const Context ctx = l2_context(120 * 1024);
  const SearchSpace from = make_space(conv_shape({14, 14, 32}, 64), ctx);
  const SearchSpace to = make_space(conv_shape({10, 10, 32}, 24), ctx);
  for (uint64_t i = 0; i < from.raw_size(); i += 4999) CHECK(to.index(fit_config(to, from.config(i))).has_value());
}
