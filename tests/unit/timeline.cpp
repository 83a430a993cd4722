// The timeline is the event simulator's play, event by event, in the Trace Event Format.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cost_models/event.hpp"
#include "cost_models/timeline.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;
using Json = nlohmann::json;

namespace {

/// Two layers side by side, small tiles; weights resident in L2.
NetworkProgram program(const Target& target) {
  Random random(3);
  LayerGraph g;
  for (int i = 0; i < 2; ++i) {
    const LayerGraph one = i == 0 ? conv_network(random, {12, 12, 16}, 32, 3, 1) : linear_network(random, 1, 300, 40);
    const auto base = static_cast<TensorId>(g.tensors.size());
    g.tensors.insert(g.tensors.end(), one.tensors.begin(), one.tensors.end());
    Layer layer = one.dag[0];
    layer.name = i == 0 ? "first \"conv\"" : "fc";
    layer.inputs = {base + layer.inputs[0]};
    layer.output += base;
    g.inputs.push_back({i == 0 ? "a" : "b", layer.inputs[0], {}});
    g.outputs.push_back({i == 0 ? "x" : "y", layer.output, {}});
    boost::add_vertex(layer, g.dag);
  }
  g.name = "two";
  PlanOptions options;
  options.l1_limit = 20000;
  const auto by_rule = [](const Group& group, const Context& c) -> Result<ChosenConfig> {
    return ChosenConfig{rule_config(make_space(group.shape, c)).value(), ConfigOrigin::rule, ""};
  };
  return plan_network(g, target, options, by_rule).value();
}

}  // namespace

TEST_CASE("a timeline is valid, complete, and as long as the play") {
  const Target target = load_target("gap9").value();
  const NetworkProgram network = program(target);
  const Json trace = Json::parse(timeline_json(network, target));
  REQUIRE(trace["traceEvents"].is_array());

  std::map<int, std::set<std::string>> threads;
  std::map<std::pair<int, int>, double> until;
  std::map<int, double> end;
  std::map<int, std::map<int, double>> busy;
  std::set<std::string> groups, tiles;
  for (const Json& e : trace["traceEvents"]) {
    const int pid = e.at("pid"), tid = e.at("tid");
    REQUIRE(e.at("name").is_string());
    REQUIRE(e.at("args").is_object());
    if (e.at("ph") == "M") {
      if (e["name"] == "thread_name") threads[pid].insert(e["args"]["name"].get<std::string>());
      continue;
    }
    REQUIRE(e.at("ph") == "X");
    const double ts = e.at("ts"), duration = e.at("dur");
    CHECK(ts >= 0);
    CHECK(duration >= 0);
    end[pid] = std::max(end[pid], ts + duration);
    busy[pid][tid] += duration;
    if (e["cat"] == "group") groups.insert(e["name"].get<std::string>());
    if (e["cat"] == "tile" && pid == 1)
      tiles.insert(e["args"]["group"].get<std::string>() + e["name"].get<std::string>());
    // Slices of a thread follow each other: only those of groups and tiles are written behind what they hold.
    double& last = until[{pid, tid}];
    CHECK(ts >= last - 0.01);
    last = ts + duration;
  }
  for (const int pid : {1, 2}) {
    CHECK(threads[pid].size() == 8);
    CHECK(threads[pid].contains("NE16"));
    CHECK(threads[pid].contains("cores 0 to 7"));
    const NetworkPlay played = play(network, target, pid == 2);
    CHECK(std::abs(end[pid] - played.total.cycles) < 0.01);
    CHECK(std::abs(busy[pid][4] - played.total.compute) < 1);
    CHECK(std::abs(busy[pid][5] - played.total.accelerator) < 1);
  }
  CHECK(groups == std::set<std::string>{"first \"conv\"", "fc"});
  CHECK(tiles.size() > 4);
}
