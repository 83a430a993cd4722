// What the builder writes: the same bytes again after parsing, in the forms that Brevitas's exports have.
#include <doctest/doctest.h>

#include "core/builder/blocks.hpp"
#include "core/builder/size.hpp"
#include "core/builder/write_model.hpp"
#include "core/import/read_model.hpp"

using namespace ares;
using namespace ares::builder;

namespace {

/// A little of everything that the importer knows the shapes of.
ModelGraph varied(uint64_t seed = 3) {
  ModelBuilder b("varied", {.seed = seed});
  Value x = b.quant("input_quant", b.input("input", {1, 2, 8, 8}));
  x = b.relu("relu1",
             b.conv("conv1", x, {.out = 4, .kernel = {3, 3}, .pads = same(1), .weights = {.per_channel = true}}));
  x = b.quant("act2",
              b.conv("conv2", x, {.out = 4, .bias = Bias::quantised, .weights = {.bits = 4, .asymmetric = true}}),
              {.asymmetric = true});
  x = residual_block(b, "block", x, {.out = 4});
  x = b.quant("pool_quant", b.average_pool("pool", x));
  x = b.quant("fc_quant", b.view_flat(b.max_pool("max", x)));
  return b.finish({b.linear("fc", x, {.out = 3})});
}

const qonnx::Node& node_named(const ModelGraph& model, const std::string& name) {
  for (const qonnx::Node& n : model.nodes) {
    if (n.name == name) return n;
  }
  throw std::out_of_range(name);
}

}  // namespace

TEST_CASE("builder: written, parsed and written again is the same file") {
  const auto bytes = qonnx::serialise_model(varied());
  REQUIRE_MESSAGE(bytes, bytes.error().what);
  const auto parsed = qonnx::parse_model(*bytes, "varied.qonnx");
  REQUIRE_MESSAGE(parsed, parsed.error().what);
  CHECK(parsed->nodes.size() == varied().nodes.size());
  const auto again = qonnx::serialise_model(*parsed);
  REQUIRE_MESSAGE(again, again.error().what);
  CHECK(*again == *bytes);
}

TEST_CASE("builder: a seed gives one model, another seed another") {
  const auto bytes = [](uint64_t seed) { return qonnx::serialise_model(varied(seed)).value(); };
  CHECK(bytes(3) == bytes(3));
  CHECK(bytes(3) != bytes(4));
}

TEST_CASE("builder: nodes have the names, domains and attributes of exports") {
  const ModelGraph model = varied();
  const auto& quant = node_named(model, "/conv1/weight_quant/export_handler/Quant");
  CHECK(quant.domain == "qonnx.custom_op.general");
  CHECK(quant.inputs[0] == "conv1.weight");
  CHECK(qonnx::int_attribute(quant, "narrow", -1) == 1);
  CHECK(qonnx::int_attribute(quant, "signed", -1) == 1);
  CHECK(qonnx::string_attribute(quant, "rounding_mode", "") == "ROUND");
  CHECK(model.constants.at(quant.inputs[1]).shape == Shape{4, 1, 1, 1});
  const auto& input = node_named(model, "/input_quant/act_quant/export_handler/Quant");
  CHECK(input.inputs[2] == quant.inputs[2]);  // equal constants are shared
  CHECK(node_named(model, "/relu1/act_quant/activation_impl/Relu").domain.empty());
  const auto& bias = node_named(model, "/conv2/bias_quant/export_handler/Quant");
  CHECK(std::get<0>(model.constants.at(bias.inputs[3]).values)[0] == 32);
  const auto& first = node_named(model, "/block/add_quant/act_quant/export_handler/Quant");
  const auto& second = node_named(model, "/block/add_quant/act_quant/export_handler_1/Quant");
  CHECK(first.inputs[1] == second.inputs[1]);
  CHECK(node_named(model, "/fc/Gemm").outputs[0] == "output");
}

TEST_CASE("builder: scales cover the calibration samples") {
  ModelBuilder b("calibration", {.seed = 5, .samples = 3});
  const Value x = b.input("input", {1, 1, 16, 16});
  const auto largest = [&](const Value& v, double sign) {
    double most = 0;
    for (const auto& t : b.samples(v.name)) {
      for (const double value : t.values) most = std::max(most, sign * value);
    }
    return most;
  };
  const Value y = b.quant("q", x);
  const auto half_step = [](int steps) { return 0.5 * 1.02 / steps; };  // scales are up to 2 % wider than need be
  CHECK(std::max(largest(y, 1), largest(y, -1)) ==
        doctest::Approx(std::max(largest(x, 1), largest(x, -1))).epsilon(half_step(127)));
  const Value conv = b.conv("conv", y, {.out = 4, .kernel = {3, 3}});
  const Value z = b.relu("relu", conv);
  CHECK(largest(z, 1) == doctest::Approx(largest(conv, 1)).epsilon(half_step(255)));
  CHECK(largest(z, -1) == 0);
  const Value w = b.quant("asymmetric", conv, {.bits = 6, .asymmetric = true});
  CHECK(largest(w, 1) + largest(w, -1) ==
        doctest::Approx(largest(conv, 1) + largest(conv, -1)).epsilon(2 * half_step(63)));
  const Value p = b.quant("power", conv, {.power_of_two = true});
  CHECK(largest(p, 1) == doctest::Approx(largest(conv, 1)).epsilon(0.02));
}

TEST_CASE("builder: what does not fit is named") {
  ModelBuilder b("wrong");
  const Value x = b.quant("q", b.input("input", {1, 3, 4, 4}));
  CHECK_THROWS_WITH(b.conv("conv", x, {.out = 2, .kernel = {5, 5}}),
                    doctest::Contains("wrong.qonnx: node '/conv/Conv' (Conv): its window does not fit"));
  CHECK_THROWS_AS(b.node("Nonsense", "", {x.name}), std::logic_error);
}

TEST_CASE("builder: multiply-accumulates and parameters are counted") {
  ModelBuilder b("size");
  Value x = b.quant("q", b.input("input", {1, 2, 4, 4}));
  x = b.relu("relu", b.conv("conv", x, {.out = 4, .kernel = {3, 3}, .groups = 2}));  // 2x2 positions, 9 taps
  const ModelGraph model = b.finish({b.linear("fc", b.flatten(x), {.out = 5})});
  const auto size = qonnx::model_size(model);
  REQUIRE(size);
  CHECK(size->macs == 4 * 4 * 9 + 16 * 5);
  CHECK(size->parameters == 4 * 9 + 4 + 16 * 5 + 5);
}

TEST_CASE("builder: layout and functions keep the values they are meant to") {
  ModelBuilder b("layout", {.samples = 1});
  const Value x = b.input("input", {1, 4, 2, 2});
  const auto values = [&](const Value& v) { return b.samples(v.name)[0].values; };
  const auto parts = b.split("", x, {1, 3});
  CHECK(values(b.concat("", parts)) == values(x));
  CHECK(b.pad("", x, {0, 1, 2, 3}).shape == Shape{1, 4, 4, 6});
  CHECK(values(b.slice("", x, 1, 1, 4)) == values(parts[1]));
  CHECK(b.upsample("", x, 3).shape == Shape{1, 4, 6, 6});
  CHECK(b.transpose("", x, {0, 2, 3, 1}).shape == Shape{1, 2, 2, 4});
  CHECK(b.view_flat(x).shape == Shape{1, 16});
  CHECK(b.mean("", b.reshape("", x, {1, 4, 4}), 1).shape == Shape{1, 4});
  CHECK(values(b.clip("", x, 0, 6)) == values(b.function("Relu", "", x)));
  const double first = values(x)[0];
  CHECK(values(b.gelu("gelu", x))[0] == doctest::Approx(first * 0.5 * (1 + std::erf(first / std::sqrt(2.0)))));
  CHECK(values(b.silu("silu", x))[0] == doctest::Approx(first / (1 + std::exp(-first))));
}
