// The selective scan, causal convolutions and tokens taken backwards.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/builder/mamba.hpp"
#include "core/compare/layers.hpp"
#include "core/evaluate/evaluate.hpp"
#include "tests/support/random_models.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

using namespace ares;

qonnx::ModelGraph bidirectional() {
  builder::ModelBuilder b("mamba", {.seed = 3});
  const builder::Value x = b.quant("iq", b.input("x", {1, 12, 8}));
  const builder::Value y = builder::bidirectional_mamba(b, "block", x, {.inner = 10, .scan = {.states = 3, .rank = 2}});
  return b.finish({b.quant("oq", y)});
}

qonnx::Node& scan_node(qonnx::ModelGraph& model) {
  const auto at = std::find_if(model.nodes.begin(), model.nodes.end(),
                               [](const qonnx::Node& n) { return n.op == "SelectiveScan"; });
  REQUIRE(at != model.nodes.end());
  return *at;
}

std::string refusal(const qonnx::ModelGraph& model) {
  const auto g = test::run_pipeline(model);
  REQUIRE_FALSE(g);
  return g.error().what;
}

}  // namespace

TEST_CASE("a bidirectional Mamba block is what it means in real numbers, layer by layer") {
  const qonnx::ModelGraph model = bidirectional();
  const auto g = test::run_pipeline(model, RequantPolicy::exact);
  REQUIRE_MESSAGE(g, (g ? "" : g.error().what));
  const auto evaluation = value_or_throw(qonnx::Evaluation::create(model));
  Judgement judgement;
  for (uint64_t seed = 1; seed <= 8; ++seed)
    judge_layers(*g, value_or_throw(evaluation.run(test::random_sample(seed, model))), judgement);
  for (const std::string& finding : judgement.findings) FAIL_CHECK(finding);
  int scans = 0, backwards = 0;
  for (auto [v, end] = boost::vertices(g->dag); v != end; ++v) {
    const Operation& op = g->dag[*v].op;
    if (const auto* scan = std::get_if<Scan>(&op)) {
      ++scans;
      CHECK(scan->steps == 12);
      CHECK(scan->channels == 10);
      CHECK(scan->states == 3);
      CHECK(scan->offset == 2);
    }
    if (const auto* moved = std::get_if<Rearrange>(&op)) backwards += moved->pieces[0].movement.axes[1].step == -1;
  }
  CHECK(scans == 2);
  CHECK(backwards == 2);
}

TEST_CASE("a selective scan whose parts do not fit is refused") {
  qonnx::ModelGraph model = bidirectional();
  scan_node(model).attributes["offset"] = int64_t{3};
  CHECK(refusal(model).find("exceed rows of 8") != std::string::npos);
  model = bidirectional();
  scan_node(model).inputs[1] = scan_node(model).inputs[3];
  CHECK(refusal(model).find("do not fit") != std::string::npos);
  model = bidirectional();
  std::get<std::vector<float>>(model.constants.at(scan_node(model).inputs[2]).values)[0] = 1;
  CHECK(refusal(model).find("not negative") != std::string::npos);
}
