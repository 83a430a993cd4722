// ares-calibrate: what the simulated machine takes for single things, beside what others measured, and the target
// constants that follow.
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/cli.hpp"
#include "core/base/file.hpp"
#include "cost_models/gvsoc/batch_runner.hpp"
#include "cost_models/gvsoc/calibration.hpp"

namespace ares {
namespace {

namespace po = boost::program_options;

void write(const std::string& file, const std::string& text) {
  if (const auto ok = write_file(file, text); !ok) throw CommandError(ExitStatus::failed, ok.error().what);
}

std::string json_of(const gvsoc::Calibration& measured, const std::string& simulator) {
  nlohmann::ordered_json j{{"schema_version", 1}, {"simulator", simulator}};
  for (const auto& [name, cycles] : measured) j["cycles"][name] = cycles;
  for (const gvsoc::Reference& r : gvsoc::references()) {
    const gvsoc::Verdict v = gvsoc::judge(r, measured);
    j["references"].push_back({{"name", r.name},
                               {"what", r.what},
                               {"cycles", r.cycles},
                               {"within", v == gvsoc::Verdict::within || v == gvsoc::Verdict::information}});
  }
  return j.dump(2) + '\n';
}

ExitStatus run(const OptionValues& values) {
  const auto text = [&](const char* name) {
    return values.count(name) ? values[name].as<std::string>() : std::string();
  };
  const auto simulator = gvsoc::find_simulator(text("gvsoc"));
  if (!simulator) throw CommandError(ExitStatus::failed, simulator.error().what);
  const Target base = value_or_throw(load_target("gap9"));
  gvsoc::BatchRunner runner(*simulator, base);
  const auto properties = value_or_throw(runner.probe(), ExitStatus::failed);
  const std::string environment = gvsoc::environment(*simulator, properties);
  const auto measured = value_or_throw(gvsoc::calibrate(*simulator, base), ExitStatus::failed);

  std::cout << environment << "\n\n" << gvsoc::calibration_table(measured);
  if (const std::string file = text("output"); !file.empty()) {
    write(file, gvsoc::target_json(measured, base, environment));
    value_or_throw(load_target(file), ExitStatus::failed);
    std::cout << fmt::format("\n{}: constants of this simulator on top of gap9's; use it with --target\n", file);
  }
  if (const std::string file = text("json"); !file.empty()) write(file, json_of(measured, environment));
  const auto all = gvsoc::references();
  const auto outside = std::count_if(all.begin(), all.end(), [&](const gvsoc::Reference& r) {
    const gvsoc::Verdict v = gvsoc::judge(r, measured);
    return v == gvsoc::Verdict::outside || v == gvsoc::Verdict::missing;
  });
  if (outside == 0) return ExitStatus::done;
  std::cout << fmt::format("\n{} of {} are not as expected: cycles of this set-up are not comparable with others'\n",
                           outside, all.size());
  return ExitStatus::failed;
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  ares::Command command{"ares-calibrate", "measures what the simulated machine takes for single things", {}, ares::run};
  auto add = command.options.add_options();
  const auto text = [](const char* name) { return boost::program_options::value<std::string>()->value_name(name); };
  add("gvsoc", text("PATH"), "where GVSOC is installed; without it $GVSOC_HOME");
  add("output", text("FILE.json"), "write the target constants that follow there");
  add("json", text("FILE"), "write the figures there");
  return ares::run_command(argc, argv, command);
}
