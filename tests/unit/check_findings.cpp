// The deployment checker on models that are broken on purpose: one finding for each cause, all causes of a model.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

#include "core/base/file.hpp"
#include "core/builder/blocks.hpp"
#include "core/check/check_report.hpp"
#include "core/check/operations.hpp"
#include "core/check/warnings.hpp"
#include "core/import/operator.hpp"
#include "core/passes/pass.hpp"
#include "cost_models/model_best.hpp"
#include "experiments/zoo/zoo.hpp"

namespace ares {
namespace {

using namespace builder;
using qonnx::Array;
using qonnx::ModelGraph;
using qonnx::Node;

struct Checked {
  ModelCheck check;
  CheckReport report;
};

Checked run(ModelGraph model, const PlanOptions& options = {}, RequantPolicy policy = RequantPolicy::fast) {
  static const Target target = value_or_throw(load_target("gap9"));
  static const auto analytical = value_or_throw(make_cost_model("analytical"));
  const GroupCostFunction cost = [](const GroupShape& s, const Context& c) -> std::optional<GroupCost> {
    const auto best = best_by_model(*analytical, {s, c, target});
    if (!best) return std::nullopt;
    const Estimate& e = best->estimate;
    return GroupCost{best->config, e.cycles, e.l3, e.l1_bytes, name_of(e.bottleneck)};
  };
  model.file = "test.qonnx";
  Checked c;
  c.check = check_model(std::move(model), policy);
  const Deployment d = deploy(c.check, target, options, cost);
  add_warnings(c.check, d, target, cost);
  c.report = make_report(c.check, d, target, options.cores);
  return c;
}

/// "cause node" of each finding, sorted.
using Causes = std::multiset<std::string>;

std::string to_text(const Causes& causes) { return fmt::format("{}", fmt::join(causes, "; ")); }

std::string causes(const Checked& c) {
  Causes all;
  for (const Finding& f : c.check.findings) all.insert(f.cause + " " + f.node);
  return to_text(all);
}

/// Three convolutions, a pool and a classifier. `with` may put something of its own between conv2's ReLU and conv3.
ModelGraph network(const std::function<Value(ModelBuilder&, Value)>& with = {}) {
  ModelBuilder b("network", {.seed = 3});
  Value x = b.quant("input_quant", b.input("input", {1, 4, 16, 16}));
  x = b.relu("relu1", b.conv("conv1", x, {.out = 16, .kernel = {3, 3}, .pads = same(1)}));
  x = b.relu("relu2", b.batch_norm("bn2", b.conv("conv2", x, {.out = 16, .kernel = {3, 3}, .pads = same(1)})));
  if (with) x = with(b, x);
  x = b.relu("relu3", b.conv("conv3", x, {.out = 16, .kernel = {3, 3}, .pads = same(1)}));
  x = b.max_pool("pool", x);
  return b.finish({b.linear("fc", b.flatten(x), {.out = 10})});
}

Node& node(ModelGraph& model, const std::string& name) {
  const auto it = std::find_if(model.nodes.begin(), model.nodes.end(), [&](const Node& n) { return n.name == name; });
  REQUIRE_MESSAGE(it != model.nodes.end(), name);
  return *it;
}

/// The node that makes input `i` of a node.
Node& before(ModelGraph& model, const std::string& name, std::size_t i) {
  const std::string tensor = node(model, name).inputs.at(i);
  const auto it =
      std::find_if(model.nodes.begin(), model.nodes.end(), [&](const Node& n) { return n.outputs.at(0) == tensor; });
  REQUIRE_MESSAGE(it != model.nodes.end(), tensor);
  return *it;
}

/// Gives an input of a node a constant of its own.
void set_input(ModelGraph& model, Node& n, std::size_t i, Array array) {
  const std::string name = fmt::format("changed {} {}", n.name, i);
  model.constants[name] = std::move(array);
  n.inputs.at(i) = name;
}

void set_scalar(ModelGraph& model, Node& n, std::size_t i, float value) {
  set_input(model, n, i, {{}, std::vector<float>{value}});
}

/// Lets a node read what the node on its input `i` reads.
void skip(ModelGraph& model, const std::string& name, std::size_t i) {
  const std::string source = before(model, name, i).inputs.at(0);
  node(model, name).inputs.at(i) = source;
}

std::string weights_of(ModelGraph& model, const std::string& name) { return before(model, name, 1).name; }
std::string source_of(ModelGraph& model, const std::string& name) { return before(model, name, 0).name; }

struct Broken {
  const char* what;
  Causes (*breaks)(ModelGraph&);  ///< breaks the network and says what is to be found
};

// clang-format off
const Broken kBroken[] = {
    {"an operator that nothing knows", [](ModelGraph& m) {
       node(m, "/relu2/act_quant/activation_impl/Relu").op = "LpNormalization";
       return Causes{"operator /relu2/act_quant/activation_impl/Relu"}; }},
    {"an operator of a foreign domain", [](ModelGraph& m) {
       node(m, "/relu2/act_quant/activation_impl/Relu").domain = "com.microsoft";
       return Causes{"operator /relu2/act_quant/activation_impl/Relu"}; }},
    {"no input quantiser", [](ModelGraph& m) {
       skip(m, "/conv1/Conv", 0);
       return Causes{"layer /conv1/Conv"}; }},
    {"no quantiser between two convolutions", [](ModelGraph& m) {
       skip(m, "/conv2/Conv", 0);
       return Causes{"layer /conv2/Conv"}; }},
    {"float weights", [](ModelGraph& m) {
       skip(m, "/conv2/Conv", 1);
       return Causes{"layer /conv2/Conv"}; }},
    {"16-bit weights", [](ModelGraph& m) {
       set_scalar(m, before(m, "/conv2/Conv", 1), 3, 16);
       return Causes{"layer /conv2/Conv"}; }},
    {"16-bit activations", [](ModelGraph& m) {
       Node& quant = before(m, "/conv2/Conv", 0);
       set_scalar(m, quant, 3, 16);
       return Causes{"quantiser " + quant.name}; }},
    {"a bit width of 0", [](ModelGraph& m) {
       set_scalar(m, before(m, "/conv2/Conv", 1), 3, 0);
       return Causes{"quantiser " + weights_of(m, "/conv2/Conv")}; }},
    {"a scale for each channel of an activation", [](ModelGraph& m) {
       Node& quant = before(m, "/conv2/Conv", 0);
       std::vector<float> scales(16, 0.1f);
       scales[3] = 0.2f;
       set_input(m, quant, 1, {{1, 16, 1, 1}, scales});
       return Causes{"quantiser " + quant.name}; }},
    {"a negative scale of weights", [](ModelGraph& m) {
       set_scalar(m, before(m, "/conv2/Conv", 1), 1, -0.1f);
       return Causes{"quantiser " + weights_of(m, "/conv2/Conv")}; }},
    {"a scale that is no number", [](ModelGraph& m) {
       set_scalar(m, before(m, "/conv2/Conv", 0), 1, std::numeric_limits<float>::quiet_NaN());
       return Causes{"quantiser " + source_of(m, "/conv2/Conv")}; }},
    {"a fractional zero point", [](ModelGraph& m) {
       set_scalar(m, before(m, "/conv2/Conv", 0), 2, 0.5f);
       return Causes{"quantiser " + source_of(m, "/conv2/Conv")}; }},
    {"a zero point outside of the range", [](ModelGraph& m) {
       set_scalar(m, before(m, "/conv2/Conv", 0), 2, 300);
       return Causes{"quantiser " + source_of(m, "/conv2/Conv")}; }},
    {"rounding down", [](ModelGraph& m) {
       before(m, "/conv2/Conv", 0).attributes["rounding_mode"] = std::string("FLOOR");
       return Causes{"quantiser " + source_of(m, "/conv2/Conv")}; }},
    {"groups that do not divide the channels", [](ModelGraph& m) {
       node(m, "/conv2/Conv").attributes["group"] = int64_t{3};
       return Causes{"shape /conv2/Conv"}; }},
    {"a kernel that is not that of the weights", [](ModelGraph& m) {
       node(m, "/conv2/Conv").attributes["kernel_shape"] = std::vector<int64_t>{5, 5};
       return Causes{"shape /conv2/Conv"}; }},
    {"a stride of 0", [](ModelGraph& m) {
       node(m, "/conv2/Conv").attributes["strides"] = std::vector<int64_t>{0, 0};
       return Causes{"shape /conv2/Conv"}; }},
    {"a pool padded by its whole window", [](ModelGraph& m) {
       node(m, "/pool/MaxPool").attributes["pads"] = std::vector<int64_t>{2, 2, 2, 2};
       return Causes{"shape /pool/MaxPool"}; }},
    {"a variance below 0", [](ModelGraph& m) {
       set_input(m, node(m, "/bn2/BatchNormalization"), 4, {{16}, std::vector<float>(16, -1.f)});
       return Causes{"layer /bn2/BatchNormalization"}; }},
    {"batch normalisation of too few channels", [](ModelGraph& m) {
       set_input(m, node(m, "/bn2/BatchNormalization"), 1, {{8}, std::vector<float>(8, 1.f)});
       return Causes{"layer /bn2/BatchNormalization"}; }},
    {"a bias that is computed", [](ModelGraph& m) {
       node(m, "/conv2/Conv").inputs.at(2) = "input";
       return Causes{"layer /conv2/Conv"}; }},
    {"an input without a fixed extent", [](ModelGraph& m) {
       m.shapes.at("input")[2] = -1;
       return Causes{"model "}; }},
    {"infinite weights", [](ModelGraph& m) {
       const Node& quant = before(m, "/conv2/Conv", 1);
       std::get<0>(m.constants.at(quant.inputs[0]).values)[7] = std::numeric_limits<float>::infinity();
       return Causes{"quantiser " + quant.name}; }},
    {"weights whose attributes Brevitas 0.10 swapped", [](ModelGraph& m) {
       Node& quant = before(m, "/conv2/Conv", 1);
       quant.attributes["signed"] = int64_t{0};
       quant.attributes["narrow"] = int64_t{1};
       return Causes{"swapped " + quant.name}; }},
    {"channels whose gains lie far apart", [](ModelGraph& m) {
       std::vector<float> gains(16, 1.f);
       gains[5] = 300.f;
       set_input(m, node(m, "/bn2/BatchNormalization"), 1, {{16}, gains});
       return Causes{"wide /conv2/Conv"}; }},
    {"three causes in a row", [](ModelGraph& m) {
       set_scalar(m, before(m, "/conv1/Conv", 1), 3, 16);
       node(m, "/relu2/act_quant/activation_impl/Relu").op = "LpNormalization";
       skip(m, "/fc/Gemm", 1);
       return Causes{"layer /conv1/Conv", "layer /fc/Gemm", "operator /relu2/act_quant/activation_impl/Relu"}; }},
    {"an unknown operator and two bad quantisers", [](ModelGraph& m) {
       node(m, "/relu1/act_quant/activation_impl/Relu").op = "LpNormalization";
       set_scalar(m, before(m, "/conv2/Conv", 1), 1, 0);
       Node& quant = before(m, "/pool/MaxPool", 0);
       set_scalar(m, quant, 3, 12);
       return Causes{"quantiser " + quant.name, "operator /relu1/act_quant/activation_impl/Relu", "quantiser " + weights_of(m, "/conv2/Conv")}; }},
    {"a warning behind an error", [](ModelGraph& m) {
       skip(m, "/conv1/Conv", 0);
       Node& quant = before(m, "/conv3/Conv", 1);
       quant.attributes["signed"] = int64_t{0};
       quant.attributes["narrow"] = int64_t{1};
       return Causes{"layer /conv1/Conv", "swapped " + quant.name}; }},
};
// clang-format on

const NodeReport* find(const CheckReport& r, const std::string& name) {
  const auto it = std::find_if(r.nodes.begin(), r.nodes.end(), [&](const NodeReport& n) { return n.name == name; });
  return it == r.nodes.end() ? nullptr : &*it;
}

TEST_CASE("broken models: one finding for each cause" * doctest::test_suite("slow")) {
  static_assert(std::size(kBroken) >= 20);
  for (const Broken& broken : kBroken) {
    CAPTURE(std::string(broken.what));
    ModelGraph model = network();
    const std::string expected = to_text(broken.breaks(model));
    const Checked c = run(std::move(model), {});
    CHECK(causes(c) == expected);
    for (const Finding& f : c.check.findings) {
      CHECK(f.file == "test.qonnx");
      CHECK_FALSE(f.what.empty());
      CHECK_FALSE(f.change.empty());
      if (f.node.empty()) continue;
      REQUIRE(find(c.report, f.node));
      CHECK(find(c.report, f.node)->status ==
            (f.severity == Severity::warning ? NodeStatus::warning : NodeStatus::unsupported));
    }
  }
}

/// What loading the model fails with; empty: it does not.
std::string load_error(const ModelGraph& model) {
  NetworkState state{model, {}, [](const std::string&) {}};
  for (const Pass& pass : pipeline()) {
    if (const auto ok = pass.run(state); !ok) return ok.error().what;
  }
  return "";
}

/// A check and loading agree.
void check_agreement(const ModelGraph& model) {
  const std::string error = load_error(model);
  const ModelCheck check = check_model(model);
  CAPTURE(error);
  CHECK(has_unsupported(check.findings) == !error.empty());
  if (error.empty()) return;
  const bool names_model = error.rfind("test.qonnx: ", 0) == 0 || error.rfind("network: layer ", 0) == 0;
  CHECK(names_model);
  CHECK(error.find('\n') == std::string::npos);
}

TEST_CASE("where a check finds something unsupported, loading fails in one line; else it does not") {
  for (const Broken& broken : kBroken) {
    CAPTURE(std::string(broken.what));
    ModelGraph model = network();
    model.file = "test.qonnx";
    broken.breaks(model);
    check_agreement(model);
  }
}

/// One random change that keeps nodes in order.
void damage(ModelGraph& model, Draws& draws) {
  const auto any = [&](std::size_t count) { return static_cast<std::size_t>(draws.integer(0, int64_t(count) - 1)); };
  const std::size_t at = any(model.nodes.size());
  Node& n = model.nodes[at];
  const float values[] = {0, -1, 0.5f, 3, 9, 1e30f, std::numeric_limits<float>::quiet_NaN()};
  switch (draws.integer(0, 3)) {
    case 0: {  // another input
      std::vector<std::string> before{"input", ""};
      for (std::size_t i = 0; i < at; ++i) before.push_back(model.nodes[i].outputs[0]);
      n.inputs[any(n.inputs.size())] = before[any(before.size())];
      break;
    }
    case 1: {  // another operator
      const auto all = qonnx::operators();
      n.op = draws.chance(0.3) ? "LpNormalization" : std::string(all[any(all.size())]->name);
      n.domain.clear();
      break;
    }
    case 2: {  // another constant
      const std::size_t i = any(n.inputs.size());
      const auto c = model.constants.find(n.inputs[i]);
      if (c == model.constants.end() || !std::holds_alternative<std::vector<float>>(c->second.values)) break;
      auto& floats = std::get<std::vector<float>>(c->second.values);
      floats[any(floats.size())] = values[any(std::size(values))];
      break;
    }
    default:  // an attribute less
      if (!n.attributes.empty()) n.attributes.erase(std::next(n.attributes.begin(), long(any(n.attributes.size()))));
  }
}

TEST_CASE("a check and loading agree on models with random damage") {
  ModelGraph whole = network();
  whole.file = "test.qonnx";
  Draws draws(11);
  for (int round = 0; round < 400; ++round) {
    CAPTURE(round);
    ModelGraph model = whole;
    for (int64_t times = draws.integer(1, 3); times > 0; --times) damage(model, draws);
    check_agreement(model);
  }
}

TEST_CASE("a finding says what to change in which module" * doctest::test_suite("slow")) {
  struct Expected {
    const char *what, *change;
  };
  const Expected expected[] = {
      {"no input quantiser", "first in forward(): x = self.input_quant(x), with self.input_quant = QuantIdentity"},
      {"no quantiser between two convolutions", "a QuantIdentity(bit_width=8) after relu1 (Relu)"},
      {"float weights", "conv2: QuantConv2d(..., weight_bit_width=8) in place of the torch.nn layer"},
      {"16-bit weights", "conv2: weight_bit_width=8"},
      {"16-bit activations", "relu1: bit_width=8"},
      {"a scale for each channel of an activation", "relu1: one scale for the tensor"},
      {"rounding down", "relu1: float_to_int_impl_type=FloatToIntImplType.ROUND"},
  };
  for (const Expected& e : expected) {
    CAPTURE(std::string(e.what));
    const auto broken = std::find_if(std::begin(kBroken), std::end(kBroken),
                                     [&](const Broken& b) { return std::string(b.what) == e.what; });
    REQUIRE(broken != std::end(kBroken));
    ModelGraph model = network();
    broken->breaks(model);
    const Checked c = run(std::move(model));
    REQUIRE(c.check.findings.size() == 1);
    CHECK(c.check.findings[0].change.rfind(e.change, 0) == 0);
  }
}

TEST_CASE("a clean model has no findings" * doctest::test_suite("slow")) {
  const Checked c = run(network());
  CHECK(causes(c).empty());
  CHECK(c.report.status() == NodeStatus::supported);
  REQUIRE(c.report.memory);
  CHECK(c.report.macs == 16 * 16 * 16 * 9 * (4 + 16 + 16) + 16 * 8 * 8 * 10);
  double cycles = 0;
  for (const NodeReport& n : c.report.nodes) {
    CHECK(n.status == NodeStatus::supported);
    cycles += n.cycles;
  }
  CHECK(cycles == doctest::Approx(c.report.cycles));
  CHECK(cycles > 0);
}

TEST_CASE("what follows an unsupported node is unknown up to the next Quant") {
  ModelGraph model = network();
  node(model, "/relu2/act_quant/activation_impl/Relu").op = "LpNormalization";
  const std::string quant = source_of(model, "/conv3/Conv");
  const Checked c = run(std::move(model));
  CHECK(find(c.report, "/relu2/act_quant/activation_impl/Relu")->status == NodeStatus::unsupported);
  CHECK(find(c.report, quant)->status == NodeStatus::supported);
  CHECK(find(c.report, "/conv3/Conv")->status == NodeStatus::supported);
  CHECK(find(c.report, "/conv3/Conv")->cycles > 0);
  CHECK_FALSE(find(c.report, "/conv2/Conv")->runs);
}

TEST_CASE("a model without any quantiser") {
  ModelBuilder b("float", {.seed = 3});
  const Value x = b.input("input", {1, 16});
  const std::string found = causes(run(b.finish({b.function("Relu", "relu", x)})));
  CHECK(found == "model ");
}

TEST_CASE("sums that overflow 32 bits") {
  ModelBuilder b("overflow", {.seed = 3});
  const Value x = b.quant("input_quant", b.input("input", {1, 70000}), {.asymmetric = true});
  ModelGraph model = b.finish({b.linear("fc", x, {.out = 1})});
  Array& weights = model.constants.at(before(model, "/fc/Gemm", 1).inputs[0]);
  auto& values = std::get<0>(weights.values);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::fill(values.begin(), values.end(), std::max(-*low, *high));
  CHECK(causes(run(std::move(model))) == "requantisation /fc/Gemm");
}

TEST_CASE("memories that are too small" * doctest::test_suite("slow")) {
  CHECK(causes(run(network(), {.l2_limit = 4000})) == "L2 ");
  CHECK(causes(run(network(), {.l3_limit = 4000})) == "L3 ");
  const Checked c = run(network(), {.l1_limit = 8 * 0x400 + 300});
  CHECK_FALSE(c.check.findings.empty());
  for (const Finding& f : c.check.findings) CHECK(f.cause == "L1");
  CHECK(c.report.status() == NodeStatus::unsupported);
}

TEST_CASE("groups that are neither dense nor depthwise" * doctest::test_suite("slow")) {
  const auto grouped = [](ModelBuilder& b, const Value& x) {
    return b.relu("grouped_relu", b.conv("grouped", x, {.out = 16, .kernel = {3, 3}, .pads = same(1), .groups = 4}));
  };
  CHECK(causes(run(network(grouped))) == "groups /grouped/Conv");
}

TEST_CASE("weight zero points that differ from channel to channel" * doctest::test_suite("slow")) {
  const auto asymmetric = [](ModelBuilder& b, const Value& x) {
    return b.relu("relu_a", b.conv("conv_a", x, {.out = 16, .weights = {.per_channel = true, .asymmetric = true}}));
  };
  CHECK(causes(run(network(asymmetric))) == "weight_zero_points /conv_a/Conv");
}

TEST_CASE("channels that fill no words" * doctest::test_suite("slow")) {
  const auto odd = [](ModelBuilder& b, const Value& x) {
    return b.relu("relu_o", b.conv("odd", x, {.out = 5, .kernel = {3, 3}, .pads = same(1)}));
  };
  CHECK(causes(run(network(odd))) == "channels /odd/Conv");
}

TEST_CASE("one cause at several nodes is one finding" * doctest::test_suite("slow")) {
  ModelGraph swapped = network();
  for (const char* layer : {"/conv1/Conv", "/conv2/Conv", "/conv3/Conv"}) {
    Node& quant = before(swapped, layer, 1);
    quant.attributes["signed"] = int64_t{0};
    quant.attributes["narrow"] = int64_t{1};
  }
  const std::string first = weights_of(swapped, "/conv1/Conv");
  CHECK(causes(run(std::move(swapped))) == "swapped " + first);
  ModelBuilder b("norm", {.seed = 3});
  Value x = b.quant("input_quant", b.input("input", {1, 8, 16}));
  const Value mean = b.function("Abs", "ln", x), square = b.function("Abs", "ln", mean);
  ModelGraph norm = b.finish({b.linear("fc", b.quant("ln_quant", square), {.out = 10})});
  node(norm, "/ln/Abs").op = node(norm, "/ln/Abs_1").op = "LpNormalization";
  CHECK(causes(run(std::move(norm))) == "operator /ln/Abs");
}

TEST_CASE("movements that another layout avoids" * doctest::test_suite("slow")) {
  const auto join = [](ModelBuilder& b, const Value& x) {
    const Value y = b.quant("half", x, {.is_signed = false, .scale = 0.013});
    return b.quant("joined", b.concat("join", {x, y}), {.is_signed = false});
  };
  CHECK(causes(run(network(join))) == "movement /join/Concat");
  const auto pad = [](ModelBuilder& b, const Value& x) {
    return b.quant("padded", b.pad("pad", x, same(2)), {.is_signed = false});
  };
  CHECK(causes(run(network(pad))) == "movement /pad/Pad");
}

TEST_CASE("weights that stream from L3") {
  ModelBuilder b("streamed", {.seed = 3});
  const Value x = b.quant("input_quant", b.input("input", {1, 1024}));
  ModelGraph model = b.finish({b.linear("fc", x, {.out = 256})});
  CHECK(causes(run(model)).empty());
  CHECK(causes(run(model, {.l2_limit = 100000})) == "streamed /fc/Gemm");
}

TEST_CASE("the reference networks can be deployed" * doctest::test_suite("slow")) {
  for (const zoo::Network& n : zoo::networks()) {
    if (n.name != "simplecnn" && n.name != "resnet8" && n.name != "ds_cnn") continue;
    CAPTURE(std::string(n.name));
    CHECK(run(zoo::build(n)).report.count(Severity::unsupported) == 0);
  }
}

TEST_CASE("the page of supported operations is current") {
  const auto page = read_file(std::string(ARES_SOURCE_DIR) + "/docs/operations.md");
  REQUIRE(page);
  const bool current = *page == operations_page();
  CHECK_MESSAGE(current, "record it again: ares-check --operations > docs/operations.md");
  CHECK(operations_page().find("|  |") == std::string::npos);
}

}  // namespace
}  // namespace ares
