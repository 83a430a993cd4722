// Requantisation by hand-worked numbers, and what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/arithmetic/add.hpp"
#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/make_requant.hpp"
#include "core/arithmetic/requant.hpp"
#include "core/arithmetic/table.hpp"
#include "core/ir/layer.hpp"

namespace ares {
namespace {

bool says(const Error& e, const char* part) { return e.what.find(part) != std::string::npos; }

TEST_CASE("mulh takes the high half, rounded down") {
  CHECK(mulh(1 << 30, 4) == 1);
  CHECK(mulh(1, 1) == 0);
  CHECK(mulh(-1, 1) == -1);
  CHECK(mulh(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::min()) == 1 << 30);
}

TEST_CASE("narrow form rounds ties up or to even") {
  // y = acc / 4: S = 2, m = 1, B = 2.
  Requant r{.form = RequantForm::narrow, .shift = 2, .lo = -10, .hi = 10, .m = {1}, .B = {2}};
  const int accs[] = {-10, -6, -5, -2, 1, 2, 3, 6, 10, 100, -100};
  const int up[] = {-2, -1, -1, 0, 0, 1, 1, 2, 3, 10, -10};
  const int even[] = {-2, -2, -1, 0, 0, 0, 1, 2, 2, 10, -10};
  for (std::size_t i = 0; i < std::size(accs); ++i) {
    CAPTURE(accs[i]);
    r.rounding = Rounding::half_up;
    CHECK(requantise(r, 0, accs[i]) == up[i]);
    r.rounding = Rounding::half_even;
    CHECK(requantise(r, 0, accs[i]) == even[i]);
  }
}

TEST_CASE("wide form rounds ties up or to even") {
  // y = acc / 4: k = 20, S = 2, m = 2^(32-20+2) / 4 = 2^12, B = 2.
  Requant r{.form = RequantForm::wide, .shift = 2, .pre_shift = 20, .lo = 0, .hi = 255, .m = {1 << 12}, .B = {2}};
  CHECK(requantise(r, 0, 2) == 1);
  CHECK(requantise(r, 0, 10) == 3);
  CHECK(requantise(r, 0, -1000) == 0);
  r.rounding = Rounding::half_even;
  CHECK(requantise(r, 0, 2) == 0);
  CHECK(requantise(r, 0, 6) == 2);
  CHECK(requantise(r, 0, 10) == 2);
  CHECK(requantise(r, 0, 11) == 3);
}

TEST_CASE("raw form adds the bias") {
  const Requant r{
      .form = RequantForm::raw, .lo = -1 << 31, .hi = std::numeric_limits<int32_t>::max(), .m = {}, .B = {5, -7}};
  CHECK(requantise(r, 0, -20) == -15);
  CHECK(requantise(r, 1, 7) == 0);
}

TEST_CASE("an accumulator beyond int32 is refused") {
  const ChannelTerms t{.multiplier = 1e-9, .weight_sum = 0, .acc_min = 0, .acc_max = int64_t{1} << 31};
  const auto r = make_requant(std::vector{t}, {});
  REQUIRE(!r);
  CHECK(says(r.error(), "channel 0"));
  CHECK(says(r.error(), "overflows int32"));
}

TEST_CASE("terms that are not finite are refused") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK(!make_requant(std::vector<ChannelTerms>{{.multiplier = bad, .acc_max = 9}}, {}));
    CHECK(!make_requant(std::vector<ChannelTerms>{{.multiplier = 1, .bias = bad, .acc_max = 9}}, {}));
    CHECK(!make_raw_requant(std::vector<ChannelTerms>{{.multiplier = 1, .bias = bad, .acc_max = 9}}, 0));
  }
  CHECK(!make_requant({}, {}));
  CHECK(!make_raw_requant({}, 0));
}

TEST_CASE("a multiplier too large for int32 is refused, not cut") {
  const ChannelTerms t{.multiplier = 1e6, .acc_min = -100000, .acc_max = 100000};
  const auto r = make_requant(std::vector{t}, {});
  REQUIRE(!r);
  CHECK(says(r.error(), "no shift"));
}

TEST_CASE("raw output beyond int32 is refused") {
  const ChannelTerms fits{.multiplier = 1, .bias = 147483647, .acc_min = 0, .acc_max = 2000000000};
  ChannelTerms over = fits;
  over.bias += 1;
  CHECK(make_raw_requant(std::vector{fits}, 0));
  const auto r = make_raw_requant(std::vector{fits, over}, 0);
  REQUIRE(!r);
  CHECK(says(r.error(), "channel 1"));
}

TEST_CASE("weights whose sums can overflow are refused, in any order of summation") {
  Quantisation input;
  const std::vector<double> scale{0.1};
  // 255 * 127 * 66311 = 2^31 - 1 - 12412: one weight more overflows.
  std::vector<int8_t> weights(66311, 127);
  CHECK(channel_terms({weights, {}, scale, {}}, input, false, 1));
  weights.push_back(127);
  const auto over = channel_terms({weights, {}, scale, {}}, input, false, 1);
  REQUIRE(!over);
  CHECK(says(over.error(), "66312 weights"));
  // The whole sum is in range, the sum of its positive or of its negative part is not.
  input.lo = input.hi = 255;
  weights.resize(weights.size() + 60000, -127);
  CHECK(!channel_terms({weights, {}, scale, {}}, input, false, 1));
  for (int8_t& w : weights) w = static_cast<int8_t>(-w);
  CHECK(!channel_terms({weights, {}, scale, {}}, input, false, 1));
  // The centred weights are small, sum(a * w) alone is not.
  weights.assign(66312, 127);
  CHECK(!channel_terms({weights, std::vector<int32_t>{126}, scale, {}}, Quantisation{}, false, 1));
}

TEST_CASE("unusable scales are refused") {
  const std::vector<int8_t> weights{1, 2};
  const std::vector<double> scale{0.1, 0.1}, zero_scale{0.1, 0}, bias{1, 1};
  Quantisation input;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {0.0, -1.0, nan}) {
    CHECK(!channel_terms({weights, {}, scale, bias}, input, false, bad));
    Quantisation q;
    q.scale = bad;
    CHECK(!channel_terms({weights, {}, scale, bias}, q, false, 1));
    CHECK(!raw_channel_terms({weights, {}, scale, bias}, q, false));
  }
  CHECK(channel_terms({weights, {}, zero_scale, bias}, input, false, 1));
  const auto raw = raw_channel_terms({weights, {}, zero_scale, bias}, input, false);
  REQUIRE(!raw);
  CHECK(says(raw.error(), "channel 1"));
}

TEST_CASE("a table takes functions with poles and refuses what is not a number") {
  Quantisation in, out;
  in.zero_point = 128;
  const auto map = build_table([](double x) { return 1 / x; }, in, out);
  REQUIRE(map);
  CHECK((*map)[128] == 255);
  CHECK((*map)[127] == 0);
  CHECK((*map)[130] == 0);  // 1/2 is a tie and goes to the even 0
  CHECK(!build_table([](double x) { return std::sqrt(x); }, in, out));
  in.lo = 128;
  CHECK(build_table([](double x) { return std::sqrt(x); }, in, out));
  out.hi = 256;
  CHECK(!build_table([](double x) { return x; }, in, out));
}

TEST_CASE("sums: a clip range that reaches further below zero than above") {
  const AddTerm deep{1.5, 0, -32768, 100}, flat{0.7, 0, -30000, 3};
  const Requant r = make_add_requant(deep, flat, 0, -32768, 32767, RequantPolicy::fast).value();
  const int64_t lowest = int64_t{deep.lo} * r.m[0] + int64_t{flat.lo} * r.m[1] + r.B[0];
  CHECK(lowest >= std::numeric_limits<int32_t>::min());
  CHECK(requantised_sum(r, deep.lo, flat.lo) == -32768);
}

TEST_CASE("sums: the multiplier of a term that is always 0 fits into int32, or there is none") {
  const AddTerm byte{0.5, 0, 0, 255};
  const Requant r = make_add_requant({3000, 0, 0, 0}, byte, 0, 0, 255, RequantPolicy::fast).value();
  CHECK(r.m[0] == std::ldexp(3000.0, r.shift));
  CHECK(requantised_sum(r, 0, 100) == 50);
  CHECK(!make_add_requant({3e9, 0, 0, 0}, byte, 0, 0, 255, RequantPolicy::fast).has_value());
}

TEST_CASE("sums of bytes: a sum next to a tie is rounded as the real one in exact policy") {
  // 83 * M is 65.5 - 3e-6: the nearest multiplier of 22 bits takes it to the other side.
  const AddTerm term{0.04996037855744362 / 0.06330857425928116, 128, 0, 255};
  const auto wrong = [&](RequantPolicy policy) {
    const Requant r = make_add_requant(term, term, 128, 0, 255, policy).value();
    int pairs = 0;
    for (int a = 0; a < 256; ++a)
      for (int b = 0; b < 256; ++b) {
        const double real = std::nearbyint((a + b - 256) * term.multiplier) + 128;
        pairs += requantised_sum(r, a, b) != static_cast<int>(std::clamp(real, 0.0, 255.0));
      }
    return pairs;
  };
  CHECK(wrong(RequantPolicy::fast) == 346);
  CHECK(wrong(RequantPolicy::exact) == 0);
}

}  // namespace
}  // namespace ares
