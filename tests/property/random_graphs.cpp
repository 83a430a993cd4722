// Random graphs: the reference engine computes what the model means in real numbers, layer by layer, and the
// interpreter computes the reference's bytes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "core/builder/write_model.hpp"
#include "core/compare/layers.hpp"
#include "core/import/read_model.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/lower.hpp"
#include "core/lower/pack.hpp"
#include "core/passes/pass.hpp"
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

/// Interprets a group under a random config that fits; false: none does.
bool interpret_group(const LayerGraph& g, const Group& group, const std::vector<TensorData>& data, Random& random,
                     std::vector<uint8_t>& output) {
  const Context ctx = l2_context(static_cast<uint32_t>(pick(random, 2, 16)) * 1024, pick(random, 1, 8));
  const SearchSpace space = make_space(group.shape, ctx);
  const auto config = rule_config(space);
  if (!config) return false;
  const auto program = lower(group.shape, *config, ctx);
  REQUIRE(program);
  const PackedOperands constants = pack(g, group, *config);
  const Operation& op = g.dag[group.layers[0]].op;
  std::vector<std::vector<uint8_t>> inputs;
  for (const TensorId t : group.inputs) inputs.push_back(stored_bytes(data[static_cast<std::size_t>(t)]));
  OperandData operands{inputs[0], constants.weights, constants.params, output};
  if (inputs.size() > 1) operands.input2 = inputs[1];
  if (inputs.size() > 2) operands.input3 = inputs[2];
  operands.requant = requant_of(op);
  if (std::holds_alternative<Weighted>(op)) {
    operands.pad_value = static_cast<uint8_t>(g.tensors[static_cast<std::size_t>(group.inputs.front())].q.zero_point);
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
    const auto expected = stored_bytes(data[static_cast<std::size_t>(group.output)]);
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
  Judgement all;
  int groups = 0;
  for (int i = 0; i < count; ++i) {
    const Case c = make_case(first_seed + static_cast<uint64_t>(i), policy, steps);
    const auto data = judge_layers(c.graph, c.real, all);
    for (const std::string& finding : all.findings) FAIL_CHECK(c.text, ": ", finding);
    all.findings.clear();
    groups += check_groups(c, random, data);
  }
  std::string text = fmt::format("{} graphs, {} groups interpreted", count, groups);
  for (const auto& [kind, total] : all.by_kind) {
    text += fmt::format("; {}: {} of {} elements differ", kind, total.differing, total.elements);
    // A curve is judged together with the sum before it, an inner tensor of 16 bits: the limit is that of whole models.
    // tests/unit/curve_accuracy.cpp judges it alone.
    const int64_t share = kind == "curve" ? 200 : 1000;
    if (policy == RequantPolicy::exact) CHECK_MESSAGE(total.differing * share <= total.elements, kind);
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
