// Every input of a curve against its function in real numbers.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "core/arithmetic/curve.hpp"
#include "core/ir/layer.hpp"

using namespace ares;

namespace {

struct Function {
  const char* name;
  std::function<double(double)> f;
};

const Function functions[] = {
    {"gelu", [](double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }},
    {"silu", [](double x) { return x / (1 + std::exp(-x)); }},
    {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"hard-swish", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
    {"leaky", [](double x) { return x > 0 ? x : 0.1 * x; }},
};

struct Deviation {
  int differing = 0, largest = 0;
};

/// Over all 65,536 inputs; `reach`: of the sum that the curve reads; `share` of the output's range that is kept.
Deviation deviation(const Function& function, double reach, double share) {
  const double highest = std::max(std::abs(function.f(reach)), std::abs(function.f(-reach)));
  Quantisation out;
  out.scale = highest * share / 127;
  out.zero_point = 128;
  const double scale = curve_input_scale(function.f, -reach, reach, out);
  const auto points = curve_points(function.f, scale, -reach, reach, out);
  REQUIRE(points);
  Deviation d;
  for (int32_t x = -32768; x < 32768; ++x) {
    const double exact = std::nearbyint(function.f(x * scale) / out.scale + out.zero_point);
    const int step = std::abs(curve_value(*points, x, 0, 255) - static_cast<int>(std::clamp(exact, 0.0, 255.0)));
    d.differing += step != 0;
    d.largest = std::max(d.largest, step);
  }
  return d;
}

}  // namespace

TEST_CASE("curves: at most one input in a thousand is a step away, none is more") {
  for (const Function& function : functions)
    for (const double reach : {1.0, 4.0, 8.0, 40.0})
      for (const double share : {0.5, 1.0}) {
        const Deviation d = deviation(function, reach, share);
        CHECK_MESSAGE(d.differing <= 65, function.name, " over +-", reach, " with a share of ", share);
        CHECK(d.largest <= 1);
      }
}
