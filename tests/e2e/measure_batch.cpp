// Programs of many candidates: what the measurer on GVSOC builds, here for the host, and for GVSOC where there is one.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <set>

#include "core/ir/graph.hpp"
#include "cost_models/gvsoc/batch_runner.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

constexpr std::array families{Family::conv,         Family::linear,    Family::max_pool, Family::table,
                              Family::average_pool, Family::depthwise, Family::add,      Family::multiply,
                              Family::rearrange,    Family::curve};

struct Batch {
  std::vector<gvsoc::MeasuredLayer> layers;
  std::vector<gvsoc::BatchCandidate> candidates;
  std::map<Family, int> count;
  std::set<std::array<uint16_t, 4>> bufferings;
};

Config draw(Random& random, const gvsoc::MeasuredLayer& m) {
  const SearchSpace space = make_space(m.group.shape, m.context);
  const std::vector<uint64_t> feasible = feasible_indices(space);
  REQUIRE_FALSE(feasible.empty());
  return space.config(feasible[static_cast<size_t>(pick(random, 0, static_cast<int32_t>(feasible.size()) - 1))]);
}

/// Random layers of all families in turn, every fourth one with weights in L3, `each` random configs of each layer.
Batch random_batch(unsigned seed, int layers, int each) {
  Random random(seed);
  Batch b;
  for (int i = 0; i < layers; ++i) {
    LayerGraph graph = random_network(random, families[static_cast<size_t>(i) % families.size()]);
    Context context = l2_context(pick(random, 0, 2) == 0 ? 16 * 1024 : 110 * 1024);
    const auto inputs = random_inputs(random, graph);
    const auto groups = make_groups(graph);
    if (has_weights(groups.front().shape.family) && pick(random, 0, 3) == 0) {
      context.weights = Level::l3;
      context.l2_staging = 64 * 1024;
    }
    const int piece = pick(random, 0, static_cast<int32_t>(groups.size()) - 1);
    b.layers.push_back(gvsoc::measured_layer(std::move(graph), context, inputs, piece));
    const gvsoc::MeasuredLayer& m = b.layers.back();
    for (int k = 0; k < each; ++k) {
      const Config c = draw(random, m);
      b.candidates.push_back({b.layers.size() - 1, c});
      ++b.count[m.group.shape.family];
      b.bufferings.insert({c[Knob::buf_in], c[Knob::buf_w], c[Knob::buf_out], c[Knob::buf_l2]});
    }
  }
  return b;
}

/// Candidates that were not right, a line each.
std::string complaints(const Batch& b, const std::vector<gvsoc::Outcome>& outcomes) {
  std::string text;
  for (size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].failure)
      text += fmt::format("{} {}: {}\n", name_of(b.layers[b.candidates[i].layer].group.shape.family),
                          to_string(b.candidates[i].config), outcomes[i].failure->message);
  return text;
}

void check_batch(const Batch& b, gvsoc::BatchRunner& runner) {
  const std::atomic<bool> stop{false};
  const auto outcomes = runner.run(b.layers, b.candidates, stop);
  CHECK(complaints(b, outcomes) == "");
  for (const gvsoc::Outcome& o : outcomes) CHECK((o.failure || (std::isfinite(o.cycles) && o.cold_cycles > 0)));
}

}  // namespace

TEST_CASE("candidates of all families are right in programs for the host; what is not right is named") {
  const Target target = load_target("gap9").value();
  gvsoc::BatchRunner runner(gvsoc::host_machine(), target);
  Batch b = random_batch(21, 20, 2);
  CHECK(b.count.size() == families.size());
  check_batch(b, runner);

  // One wrong expectation, one config that does not fit: the others are measured.
  b.layers[0].expected[3] ^= 1;
  b.candidates[4].config[Knob::buf_out] = 7;
  const std::atomic<bool> stop{false};
  const auto outcomes = runner.run(b.layers, b.candidates, stop);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    CAPTURE(i);
    CHECK(outcomes[i].failure.has_value() == (i < 2 || i == 4));
  }
  REQUIRE(outcomes[0].failure);
  CHECK(outcomes[0].failure->kind == gvsoc::FailureClass::wrong_output);
  CHECK(outcomes[0].failure->message.find("first byte 3") != std::string::npos);
  REQUIRE(outcomes[4].failure);
  CHECK(outcomes[4].failure->kind == gvsoc::FailureClass::does_not_fit);
}

TEST_CASE("layers made up for a shape have it") {
  Random random(5);
  for (const Family family : families)
    for (int i = 0; i < 20; ++i) {
      const LayerGraph graph = random_network(random, family);
      for (const Group& g : make_groups(graph)) {
        const auto made = gvsoc::sample_layer(g.shape, l2_context(110 * 1024));
        REQUIRE_MESSAGE(made, made.error().what);
        CHECK(made->group.shape == g.shape);
        const std::set<uint8_t> values(made->expected.begin(), made->expected.end());
        CHECK((values.size() > 1 || made->expected.size() < 64));
      }
    }
}

TEST_CASE("random configs of all families and bufferings are right on GVSOC") {
  const auto simulator = gvsoc::find_simulator();
  if (!simulator) {
    MESSAGE(simulator.error().what << ": no random configs run there");
    return;
  }
  const Target target = load_target("gap9").value();
  gvsoc::BatchRunner runner(*simulator, target);
  const Batch b = random_batch(31, 160, 2);
  CHECK(b.candidates.size() >= 300);
  CHECK(b.count.size() == families.size());
  CHECK(b.bufferings.size() >= 20);
  check_batch(b, runner);
}
