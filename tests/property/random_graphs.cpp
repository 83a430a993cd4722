// Random graphs: the reference engine computes what the model means in real numbers, layer by layer, and the
// interpreter computes the reference's bytes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "core/builder/write_model.hpp"
#include "core/import/read_model.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/lower.hpp"
#include "core/lower/pack.hpp"
#include "core/passes/pass.hpp"
#include "core/reference/engine.hpp"
#include "core/tile/interpreter.hpp"
#include "tests/support/random_models.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// A model through its file into integer layers, and its evaluation on a sample.
struct Case {
  std::string text;  ///< for messages
  LayerGraph graph;
  qonnx::Evaluation::Tensors real;
};

LayerGraph import(qonnx::ModelGraph model, RequantPolicy policy) {
  NetworkState state{std::move(model), {}, [](const std::string&) {}};
  state.layers.policy = policy;
  for (const Pass& pass : pipeline()) value_or_throw(pass.run(state));
  return std::move(state.layers);
}

Case make_case(uint64_t seed, RequantPolicy policy, std::span<const Step> steps) {
  RandomModel random = random_model(seed, steps, seed % 8 == 0 ? 2 : 1);
  Case c{fmt::format("seed {}: {}", seed, random.steps), {}, {}};
  try {
    const auto bytes = value_or_throw(qonnx::serialise_model(random.model));
    auto sample = random_sample(seed, random.model);
    c.graph = import(value_or_throw(qonnx::parse_model(bytes, "random.qonnx")), policy);
    const auto evaluation = value_or_throw(qonnx::Evaluation::create(std::move(random.model)));
    c.real = value_or_throw(evaluation.run(std::move(sample)));
  } catch (const std::exception& e) {
    FAIL(c.text, ": ", std::string(e.what()));
  }
  return c;
}

const Tensor& tensor(const LayerGraph& g, TensorId id) { return g.tensors[static_cast<std::size_t>(id)]; }

/// The stored form of a tensor that the model has by that name; nothing where the engine has it to itself.
std::optional<std::vector<uint8_t>> stored(const Case& c, const Tensor& t) {
  const auto it = c.real.find(t.name);
  if (it == c.real.end() || t.type != ElementType::u8) return std::nullopt;
  const auto& values = it->second.values;
  REQUIRE(values.size() == static_cast<std::size_t>(t.dims.count()));
  std::vector<uint8_t> bytes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = t.view.order.empty() ? i : static_cast<std::size_t>(t.view.order[i]);
    bytes[at] = static_cast<uint8_t>(std::lround(values[i] / t.q.scale) + t.q.zero_point);
  }
  return bytes;
}

struct Agreement {
  int64_t elements = 0, differing = 0;
};

using Totals = std::map<std::string, Agreement>;

const char* kind_of(const Operation& op) {
  constexpr const char* kKinds[] = {"weighted", "max_pool", "table", "average_pool", "add", "multiply", "rearrange"};
  return kKinds[op.index()];
}

/// Steps that a layer may be away: none where nothing is computed but a table.
int64_t tolerance(const Operation& op) {
  const bool exact =
      std::holds_alternative<Table>(op) || std::holds_alternative<MaxPool>(op) || std::holds_alternative<Rearrange>(op);
  return exact ? 0 : 1;
}

/// Compares the output of a layer and puts the expected one in its place, so that no difference is inherited.
void judge(const Case& c, const Layer& layer, TensorData& data, Totals& totals) {
  auto expected = stored(c, tensor(c.graph, layer.output));
  if (!expected) return;
  const auto& got = std::get<0>(data.values);
  Agreement& total = totals[kind_of(layer.op)];
  int64_t largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const int64_t step = std::abs(int64_t{got[i]} - (*expected)[i]);
    largest = std::max(largest, step);
    total.differing += step != 0;
  }
  total.elements += static_cast<int64_t>(got.size());
  const bool close = largest <= tolerance(layer.op);
  CHECK_MESSAGE(close, c.text, ": ", layer.name, " (", kind_of(layer.op), ") is ", largest, " steps away");
  data.values = std::move(*expected);
}

/// Logits are sums with a rounded bias: half a step of their scale away at most.
void judge_output(const Case& c, std::size_t index, const TensorData& data) {
  const NetworkOutput& output = c.graph.outputs[index];
  const Tensor& t = tensor(c.graph, output.tensor);
  if (t.type != ElementType::s32) return;
  const auto got = dequantise_output(c.graph, index, data);
  const auto& expected = c.real.at(output.name).values;
  REQUIRE(got.size() == expected.size());
  const double scale =
      t.channel_scale.empty() ? t.q.scale : *std::max_element(t.channel_scale.begin(), t.channel_scale.end());
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    // dequantise_output() gives float32.
    worst = std::max(worst, std::abs(got[i] - expected[i]) - 1e-6 * std::abs(expected[i]));
  }
  CHECK_MESSAGE(worst <= 0.5001 * scale, c.text, ": output '", output.name, "' is ", worst / scale, " steps away");
}

std::vector<TensorData> check_layers(const Case& c, Totals& totals) {
  std::vector<TensorData> data(c.graph.tensors.size());
  for (std::size_t i = 0; i < c.graph.inputs.size(); ++i) {
    const NetworkInput& input = c.graph.inputs[i];
    const auto& real = c.real.at(input.name).values;
    auto& first = data[static_cast<std::size_t>(input.tensor)];
    first = quantise_input(c.graph, i, std::vector<float>(real.begin(), real.end()));
    const bool equal = std::get<0>(first.values) == stored(c, tensor(c.graph, input.tensor)).value();
    CHECK_MESSAGE(equal, c.text, ": input '", input.name, "' is quantised otherwise");
  }
  for (const LayerId id : execution_order(c.graph)) {
    run_layer(c.graph, id, data);
    const Layer& layer = c.graph.dag[id];
    judge(c, layer, data[static_cast<std::size_t>(layer.output)], totals);
  }
  for (std::size_t i = 0; i < c.graph.outputs.size(); ++i) {
    judge_output(c, i, data[static_cast<std::size_t>(c.graph.outputs[i].tensor)]);
  }
  return data;
}

std::vector<uint8_t> bytes_of(const TensorData& data) {
  return std::visit(
      [](const auto& v) {
        std::vector<uint8_t> bytes(v.size() * sizeof(v[0]));
        std::memcpy(bytes.data(), v.data(), bytes.size());
        return bytes;
      },
      data.values);
}

/// Interprets a group under a random config that fits; false: none does.
bool interpret_group(const LayerGraph& g, const Group& group, const std::vector<TensorData>& data, Random& random,
                     std::vector<uint8_t>& output) {
  const Context ctx = l2_context(static_cast<uint32_t>(pick(random, 2, 16)) * 1024, pick(random, 1, 8));
  const SearchSpace space = make_space(group.shape, ctx);
  const auto config = rule_config(space);
  if (!config) return false;
  const auto program = lower(group.shape, *config, ctx);
  REQUIRE(program);
  const PackedOperands constants = pack(g, group);
  const Operation& op = g.dag[group.layers[0]].op;
  const auto input = bytes_of(data[static_cast<std::size_t>(group.inputs.front())]);
  const auto second = bytes_of(data[static_cast<std::size_t>(group.inputs.back())]);
  OperandData operands{input, constants.weights, constants.params, output};
  operands.input2 = second;
  operands.requant = requant_of(op);
  if (std::holds_alternative<Weighted>(op)) {
    operands.pad_value = static_cast<uint8_t>(tensor(g, group.inputs.front()).q.zero_point);
  }
  if (const auto* r = std::get_if<Rearrange>(&op)) {
    operands.pad_value = r->pieces[static_cast<std::size_t>(group.piece)].fill;
  }
  const auto done = interpret(*program, operands);
  REQUIRE_MESSAGE(done, done.error().what);
  return true;
}

/// Every group of the network on what the reference engine computed.
int check_groups(const Case& c, Random& random, std::vector<TensorData> data) {
  std::map<TensorId, std::vector<uint8_t>> outputs;
  int checked = 0;
  for (const LayerId id : execution_order(c.graph)) run_layer(c.graph, id, data);
  for (const Group& group : make_groups(c.graph)) {
    const auto expected = bytes_of(data[static_cast<std::size_t>(group.output)]);
    auto& output = outputs.try_emplace(group.output, expected.size(), uint8_t{0x5A}).first->second;
    if (!interpret_group(c.graph, group, data, random, output)) return checked;
    if (!group.completes_output) continue;
    CHECK_MESSAGE(output == expected, c.text, ": the interpreter computes other bytes for ", group.name);
    ++checked;
  }
  return checked;
}

void check_graphs(uint64_t first_seed, int count, RequantPolicy policy, std::span<const Step> steps) {
  Random random(static_cast<uint32_t>(first_seed));
  Totals totals;
  int groups = 0;
  for (int i = 0; i < count; ++i) {
    const Case c = make_case(first_seed + static_cast<uint64_t>(i), policy, steps);
    groups += check_groups(c, random, check_layers(c, totals));
  }
  std::string text = fmt::format("{} graphs, {} groups interpreted", count, groups);
  for (const auto& [kind, total] : totals) {
    text += fmt::format("; {}: {} of {} elements differ", kind, total.differing, total.elements);
    if (policy == RequantPolicy::exact) CHECK_MESSAGE(total.differing * 1000 <= total.elements, kind);
  }
  MESSAGE(text);
  CHECK(groups > 3 * count);  // hardly a group is without a config that fits
}

}  // namespace

TEST_CASE("random graphs: reference, interpreter and real numbers agree in exact policy") {
  check_graphs(1'000'000, 10'000, RequantPolicy::exact, kImportedSteps);
}

TEST_CASE("random graphs: a step at most in fast policy") {
  check_graphs(2'000'000, 2'000, RequantPolicy::fast, kImportedSteps);
}

TEST_CASE("random graphs: every kind of step can be built and evaluated") {
  std::vector<Step> all;
  for (int i = 0; i <= static_cast<int>(Step::transpose); ++i) all.push_back(static_cast<Step>(i));
  std::string taken;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    RandomModel random = random_model(seed, all);
    taken += random.steps + ", ";
    const auto sample = random_sample(seed, random.model);
    const auto evaluation = qonnx::Evaluation::create(random.model);
    REQUIRE(evaluation);
    CHECK_MESSAGE(evaluation->run(sample), random.steps);
  }
  for (const Step step : all) CHECK_MESSAGE(taken.find(name_of(step)) != std::string::npos, name_of(step));
}
