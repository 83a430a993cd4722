// Two convolutions without a Quant between them.
#include <doctest/doctest.h>

#include "core/builder/model_builder.hpp"
#include "core/compare/layers.hpp"
#include "core/evaluate/evaluate.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;
using namespace ares::builder;
using ares::builder::ModelBuilder;

struct Two {
  ConvSpec first, second;
  bool relu = false;
};

qonnx::ModelGraph model_of(const Two& two) {
  ModelBuilder b("two", {.seed = 5});
  Value x = b.conv("conv1", b.quant("input_quant", b.input("input", {1, 3, 11, 9})), two.first);
  if (two.relu) x = b.function("Relu", "relu", x);
  return b.finish({b.quant("output_quant", b.conv("conv2", x, two.second))});
}

/// The error, or how many elements of the output differ from the model's real values.
std::string error_of(const Two& two, int64_t* differing = nullptr) {
  const qonnx::ModelGraph model = model_of(two);
  const auto g = test::run_pipeline(model);
  if (!g) return g.error().what;
  const auto evaluation = qonnx::Evaluation::create(model);
  REQUIRE(evaluation);
  qonnx::RealTensor input{{1, 3, 11, 9}, {}, false, true};
  for (int i = 0; i < 3 * 11 * 9; ++i) input.values.push_back(static_cast<float>((i * 37 % 101) / 50.0 - 1));
  const auto real = evaluation->run({{"input", std::move(input)}});
  REQUIRE(real);
  Judgement judgement;
  judge_layers(*g, *real, judgement);
  for (const std::string& finding : judgement.findings) FAIL_CHECK(finding);
  if (differing) *differing = judgement.by_kind["weighted"].differing;
  return "";
}

constexpr WeightSpec kBipolar{.bits = 1}, kFew{.bits = 3, .per_channel = true};

}  // namespace

TEST_CASE("compose: one convolution computes what two do") {
  int64_t differing = -1;
  const ConvSpec first{.out = 4, .kernel = {3, 2}, .stride = {2, 1}, .pads = {1, 0, 0, 1}, .weights = kBipolar};
  CHECK(error_of({first, {.out = 5, .kernel = {2, 3}, .stride = {1, 2}, .weights = kFew}}, &differing) == "");
  CHECK(differing == 0);
  ConvSpec dilated = first, depthwise = first, grouped = first;
  dilated.dilation = {2, 1};
  CHECK(error_of({dilated, {.out = 2, .kernel = {1, 2}, .dilation = {1, 3}, .weights = kFew}}, &differing) == "");
  CHECK(differing == 0);
  depthwise.out = depthwise.groups = 3;
  CHECK(error_of({depthwise, {.out = 6, .weights = kFew}}, &differing) == "");  // separable
  CHECK(differing == 0);
  grouped.out = 6;
  CHECK(error_of({grouped, {.out = 4, .kernel = {2, 2}, .groups = 2, .weights = {.bits = 4}}}, &differing) == "");
  CHECK(differing == 0);
}

TEST_CASE("compose: weights of more than 8 bits are divided among copies of the input") {
  const Two two{{.out = 16, .kernel = {2, 2}, .stride = {2, 2}, .weights = kBipolar},
                {.out = 4, .kernel = {2, 2}, .stride = {2, 2}, .weights = {.bits = 6}}};
  int64_t differing = -1;
  CHECK(error_of(two, &differing) == "");
  CHECK(differing == 0);
  std::vector<std::string> notices;
  const auto g = test::run_pipeline(model_of(two), RequantPolicy::exact, &notices);
  REQUIRE(g);
  const auto& layer = std::get<Weighted>(test::layer_named(*g, "conv2").op);
  CHECK(layer.window == Window{4, 4, 4, 4});
  CHECK(layer.weights.size() > 4 * 4 * 4 * 3);
  CHECK(layer.weights.size() % (4 * 4 * 4 * 3) == 0);
  CHECK(notices.front().find("are one of 4x4 with") != std::string::npos);
}

TEST_CASE("compose: what is no single convolution is refused") {
  const ConvSpec first{.out = 4, .kernel = {3, 3}, .weights = kBipolar}, second{.out = 5, .weights = kFew};
  const auto says = [](const Two& two, const std::string& part) {
    const std::string what = error_of(two);
    CAPTURE(what);
    CHECK(what.find("/conv2/Conv' (Conv): ") != std::string::npos);
    CHECK(what.find(part) != std::string::npos);
    CHECK(what.find("put a Quant b") != std::string::npos);
  };
  says({first, second, true}, "it is behind a ReLU or Clip");
  ConvSpec padded = second, per_channel = first, wide = first;
  padded.kernel = {3, 3};
  padded.pads = same(1);
  says({first, padded}, "it is padded");
  per_channel.weights = {.bits = 1, .per_channel = true};
  says({per_channel, second}, "it is scaled channel by channel");
  wide.weights = {};
  says({wide, {.out = 5}}, "has weights up to ");
}
