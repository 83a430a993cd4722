#include "search/model_accuracy.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ares;

TEST_CASE("accuracy of a perfect model, of a scaled one, of one that has it backwards") {
  std::vector<PredictedMeasured> perfect, scaled, backwards;
  for (int i = 1; i <= 40; ++i) {
    const auto cycles = static_cast<float>(100 + i * i);
    perfect.push_back({cycles, cycles});
    scaled.push_back({1.5F * cycles, cycles});
    backwards.push_back({1e6F / cycles, cycles});
  }
  const auto a = model_accuracy(perfect), b = model_accuracy(scaled), c = model_accuracy(backwards);
  REQUIRE((a && b && c));
  CHECK(a->configs == 40);
  CHECK(a->mape == 0);
  CHECK(a->tau == doctest::Approx(1));
  CHECK(a->recall == 1);
  CHECK(a->regret == 0);
  CHECK(b->mape == doctest::Approx(0.5));
  CHECK(b->tau == doctest::Approx(1));
  CHECK(b->regret == 0);
  CHECK(c->tau == doctest::Approx(-1));
  CHECK(c->recall == 0);
  CHECK(c->regret == doctest::Approx(1700.0 / 101 - 1));
}

TEST_CASE("ties count for neither side, few results are judged by themselves, one by nothing") {
  CHECK(kendall_tau({{1, 1}, {1, 2}, {2, 3}}) == doctest::Approx(2 / (std::sqrt(2.0) * std::sqrt(3.0))));
  CHECK(kendall_tau({{1, 1}, {1, 2}}) == 1);
  const auto few = model_accuracy({{10, 30}, {20, 20}, {30, 10}});
  REQUIRE(few);
  CHECK(few->recall == 1);
  CHECK(few->regret == doctest::Approx(2));
  CHECK_FALSE(model_accuracy({{1, 1}}));
}
