// Random models: the same for the same seed, and of the variety that properties over them rely on.
#include <doctest/doctest.h>

#include <set>

#include "core/builder/write_model.hpp"
#include "core/import/read_model.hpp"
#include "tests/support/random_models.hpp"

using namespace ares;
using namespace ares::test;

TEST_CASE("random models: a seed gives one model") {
  const auto bytes = [](uint64_t seed) {
    return qonnx::serialise_model(random_model(seed, kImportedSteps).model).value();
  };
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const bool same = bytes(seed) == bytes(seed), other = bytes(seed) != bytes(seed + 1);
    CHECK(same);
    CHECK(other);
  }
}

TEST_CASE("random models: written, parsed and written again they are the same files") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const auto model = random_model(seed, kImportedSteps, 2);
    CAPTURE(model.steps);
    const auto bytes = qonnx::serialise_model(model.model);
    REQUIRE(bytes);
    const auto again = qonnx::serialise_model(value_or_throw(qonnx::parse_model(*bytes, "random.qonnx")));
    REQUIRE_MESSAGE(again, again.error().what);
    const bool same = *bytes == *again;
    CHECK(same);
  }
}

TEST_CASE("random models: bit widths, zero points, scales per channel, strides and ranks all occur") {
  std::set<int64_t> bits, strides, ranks;
  int zero_points = 0, per_channel = 0, dilated = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const auto model = random_model(seed, kImportedSteps).model;
    ranks.insert(static_cast<int64_t>(model.shapes.at("input").size()));
    const auto value = [&](const std::string& name) { return qonnx::to_doubles(model.constants.at(name)); };
    for (const qonnx::Node& n : model.nodes) {
      for (const int64_t s : qonnx::ints_attribute(n, "strides").value_or(qonnx::Shape{})) strides.insert(s);
      for (const int64_t d : qonnx::ints_attribute(n, "dilations").value_or(qonnx::Shape{})) dilated += d > 1;
      if (n.op != "Quant") continue;
      bits.insert(static_cast<int64_t>(value(n.inputs[3])[0]));
      zero_points += value(n.inputs[2])[0] != 0;
      per_channel += value(n.inputs[1]).size() > 1;
    }
  }
  for (int64_t b = 1; b <= 8; ++b) CHECK(bits.count(b) == 1);
  CHECK(bits.count(32) == 1);  // quantised biases
  CHECK(strides == std::set<int64_t>{1, 2, 3});
  CHECK(ranks == std::set<int64_t>{2, 3, 4});
  CHECK(zero_points > 50);
  CHECK(per_channel > 50);
  CHECK(dilated > 20);
}
