// Average pools: from the model's node to the integer layer, and what the layer computes.
#include <doctest/doctest.h>

#include <cmath>

#include "core/reference/engine.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using test::layer_named;
using test::ModelBuilder;
using test::run_pipeline;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

const Floats kImage{0, 1, 2, 3, 4, 5, 6, 7, 8};  // one channel of 3 x 3

/// Input of scale 1 through `pool` to a Quant of scale `scale`.
template <class Pool>
ModelBuilder model(const Pool& pool, float scale, float zero_point = 0) {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 1, 3, 3}), {1, true, zero_point});
  b.output(b.quant("q", pool(b, x), {scale, true, 3}));
  return b;
}

ModelBuilder::Attributes square(int64_t kernel, int64_t pad, int64_t include) {
  return {{"kernel_shape", Ints{kernel, kernel}}, {"pads", Ints{pad, pad, pad, pad}}, {"count_include_pad", include}};
}

Floats outputs(const ModelBuilder& b) {
  const auto g = run_pipeline(b.model);
  REQUIRE_MESSAGE(g, (g ? "" : g.error().what));
  const auto data = run(*g, std::vector{quantise_input(*g, 0, kImage)});
  return dequantise_output(*g, 0, data[static_cast<std::size_t>(g->outputs[0].tensor)]);
}

std::string error_of(const ModelBuilder& b) {
  const auto g = run_pipeline(b.model);
  return g ? "" : g.error().what;
}

}  // namespace

TEST_CASE("average pool: ties go to the even integer in exact policy") {
  const auto pool = [](ModelBuilder& b, const std::string& x) {
    return b.node("AveragePool", "pool", {x}, {{"kernel_shape", Ints{1, 2}}});
  };
  // 0.5, 1.5, 3.5, 4.5, 6.5, 7.5; the zero point 3 makes even integers of odd values.
  CHECK(outputs(model(pool, 1)) == Floats{1, 1, 3, 5, 7, 7});
}

TEST_CASE("average pool: padding counts only where the node says so") {
  for (const float zero_point : {0.0f, -7.0f, 20.0f}) {
    const auto without = [](ModelBuilder& b, const std::string& x) {
      return b.node("AveragePool", "pool", {x}, square(2, 1, 0));
    };
    const auto with = [](ModelBuilder& b, const std::string& x) {
      return b.node("AveragePool", "pool", {x}, square(2, 1, 1));
    };
    const auto before = [](ModelBuilder& b, const std::string& x) {
      const auto padded = b.node("Pad", "pad", {x, b.ints("p", {0, 0, 1, 1, 0, 0, 1, 1})});
      return b.node("AveragePool", "pool", {padded}, square(2, 0, 0));
    };
    const Floats mean{0, 0.5f, 1.5f, 2, 1.5f, 2, 3, 3.5f, 4.5f, 5, 6, 6.5f, 6, 6.5f, 7.5f, 8};
    const Floats sums{0, 1, 3, 2, 3, 8, 12, 7, 9, 20, 24, 13, 6, 13, 15, 8};
    Floats padded_mean;
    for (const float s : sums) padded_mean.push_back(s / 4);
    CHECK(outputs(model(without, 0.5f, zero_point)) == mean);
    CHECK(outputs(model(with, 0.25f, zero_point)) == padded_mean);
    CHECK(outputs(model(before, 0.25f, zero_point)) == padded_mean);
  }
}

TEST_CASE("average pool: global, and with ceil_mode") {
  const auto global = [](ModelBuilder& b, const std::string& x) { return b.node("GlobalAveragePool", "pool", {x}); };
  CHECK(outputs(model(global, 1)) == Floats{4});
  const auto ceil = [](ModelBuilder& b, const std::string& x) {
    return b.node("AveragePool", "pool", {x},
                  {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}, {"ceil_mode", int64_t{1}}});
  };
  CHECK(outputs(model(ceil, 0.5f)) == Floats{2, 3.5f, 6.5f, 8});
}

TEST_CASE("average pool: a flattened average still meets its Quant") {
  const auto flat = [](ModelBuilder& b, const std::string& x) {
    return b.node("Flatten", "flat", {b.node("GlobalAveragePool", "pool", {x})});
  };
  CHECK(outputs(model(flat, 1)) == Floats{4});
}

TEST_CASE("average pool: what is refused is one clear line") {
  ModelBuilder open;
  const auto x = open.quant("iq", open.input("x", {1, 1, 3, 3}), {1});
  open.output(open.node("GlobalAveragePool", "pool", {x}));
  CHECK(error_of(open).find("unquantised; put a Quant after it") != std::string::npos);

  const auto says = [](const ModelBuilder::Attributes& attributes, const std::string& text) {
    const auto pool = [&](ModelBuilder& b, const std::string& in) {
      return b.node("AveragePool", "pool", {in}, attributes);
    };
    const std::string error = error_of(model(pool, 1));
    CAPTURE(error);
    CHECK(error.find(text) != std::string::npos);
    CHECK(error.find("pool") != std::string::npos);
  };
  says({}, "no kernel_shape");
  says(square(2, 2, 0), "nothing but padding");
  says(square(40, 39, 1), "too large");
}

TEST_CASE("average pool: padding that counts beside some that does not is written out") {
  for (const float zero_point : {0.0f, -7.0f, 20.0f}) {
    const auto ceil = [](ModelBuilder& b, const std::string& x) {
      auto both = square(2, 0, 1);
      both["pads"] = Ints{1, 1, 0, 0};
      both["strides"] = Ints{3, 3};
      both["ceil_mode"] = int64_t{1};
      return b.node("AveragePool", "pool", {x}, both);
    };
    CHECK(outputs(model(ceil, 1, zero_point)) == Floats{0, 1, 3, 8});
    const auto mixed = [](ModelBuilder& b, const std::string& x) {
      const auto padded = b.node("Pad", "pad", {x, b.ints("p", {0, 0, 1, 1, 0, 0, 1, 1})});
      return b.node("AveragePool", "pool", {padded}, square(2, 1, 0));
    };
    Floats expected;
    for (int row = -1; row < 5; ++row) {
      for (int column = -1; column < 5; ++column) {
        float sum = 0, count = 0;
        for (const int r : {row, row + 1}) {
          for (const int c : {column, column + 1}) {
            if (r < 0 || r > 4 || c < 0 || c > 4) continue;
            ++count;
            if (r > 0 && r < 4 && c > 0 && c < 4) sum += kImage[static_cast<std::size_t>(3 * (r - 1) + c - 1)];
          }
        }
        expected.push_back(sum / count);
      }
    }
    CHECK(outputs(model(mixed, 0.25f, zero_point)) == expected);
  }
}

TEST_CASE("average pool: a window whose sum could overflow int32 is refused") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 1, 2903, 2903}), {1});
  b.output(b.quant("q", b.node("GlobalAveragePool", "pool", {x}), {1}));
  CHECK(error_of(b).find("can overflow int32") != std::string::npos);
}
