// Parts of groups that are too long to simulate.
#include <doctest/doctest.h>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"
#include "cost_models/gvsoc/slice.hpp"

using namespace ares;

namespace {

GroupShape conv(int32_t size, int32_t channels) {
  GroupShape s;
  s.in = s.out = {size, size, channels};
  s.window.kh = s.window.kw = 3;
  s.window.pt = s.window.pl = s.window.pb = s.window.pr = 1;
  return s;
}

double cycles_of(const Query& q, const Config& c) {
  return play(lower(q.shape, c, q.context).value(), q.target).cycles;
}

}  // namespace

TEST_CASE("slices: short groups are whole; long ones have rows of whole tiles and the ratio of the plays") {
  const Target target = load_target("gap9").value();
  Context context;
  context.l1_bytes = 100 * 1024;
  for (const auto& [size, sliced] : {std::pair{16, false}, std::pair{112, true}}) {
    CAPTURE(size);
    const GroupShape shape = conv(size, 64);
    const Query query{shape, context, target};
    const Config config = rule_config(make_space(shape, context)).value();
    const auto slice = gvsoc::slice_for(query, config);
    REQUIRE_MESSAGE(slice, slice.error().what);
    CHECK((slice->scale != 1) == sliced);
    CHECK((slice->shape == shape) != sliced);
    if (!sliced) continue;
    const Query part{slice->shape, context, target};
    CHECK(slice->shape.out.h % config[Knob::tile_h] == 0);
    CHECK(slice->shape.out.h < shape.out.h);
    CHECK(slice->shape.in.h == slice->shape.out.h);
    CHECK(slice->shape.in.c == shape.in.c);
    CHECK(cycles_of(part, config) <= gvsoc::most_cycles);
    CHECK(cycles_of(part, config) * slice->scale == doctest::Approx(cycles_of(query, config)));
  }
}
