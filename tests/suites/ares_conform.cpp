// ares-conform: does a cost model of your own keep its promises?
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <iostream>

#include "core/base/cli.hpp"
#include "cost_models/plugin.hpp"
#include "tests/suites/cost_model_suite.hpp"

namespace ares {
namespace {

namespace po = boost::program_options;

/// A plug-in answers through a pipe, which takes time; ARES's own models are asked more.
constexpr double plugin_share = 0.25;

void print(const conformance::Finding& f) {
  fmt::print("  {:<12} {} ({}; first: {})\n", f.binding ? "broken" : "not as ARES's", f.property,
             f.times == 1 ? "once" : fmt::format("{} times", f.times), f.example);
}

ExitStatus run(const OptionValues& values) {
  if (!values.count("cost-model"))
    throw CommandError(ExitStatus::usage, "--cost-model is missing: libX.so, 'exec:COMMAND' or a name");
  const auto name = values["cost-model"].as<std::string>();
  const Target target = value_or_throw(load_target(values["target"].as<std::string>()));
  std::shared_ptr<const PluginModel> plugin;
  std::shared_ptr<const CostModel> model;
  if (is_plugin(name))
    model = plugin = value_or_throw(make_plugin_model(name, target, false));
  else
    model = value_or_throw(make_cost_model(name));
  const auto findings = conformance::check_cost_model(*model, target, plugin ? plugin_share : 1).list();
  if (plugin && plugin->failure()) throw CommandError(ExitStatus::failed, *plugin->failure());
  bool broken = false;
  for (const conformance::Finding& f : findings) {
    print(f);
    broken = broken || f.binding;
  }
  fmt::print("{}: {}\n", name,
             broken             ? "does not keep the contract of cost_models/plugin.h"
             : findings.empty() ? "conforms in everything"
                                : "conforms; what is 'not as ARES's' nothing relies on");
  return broken ? ExitStatus::failed : ExitStatus::done;
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  ares::Command command{"ares-conform", "tells whether a cost model keeps its promises", {}, ares::run};
  auto add = command.options.add_options();
  add("cost-model", ares::po::value<std::string>()->value_name("MODEL"),
      "libX.so, 'exec:COMMAND', or a name that ares-tune knows");
  add("target", ares::po::value<std::string>()->default_value("gap9")->value_name("NAME"),
      "gap9, siracusa or FILE.json");
  return ares::run_command(argc, argv, command);
}
