// Constant folding and shape inference of single operators.
#include <doctest/doctest.h>

#include <cstdint>

#include "core/import/operator.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using ares::qonnx::Array;
using ares::qonnx::Attribute;
using ares::qonnx::Shape;
using ares::test::ModelBuilder;
using Ints = std::vector<int64_t>;

Array iota(Shape shape) {
  int64_t n = 1;
  for (const int64_t d : shape) n *= d;
  Ints values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  return ares::qonnx::make_integers(std::move(shape), std::move(values));
}

ares::Result<std::vector<Array>> try_fold(const std::string& op, const std::vector<Array>& inputs,
                                          const ModelBuilder::Attributes& attributes = {}) {
  ModelBuilder b;
  std::vector<std::string> names;
  for (const Array& a : inputs) {
    names.push_back("in" + std::to_string(names.size()));
    b.model.constants[names.back()] = a;
  }
  b.node(op, "n", names, attributes);
  return ares::qonnx::find_operator(op)->fold({b.model, b.model.nodes[0]});
}

Array fold(const std::string& op, const std::vector<Array>& inputs, const ModelBuilder::Attributes& attributes = {}) {
  auto r = try_fold(op, inputs, attributes);
  REQUIRE_MESSAGE(r, (r ? "" : r.error().what));
  return r->at(0);
}

Ints values_of(const Array& a) { return std::get<Ints>(a.values); }
Array list(const Ints& values) { return ares::qonnx::make_integers({static_cast<int64_t>(values.size())}, values); }
Array number(int64_t v) { return ares::qonnx::make_integers({}, {v}); }

}  // namespace

TEST_CASE("import: Slice clamps bounds, counts from the end, goes backwards") {
  const auto slice = [](const Ints& start, const Ints& end, const Ints& axes, const Ints& steps) {
    return fold("Slice", {iota({4, 3}), list(start), list(end), list(axes), list(steps)});
  };
  CHECK(values_of(slice({1}, {3}, {0}, {1})) == Ints{3, 4, 5, 6, 7, 8});
  CHECK(values_of(slice({-1}, {INT64_MIN}, {0}, {-1})) == Ints{9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2});
  CHECK(values_of(slice({0}, {INT64_MAX}, {1}, {2})) == Ints{0, 2, 3, 5, 6, 8, 9, 11});
  CHECK(values_of(slice({-1, 2}, {-100, -2}, {0, 1}, {-2, -1})) == Ints{11, 5});
  CHECK(slice({3}, {1}, {0}, {1}).shape == Shape{0, 3});
  CHECK(slice({INT64_MIN}, {INT64_MAX}, {-1}, {1}).shape == Shape{4, 3});
  CHECK_FALSE(try_fold("Slice", {iota({4}), list({0}), list({4}), list({0}), list({0})}));
  CHECK_FALSE(try_fold("Slice", {iota({4}), list({0}), list({4}), list({7}), list({1})}));
}

TEST_CASE("import: Gather takes slices along an axis") {
  const Array g = fold("Gather", {iota({2, 3, 2}), list({-1, 0})}, {{"axis", int64_t{1}}});
  CHECK(g.shape == Shape{2, 2, 2});
  CHECK(values_of(g) == Ints{4, 5, 0, 1, 10, 11, 6, 7});
  CHECK(fold("Gather", {iota({3}), number(2)}).shape == Shape{});
  CHECK_FALSE(try_fold("Gather", {iota({3}), number(3)}));
}

TEST_CASE("import: Concat, Unsqueeze, Squeeze, Reshape, Transpose of constants") {
  const Array c = fold("Concat", {iota({2, 1}), iota({2, 2})}, {{"axis", int64_t{-1}}});
  CHECK(c.shape == Shape{2, 3});
  CHECK(values_of(c) == Ints{0, 0, 1, 1, 2, 3});
  CHECK_FALSE(try_fold("Concat", {iota({2, 1}), iota({3, 1})}, {{"axis", int64_t{1}}}));
  CHECK(fold("Unsqueeze", {iota({2, 3}), list({0, -1})}).shape == Shape{1, 2, 3, 1});
  CHECK_FALSE(try_fold("Unsqueeze", {iota({2}), list({5})}));
  CHECK(fold("Squeeze", {iota({1, 2, 1})}).shape == Shape{2});
  CHECK(fold("Squeeze", {iota({1, 2, 1}), list({0})}).shape == Shape{2, 1});
  CHECK(fold("Reshape", {iota({2, 6}), list({0, -1, 3})}).shape == Shape{2, 2, 3});
  CHECK_FALSE(try_fold("Reshape", {iota({2, 6}), list({-1, 5})}));
  CHECK_FALSE(try_fold("Reshape", {iota({2, 6}), list({-1, -1})}));
  CHECK_FALSE(try_fold("Reshape", {iota({2, 6}), list({INT64_MAX, INT64_MAX})}));
  CHECK(values_of(fold("Transpose", {iota({2, 3})})) == Ints{0, 3, 1, 4, 2, 5});
  CHECK(values_of(fold("Transpose", {iota({1, 2, 3})}, {{"perm", Ints{2, 0, 1}}})) == Ints{0, 3, 1, 4, 2, 5});
  CHECK_FALSE(try_fold("Transpose", {iota({2, 3})}, {{"perm", Ints{0, 0}}}));
}

TEST_CASE("import: integer arithmetic stays integer and fails where there is no result") {
  CHECK(values_of(fold("Add", {list({1, 2}), number(3)})) == Ints{4, 5});
  CHECK(values_of(fold("Sub", {list({1, 2}), number(3)})) == Ints{-2, -1});
  CHECK(values_of(fold("Mul", {iota({2, 1}), iota({1, 2})})) == Ints{0, 0, 0, 1});
  CHECK(values_of(fold("Div", {list({-7, 7}), number(2)})) == Ints{-3, 3});
  CHECK_FALSE(try_fold("Div", {number(1), number(0)}));
  CHECK_FALSE(try_fold("Div", {number(INT64_MIN), number(-1)}));
  CHECK_FALSE(try_fold("Mul", {number(INT64_MAX), number(2)}));
  CHECK_FALSE(try_fold("Add", {iota({2}), iota({3})}));
}

TEST_CASE("import: Expand, Tile, Range, Where and comparisons of constants") {
  const Array expanded = fold("Expand", {iota({2, 1}), list({3, 1, 2})});
  CHECK(expanded.shape == Shape{3, 2, 2});
  CHECK(values_of(expanded) == Ints{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1});
  CHECK_FALSE(try_fold("Expand", {iota({2}), list({3})}));
  CHECK_FALSE(try_fold("Expand", {iota({1}), list({-1})}));
  CHECK_FALSE(try_fold("Expand", {iota({1}), list({1 << 20, 1 << 20})}));
  const Array tiled = fold("Tile", {iota({2, 2}), list({2, 3})});
  CHECK(tiled.shape == Shape{4, 6});
  CHECK(values_of(tiled) == Ints{0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3});
  CHECK(fold("Tile", {iota({2}), list({0})}).shape == Shape{0});
  for (const int64_t repeats : {int64_t{-1}, INT64_MAX, int64_t{1} << 22})
    CHECK_FALSE(try_fold("Tile", {iota({2}), list({repeats})}));
  CHECK_FALSE(try_fold("Tile", {iota({2}), list({1, 1})}));
  CHECK(values_of(fold("Range", {number(2), number(9), number(3)})) == Ints{2, 5, 8});
  CHECK(values_of(fold("Range", {number(3), number(-1), number(-2)})) == Ints{3, 1});
  CHECK(fold("Range", {number(3), number(0), number(1)}).shape == Shape{0});
  for (const int64_t step : {int64_t{0}, int64_t{1}})
    CHECK_FALSE(try_fold("Range", {number(0), number(INT32_MAX), number(step)}));
  CHECK_FALSE(try_fold("Range", {number(0), number(INT64_MAX), number(INT64_MAX)}));
  CHECK(values_of(fold("Equal", {list({1, 2, 3}), number(2)})) == Ints{0, 1, 0});
  CHECK(values_of(fold("Less", {list({1, 2, 3}), number(2)})) == Ints{1, 0, 0});
  CHECK(values_of(fold("Greater", {list({1, 2, 3}), Array{{}, std::vector<float>{2.5f}}})) == Ints{0, 0, 1});
  const Array chosen = fold("Where", {list({1, 0, 1}), number(-1), iota({2, 3})});
  CHECK(chosen.shape == Shape{2, 3});
  CHECK(values_of(chosen) == Ints{-1, 1, -1, -1, 4, -1});
  CHECK_FALSE(fold("Where", {number(1), number(1), Array{{}, std::vector<float>{2.5f}}}).is_integer());
  CHECK_FALSE(try_fold("Where", {list({1, 0}), number(1), iota({3})}));
}

TEST_CASE("import: joining with an empty constant keeps the others") {
  const Array joined = fold("Concat", {list({}), list({4, 5}), list({})}, {{"axis", int64_t{0}}});
  CHECK(joined.shape == Shape{2});
  CHECK(values_of(joined) == Ints{4, 5});
  CHECK(fold("Concat", {iota({0, 2}), iota({0, 3})}, {{"axis", int64_t{1}}}).shape == Shape{0, 5});
}

TEST_CASE("import: absent inputs and absurd empty shapes are refused") {
  for (const char* op :
       {"Add", "Relu", "Concat", "Where", "Equal", "Range", "Tile", "Expand", "Max", "Reshape", "Gather"}) {
    CAPTURE(op);
    for (const std::vector<std::string>& inputs :
         {std::vector<std::string>{"", "one"}, {"one", ""}, {"one", "", "one"}, {"", "", ""}}) {
      ModelBuilder b;
      b.ints("one", {1});
      b.quant("q", b.input("x", {1, 1}), {});
      b.output(b.node(op, "n", inputs, {{"axis", int64_t{0}}}));
      CHECK_FALSE(ares::test::run_pipeline(b.model));
    }
  }
  CHECK_FALSE(ares::qonnx::element_count({0, int64_t{1} << 40}));
  CHECK(ares::qonnx::element_count({0, 5}) == 0);
}

TEST_CASE("import: Cast, Constant, ConstantOfShape, Shape") {
  const Array real{{2}, std::vector<float>{-1.5f, 2.9f}};
  CHECK(values_of(fold("Cast", {real}, {{"to", int64_t{7}}})) == Ints{-1, 2});
  CHECK(values_of(fold("Cast", {real}, {{"to", int64_t{9}}})) == Ints{1, 1});
  CHECK_FALSE(try_fold("Cast", {real}, {{"to", int64_t{8}}}));
  CHECK_FALSE(try_fold("Cast", {Array{{1}, std::vector<float>{1e30f}}}, {{"to", int64_t{7}}}));
  CHECK(values_of(fold("Constant", {}, {{"value", Attribute(iota({3}))}})) == Ints{0, 1, 2});
  CHECK_FALSE(try_fold("Constant", {}));
  const Array filled = fold("ConstantOfShape", {list({2, 2})}, {{"value", Attribute(list({7}))}});
  CHECK(values_of(filled) == Ints{7, 7, 7, 7});
  CHECK_FALSE(try_fold("ConstantOfShape", {list({1 << 20, 1 << 20})}));
  CHECK_FALSE(try_fold("ConstantOfShape", {list({-1})}));
  CHECK(values_of(fold("Shape", {iota({2, 5})})) == Ints{2, 5});
  CHECK(values_of(fold("Shape", {iota({2, 5})}, {{"start", int64_t{-1}}})) == Ints{5});
}

namespace {

ares::Result<std::vector<Shape>> shapes(const std::string& op, const std::vector<Shape>& inputs,
                                        const ModelBuilder::Attributes& attributes) {
  ModelBuilder b;
  std::vector<std::string> names;
  for (const Shape& s : inputs) names.push_back(b.input("in" + std::to_string(names.size()), s));
  b.node(op, "n", names, attributes);
  return ares::qonnx::find_operator(op)->shapes({b.model, b.model.nodes[0]});
}

Shape pooled(int64_t in, int64_t kernel, int64_t stride, const Ints& pads, bool ceil_mode) {
  const auto r = shapes("MaxPool", {{1, 1, 1, in}},
                        {{"kernel_shape", Ints{1, kernel}},
                         {"strides", Ints{1, stride}},
                         {"pads", Ints{0, pads[0], 0, pads[1]}},
                         {"ceil_mode", int64_t{ceil_mode}}});
  REQUIRE(r);
  return r->at(0);
}

}  // namespace

TEST_CASE("import: output sizes of convolutions and pools") {
  const auto conv = [](const ModelBuilder::Attributes& a) { return shapes("Conv", {{1, 2, 9, 9}, {4, 2, 3, 3}}, a); };
  CHECK(conv({})->at(0) == Shape{1, 4, 7, 7});
  CHECK(conv({{"pads", Ints{1, 0, 0, 2}}, {"strides", Ints{2, 1}}})->at(0) == Shape{1, 4, 4, 9});
  CHECK(conv({{"dilations", Ints{3, 1}}})->at(0) == Shape{1, 4, 3, 7});
  CHECK(conv({{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}})->at(0) == Shape{1, 4, 5, 5});
  CHECK_FALSE(conv({{"dilations", Ints{9, 1}}}));
  CHECK_FALSE(conv({{"strides", Ints{0, 1}}}));
  CHECK_FALSE(conv({{"strides", Ints{int64_t{1} << 40, 1}}}));
  CHECK_FALSE(conv({{"pads", Ints{-1, 0, 0, 0}}}));
  CHECK_FALSE(conv({{"group", int64_t{2}}}));
  CHECK_FALSE(conv({{"kernel_shape", Ints{5, 5}}}));
  CHECK_FALSE(
      shapes("Conv", {{1, 2, 9, 9}, {4, 2, 4, 3}},
             {{"auto_pad", std::string("SAME_UPPER")}, {"dilations", Ints{32767, 1}}}));  // 98,301 rows of padding
  CHECK(pooled(7, 2, 2, {0, 0}, false).back() == 3);
  CHECK(pooled(7, 2, 2, {0, 0}, true).back() == 4);
  CHECK(pooled(5, 2, 3, {1, 1}, true).back() == 2);  // a third window would begin in the trailing pad
  CHECK(pooled(6, 3, 2, {1, 1}, true).back() == 4);
  CHECK_FALSE(shapes("MaxPool", {{1, 1, 4, 4}}, {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{2, 0, 0, 0}}}));
}
