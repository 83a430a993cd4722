// The reference engine against results worked out by hand and against an independent straight evaluation.
#include <doctest/doctest.h>

#include "core/ir/graph.hpp"
#include "core/reference/engine.hpp"
#include "core/reference/operations.hpp"
#include "tests/support/synthetic.hpp"

namespace {

using namespace ares;
using Bytes = std::vector<uint8_t>;

}  // namespace

TEST_CASE("reference: a padded, strided convolution by hand") {
  Weighted op;
  op.window = {2, 2, 2, 2, 1, 1, 1, 1, 0, 0};
  op.weights = {1, 2, 3, -4};
  op.weight_scale = {1};
  op.requant = {RequantForm::raw, Rounding::half_up, 0, 0, 0, 0, 0, 0, {}, {100}};
  const Bytes x{1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<int32_t> y(4);
  reference::weighted<int32_t>(op, {3, 3, 1}, 10, x, {2, 2, 1}, y);
  // windows: [10 10; 10 1] [10 10; 2 3] [10 4; 10 7] [5 6; 8 9]
  CHECK(y == std::vector<int32_t>{100 + 10 + 20 + 30 - 4, 100 + 10 + 20 + 6 - 12, 100 + 10 + 8 + 30 - 28,
                                  100 + 5 + 12 + 24 - 36});
}

TEST_CASE("reference: groups, dilation and a weight zero point") {
  Weighted op;
  op.window = {1, 2, 1, 1, 1, 2, 0, 0, 0, 0};
  op.groups = 2;
  op.weights = {1, 2, 3, 4};
  op.weight_zero = {1, -1};
  op.weight_scale = {1, 1};
  op.requant = {RequantForm::raw, Rounding::half_up, 0, 0, 0, 0, 0, 0, {}, {0, 0}};
  const Bytes x{1, 10, 2, 20, 3, 30};  // three columns of two channels
  std::vector<int32_t> y(2);
  reference::weighted<int32_t>(op, {1, 3, 2}, 0, x, {1, 1, 2}, y);
  CHECK(y == std::vector<int32_t>{0 * 1 + 1 * 3, 4 * 10 + 5 * 30});
}

TEST_CASE("reference: max pool ignores what lies outside") {
  const Bytes x{0, 5, 3, 1};
  Bytes y(9);
  reference::max_pool({{2, 2, 1, 1, 1, 1, 1, 1, 1, 1}}, {2, 2, 1}, x, {3, 3, 1}, y);
  CHECK(y == Bytes{0, 5, 5, 3, 5, 5, 3, 3, 1});
}

TEST_CASE("reference: table") {
  Table op;
  for (std::size_t i = 0; i < 256; ++i) op.map[i] = static_cast<uint8_t>(255 - i);
  Bytes y(3);
  reference::table(op, Bytes{0, 1, 255}, y);
  CHECK(y == Bytes{255, 254, 0});
}

static std::vector<int16_t> words_of(const Bytes& bytes) {
  std::vector<int16_t> words;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    words.push_back(static_cast<int16_t>(bytes[i] | bytes[i + 1] << 8));
  return words;
}

TEST_CASE("reference: agrees with a straight evaluation on random layers") {
  test::Random random(7);
  for (const Family family : {Family::conv, Family::linear, Family::max_pool, Family::table, Family::average_pool,
                              Family::depthwise, Family::add, Family::multiply, Family::rearrange, Family::curve}) {
    for (int i = 0; i < 40; ++i) {
      const LayerGraph g = test::random_network(random, family);
      const auto inputs = test::random_inputs(random, g);
      std::vector<TensorData> given;
      for (const auto& bytes : inputs) {
        if (family == Family::curve)
          given.push_back({words_of(bytes)});
        else
          given.push_back({bytes});
      }
      const auto data = run(g, given);
      const TensorData& out = data[static_cast<std::size_t>(g.dag[0].output)];
      const auto expected = test::straight_output(g, std::span(inputs));
      const Bytes ours = std::visit(
          [](const auto& v) {
            const auto* bytes = reinterpret_cast<const uint8_t*>(v.data());
            return Bytes(bytes, bytes + v.size() * sizeof(v[0]));
          },
          out.values);
      CHECK(ours == expected);
    }
  }
}

TEST_CASE("reference: inputs are rounded half to even in float and clipped") {
  LayerGraph g;
  g.tensors.push_back({"q", ElementType::u8, {1, 1, 8}, {0.5, 131, 1, 255, true, 8}, {}, {{1, 8}, {}}});
  g.inputs.push_back({"x", 0, {{1, 8}, {}}});
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto q = quantise_input(g, 0, std::vector<float>{0, 0.25f, 0.75f, -0.25f, 1000, -inf, nan, inf});
  CHECK(model_integers(g.tensors[0], q) == std::vector<int32_t>{3, 4, 4, 2, 127, -127, -127, 127});
}

TEST_CASE("reference: outputs become real values in the model's order") {
  LayerGraph g;
  Tensor t{"y", ElementType::s32, {1, 2, 2}, {1, 0, 0, 0, true, 32}, {0.5, 0.25}, {{1, 2, 2}, {0, 2, 1, 3}}};
  g.tensors.push_back(t);
  g.outputs.push_back({"y", 0, t.view});
  CHECK(dequantise_output(g, 0, {std::vector<int32_t>{10, 20, -30, 40}}) == std::vector<float>{5, -15, 5, 10});
}
