// ares-check: whether a QONNX model can be deployed, and what to change in its Brevitas source.
#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <iostream>
#include <limits>
#include <memory>

#include "core/base/cli.hpp"
#include "core/base/file.hpp"
#include "core/check/check_report.hpp"
#include "core/check/operations.hpp"
#include "core/check/warnings.hpp"
#include "cost_models/event.hpp"
#include "cost_models/model_best.hpp"

namespace ares {
namespace {

namespace po = boost::program_options;

/// An option that counts something: at least 1.
int64_t count_option(const OptionValues& values, const char* name, int64_t most, int64_t otherwise) {
  if (!values.count(name)) return otherwise;
  const auto value = values[name].as<int64_t>();
  if (value < 1 || value > most)
    throw CommandError(ExitStatus::usage, fmt::format("--{} {}: has to be 1 to {}", name, value, most));
  return value;
}

PlanOptions plan_options(const OptionValues& values, const Target& target) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  PlanOptions o;
  o.cores = static_cast<int>(count_option(values, "cores", target.cores.count, target.cores.count));
  o.stack = static_cast<uint32_t>(count_option(values, "stack", most, 0));
  o.l1_limit = static_cast<uint64_t>(count_option(values, "l1-limit", most, 0));
  o.l2_limit = static_cast<uint64_t>(count_option(values, "l2-limit", most, 0));
  o.l3_limit = static_cast<uint64_t>(count_option(values, "l3-limit", most, 0));
  return o;
}

RequantPolicy policy_of(const OptionValues& values) {
  const auto& policy = values["requant"].as<std::string>();
  if (policy != "fast" && policy != "exact")
    throw CommandError(ExitStatus::usage, fmt::format("--requant {}: has to be fast or exact", policy));
  return policy == "fast" ? RequantPolicy::fast : RequantPolicy::exact;
}

GroupCostFunction analytical_cost(const Target& target) {
  const auto bests = std::make_shared<ModelBests>(value_or_throw(make_cost_model("analytical")), target);
  return [bests](const GroupShape& shape, const Context& context) -> std::optional<GroupCost> {
    const auto best = (*bests)(shape, context);
    if (!best) return std::nullopt;
    const Estimate& e = best->estimate;
    return GroupCost{best->config, e.cycles, e.l3, e.l1_bytes, name_of(e.bottleneck)};
  };
}

ExitStatus run(const OptionValues& values) {
  if (values.count("operations")) {
    std::cout << operations_page();
    return ExitStatus::done;
  }
  if (!values.count("model"))
    throw CommandError(ExitStatus::usage, "--model is missing; --operations alone lists what is supported");
  const Target target = value_or_throw(load_target(values["target"].as<std::string>()));
  const PlanOptions options = plan_options(values, target);
  ModelCheck check =
      value_or_throw(check_model(std::filesystem::path(values["model"].as<std::string>()), policy_of(values)));
  const GroupCostFunction cost = analytical_cost(target);
  const Deployment deployment = deploy(check, target, options, cost);
  add_warnings(check, deployment, target, cost);
  CheckReport report = make_report(check, deployment, target, options.cores);
  if (deployment.program) {
    report.network = {play(*deployment.program, target, false).total.cycles,
                      play(*deployment.program, target, true).total.cycles};
  }
  std::cout << to_text(report);
  if (values.count("json")) {
    if (const auto written = write_file(values["json"].as<std::string>(), to_json(report)); !written)
      throw CommandError(ExitStatus::failed, fmt::format("--json: {}", written.error().what));
  }
  return report.status() == NodeStatus::unsupported ? ExitStatus::failed : ExitStatus::done;
}

void add_options(Options& options) {
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto bytes = [] { return po::value<int64_t>()->value_name("BYTES"); };
  options.add_options()("model", text("FILE"), "QONNX model (.qonnx, .onnx)")(
      "target", text("NAME|FILE")->default_value("gap9"), "chip: gap9, siracusa or a description file")(
      "json", text("FILE"), "write the report there, too")(
      "requant", text("fast|exact")->default_value("fast"),
      "fast: cheapest form within a quarter step; exact: as the model rounds")(
      "cores", po::value<int64_t>()->value_name("N"), "workers (default: all)")("stack", bytes(), "of each worker")(
      "l1-limit", bytes(), "of L1 to use")("l2-limit", bytes(), "of L2 to use")("l3-limit", bytes(), "of L3 to use")(
      "operations", "print the supported operations as a page");
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  ares::Command command{"ares-check",
                        "says whether a quantised network can be deployed, and what to change where it cannot",
                        {},
                        ares::run};
  ares::add_options(command.options);
  return ares::run_command(argc, argv, command);
}
