// Single nodes evaluated in real numbers, against values worked out by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "core/evaluate/evaluate.hpp"

using namespace ares;
using namespace ares::qonnx;

namespace {

using Attributes = std::map<std::string, Attribute>;

RealTensor tensor(Shape shape, std::vector<double> values) {
  return {std::move(shape), std::move(values), false, false};
}

RealTensor counting(Shape shape) {
  RealTensor t{shape, std::vector<double>(static_cast<std::size_t>(*element_count(shape))), false, false};
  std::iota(t.values.begin(), t.values.end(), 0);
  return t;
}

Result<std::vector<RealTensor>> evaluate(const std::string& op, const std::vector<RealTensor>& inputs,
                                         Attributes attributes = {}, std::size_t outputs = 1) {
  Node node{"n", op, "", std::move(attributes), {}, std::vector<std::string>(outputs, "y")};
  std::vector<const RealTensor*> pointers;
  for (const RealTensor& t : inputs) pointers.push_back(t.shape == Shape{-1} ? nullptr : &t);
  return evaluate_node(node, pointers);
}

RealTensor one(const std::string& op, const std::vector<RealTensor>& inputs, Attributes attributes = {}) {
  auto out = evaluate(op, inputs, std::move(attributes));
  REQUIRE_MESSAGE(out, out.error().what);
  return out->at(0);
}

const RealTensor kAbsent{{-1}, {}, false, false};
using Ints = std::vector<int64_t>;

}  // namespace

TEST_CASE("evaluate: Quant rounds half to even and clips") {
  const auto x = tensor({7}, {-100, -1.25, -0.75, 0.25, 0.75, 1.25, 100});
  const std::vector<RealTensor> inputs{x, tensor({}, {0.5}), tensor({}, {0}), tensor({}, {4})};
  CHECK(one("Quant", inputs).values == std::vector<double>{-4, -1, -1, 0, 1, 1, 3.5});
  CHECK(one("Quant", inputs, {{"narrow", int64_t{1}}}).values.front() == -3.5);
  CHECK(one("Quant", inputs, {{"signed", int64_t{0}}}).values == std::vector<double>{0, 0, 0, 0, 1, 1, 7.5});
  const std::vector<RealTensor> asymmetric{x, tensor({}, {0.5}), tensor({}, {3}), tensor({}, {4})};
  CHECK(one("Quant", asymmetric, {{"signed", int64_t{0}}}).values ==
        std::vector<double>{-1.5, -1.5, -0.5, 0.5, 0.5, 1.5, 6});
  const std::vector<RealTensor> bipolar{x, tensor({}, {0.5}), tensor({}, {0}), tensor({}, {1})};
  CHECK(one("Quant", bipolar).values == std::vector<double>{-0.5, -0.5, -0.5, 0.5, 0.5, 0.5, 0.5});
}

TEST_CASE("evaluate: rounding modes, bipolar weights and dropped bits") {
  const auto x = tensor({4}, {-0.75, -0.25, 0.25, 0.75});
  const std::vector<RealTensor> inputs{x, tensor({}, {0.5}), tensor({}, {0}), tensor({}, {4})};
  const auto mode = [&](const char* name) {
    return one("Quant", inputs, {{"rounding_mode", std::string(name)}}).values;
  };
  CHECK(mode("FLOOR") == std::vector<double>{-1, -0.5, 0, 0.5});
  CHECK(mode("ceil") == std::vector<double>{-0.5, 0, 0.5, 1});
  CHECK(mode("ROUND_TO_ZERO") == std::vector<double>{-0.5, 0, 0, 0.5});
  CHECK(!evaluate("Quant", inputs, {{"rounding_mode", std::string("SOMEHOW")}}));
  CHECK(one("BipolarQuant", {x, tensor({}, {2})}).values == std::vector<double>{-2, -2, 2, 2});
  const auto scalar = [&](double v) { return tensor({}, {v}); };
  const auto sums = tensor({3}, {0.5 * 7, 0.5 * 8, 0.5 * -1});
  const auto first = one("Trunc", {sums, scalar(0.5), scalar(0), scalar(6), scalar(4)});
  CHECK(first.values == std::vector<double>{0.5 * 1, 0.5 * 2, 0.5 * -1});
  const auto second = one("Trunc", {sums, scalar(0.5), scalar(0), scalar(6), scalar(2), scalar(4)});
  CHECK(second.values == std::vector<double>{2 * 1, 2 * 2, 2 * -1});
}

TEST_CASE("evaluate: Quant with a scale per channel") {
  const std::vector<RealTensor> inputs{tensor({2, 2}, {1, 2, 1, 2}), tensor({2, 1}, {1, 0.75}), tensor({}, {0}),
                                       tensor({}, {8})};
  CHECK(one("Quant", inputs).values == std::vector<double>{1, 2, 0.75, 2.25});
}

TEST_CASE("evaluate: Conv with stride, dilation, padding and groups") {
  const auto x = counting({1, 1, 3, 3});
  const auto ones = tensor({1, 1, 2, 2}, {1, 1, 1, 1});
  CHECK(one("Conv", {x, ones}).values == std::vector<double>{8, 12, 20, 24});
  CHECK(one("Conv", {x, ones}, {{"dilations", Ints{2, 2}}}).values == std::vector<double>{16});
  CHECK(one("Conv", {x, ones}, {{"pads", Ints{1, 0, 0, 0}}, {"strides", Ints{2, 1}}}).values ==
        std::vector<double>{1, 3, 20, 24});
  const auto grouped = one("Conv", {counting({1, 2, 1, 2}), tensor({2, 1, 1, 1}, {1, 10}), tensor({2}, {0.5, 0})},
                           {{"group", int64_t{2}}});
  CHECK(grouped.values == std::vector<double>{0.5, 1.5, 20, 30});
  CHECK(one("Conv", {counting({1, 1, 4}), tensor({1, 1, 2}, {1, 1})}).shape == Shape{1, 1, 3});
}

TEST_CASE("evaluate: average pools count padding or not") {
  const auto x = tensor({1, 1, 2, 2}, {1, 2, 3, 4});
  const Attributes window{{"kernel_shape", Ints{2, 2}}, {"pads", Ints{1, 1, 0, 0}}, {"strides", Ints{1, 1}}};
  CHECK(one("AveragePool", {x}, window).values == std::vector<double>{1, 1.5, 2, 2.5});
  Attributes counted = window;
  counted["count_include_pad"] = int64_t{1};
  CHECK(one("AveragePool", {x}, counted).values == std::vector<double>{0.25, 0.75, 1, 2.5});
  CHECK(one("GlobalAveragePool", {x}).values == std::vector<double>{2.5});
  const auto row = counting({1, 1, 1, 5});
  const Attributes ceil{{"kernel_shape", Ints{1, 2}}, {"strides", Ints{1, 2}}, {"ceil_mode", int64_t{1}}};
  CHECK(one("MaxPool", {row}, ceil).values == std::vector<double>{1, 3, 4});
  CHECK(one("AveragePool", {row}, ceil).values == std::vector<double>{0.5, 2.5, 4});
}

TEST_CASE("evaluate: slices, pads, splits and gathers") {
  const auto x = counting({2, 3});
  const auto slice = [&](double start, double end, double step) {
    return one("Slice", {x, tensor({1}, {start}), tensor({1}, {end}), tensor({1}, {1}), tensor({1}, {step})}).values;
  };
  CHECK(slice(0, 2, 1) == std::vector<double>{0, 1, 3, 4});
  CHECK(slice(-1, -9.3e18, -1) == std::vector<double>{2, 1, 0, 5, 4, 3});
  CHECK(slice(1, 9.3e18, 2) == std::vector<double>{1, 4});
  CHECK(slice(5, 9, 1).empty());
  const auto padded = one("Pad", {x, tensor({4}, {0, 1, 1, 0})});
  CHECK(padded.shape == Shape{3, 4});
  CHECK(padded.values == std::vector<double>{0, 0, 1, 2, 0, 3, 4, 5, 0, 0, 0, 0});
  const auto reflected = one("Pad", {x, tensor({4}, {0, 2, 0, 1})}, {{"mode", std::string("reflect")}});
  CHECK(reflected.values == std::vector<double>{2, 1, 0, 1, 2, 1, 5, 4, 3, 4, 5, 4});
  const auto parts = evaluate("Split", {x, tensor({2}, {1, 2})}, {{"axis", int64_t{1}}}, 2);
  REQUIRE(parts);
  CHECK(parts->at(0).values == std::vector<double>{0, 3});
  CHECK(parts->at(1).values == std::vector<double>{1, 2, 4, 5});
  const auto gathered = one("Gather", {x, tensor({2}, {2, -3})}, {{"axis", int64_t{1}}});
  CHECK(gathered.values == std::vector<double>{2, 0, 5, 3});
  CHECK(one("Gather", {x, tensor({}, {1})}).shape == Shape{3});
}

TEST_CASE("evaluate: Resize repeats neighbours") {
  const auto x = counting({1, 1, 1, 2});
  const Attributes floor{{"coordinate_transformation_mode", std::string("asymmetric")},
                         {"nearest_mode", std::string("floor")}};
  const auto y = one("Resize", {x, kAbsent, tensor({4}, {1, 1, 2, 2})}, floor);
  CHECK(y.shape == Shape{1, 1, 2, 4});
  CHECK(y.values == std::vector<double>{0, 0, 1, 1, 0, 0, 1, 1});
  CHECK(one("Resize", {x, kAbsent, kAbsent, tensor({4}, {1, 1, 1, 1})}, floor).values == std::vector<double>{0});
}

TEST_CASE("evaluate: Resize refuses scales and sizes that give no length") {
  const auto x = counting({1, 1, 1, 2});
  for (const double bad : {HUGE_VAL, -1.0, std::nan(""), 1e300})
    CHECK_FALSE(evaluate("Resize", {x, kAbsent, tensor({4}, {1, 1, 1, bad})}));
  CHECK_FALSE(evaluate("Resize", {x, kAbsent, kAbsent, tensor({4}, {1, 1, 1, -3})}));
}

TEST_CASE("evaluate: functions, normalisations and reductions") {
  const auto x = tensor({1, 2}, {-1, 3});
  CHECK(one("HardSwish", {x}).values[0] == doctest::Approx(-1.0 / 3));
  CHECK(one("HardSwish", {x}).values[1] == 3);
  CHECK(one("Gelu", {x}).values[0] == doctest::Approx(-0.158655));
  CHECK(one("Clip", {x, tensor({}, {0}), tensor({}, {2})}).values == std::vector<double>{0, 2});
  CHECK(one("Softmax", {x}).values[1] == doctest::Approx(1 / (1 + std::exp(-4.0))));
  const RealTensor image = counting({2, 2, 3});  // before opset 13: over six elements at once
  const RealTensor soft = one("Softmax", {image}, {{"axis", int64_t{1}}, {"flattened", int64_t{1}}});
  double all = 0;
  for (int i = 0; i < 6; ++i) all += std::exp(i);
  CHECK(soft.shape == image.shape);
  for (std::size_t i = 0; i < 12; ++i) CHECK(soft.values[i] == doctest::Approx(std::exp(double(i % 6)) / all));
  CHECK(one("ReduceMean", {x}, {{"axes", Ints{1}}, {"keepdims", int64_t{0}}}).shape == Shape{1});
  CHECK(one("ReduceMean", {x}, {{"axes", Ints{-1}}}).values == std::vector<double>{1});
  const auto normal = one("LayerNormalization", {x, tensor({2}, {1, 2}), tensor({2}, {0, 1})}, {{"epsilon", 0.0}});
  CHECK(normal.values == std::vector<double>{-1, 3});
  const auto batch =
      one("BatchNormalization", {x, tensor({2}, {1, 2}), tensor({2}, {0, 1}), tensor({2}, {0, 1}), tensor({2}, {1, 4})},
          {{"epsilon", 0.0}});
  CHECK(batch.values == std::vector<double>{-1, 3});
}

TEST_CASE("evaluate: what cannot be evaluated is named") {
  CHECK(evaluate("Loop", {}).error().what == "cannot be evaluated in real numbers");
  CHECK(evaluate("Conv", {counting({1, 1, 3, 3})}).error().what == "input 1 is missing");
  CHECK(!evaluate("Conv", {counting({1, 2, 3, 3}), counting({1, 1, 2, 2})}));
  CHECK(!evaluate("Reshape", {counting({6}), tensor({1}, {4})}));
  CHECK(!evaluate("Add", {counting({2}), counting({3})}));
}
