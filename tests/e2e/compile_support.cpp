#include "tests/e2e/compile_support.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace ares::test {

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "ares-e2e-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> CommandResult::lines() const {
  std::vector<std::string> all;
  boost::split(all, text, boost::is_any_of("\n"));
  if (!all.empty() && all.back().empty()) all.pop_back();
  return all;
}

CommandResult run_shell(const std::string& command) {
  std::FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run: " + command);
  CommandResult result;
  std::array<char, 4096> buffer;
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) result.text.append(buffer.data(), n);
  const int status = pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

CommandResult make_project(const std::filesystem::path& project, const std::string& flags,
                           const std::string& environment) {
  return run_shell(
      fmt::format("{} make --no-print-directory -j2 -C {} clean all run platform=host OPTIMISE=-O1 "
                  "EXTRA_CFLAGS='-Wall -Wextra -Wconversion -Werror' {}",
                  environment, project.string(), flags));
}

CommandResult make_project_on(const std::string& platform, const std::filesystem::path& project,
                              const std::string& flags) {
  const std::string make = fmt::format("make --no-print-directory -j2 -C {} EXTRA_CFLAGS=-Werror platform={} {}",
                                       project.string(), platform, flags);
  return run_shell(fmt::format("{0} clean all && timeout 600 {0} run", make));
}

bool have_platform(const std::string& platform) {
  const auto in_path = [](const char* program) { return run_shell(fmt::format("command -v {}", program)).status == 0; };
  if (!in_path("riscv64-unknown-elf-gcc")) return false;
  return platform == "qemu" ? in_path("qemu-system-riscv32") : std::getenv("GVSOC_HOME") != nullptr;
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

ManyLayers side_by_side(Random& random, int count, const std::function<LayerGraph(int)>& make) {
  ManyLayers many;
  many.graph.name = "side_by_side";
  for (int i = 0; i < count; ++i) {
    const LayerGraph one = make(i);
    const auto base = static_cast<TensorId>(many.graph.tensors.size());
    for (const Tensor& t : one.tensors) many.graph.tensors.push_back(t);
    Layer layer = one.dag[0];
    layer.name = fmt::format("layer{}", i);
    for (TensorId& t : layer.inputs) t += base;
    layer.output += base;
    for (const TensorId t : layer.inputs) many.graph.inputs.push_back({fmt::format("in{}_{}", i, t - base), t, {}});
    many.graph.outputs.push_back({fmt::format("out{}", i), layer.output, {}});
    const auto* moved = std::get_if<Rearrange>(&layer.op);
    const size_t groups = moved ? moved->pieces.size() : 1;
    boost::add_vertex(layer, many.graph.dag);
    const auto inputs = random_inputs(random, one);
    many.golden.inputs.insert(many.golden.inputs.end(), inputs.begin(), inputs.end());
    const auto output = straight_output(one, std::span(inputs));
    many.golden.outputs.insert(many.golden.outputs.end(), groups, output);
  }
  return many;
}

ConfigChooser random_configs(Random& random) {
  return [&random](const Group& group, const Context& context) -> Result<ChosenConfig> {
    const SearchSpace space = make_space(group.shape, context);
    std::vector<uint64_t> feasible = feasible_indices(space), jobs;
    std::copy_if(feasible.begin(), feasible.end(), std::back_inserter(jobs),
                 [&](uint64_t i) { return on_accelerator(space.config(i)) || tail_on_accelerator(space.config(i)); });
    if (!jobs.empty() && pick(random, 0, 1) == 0) feasible = jobs;  // few of all configs are the accelerator's
    if (feasible.empty()) return fail("no feasible config for " + group.name);
    const auto i = static_cast<size_t>(pick(random, 0, static_cast<int32_t>(feasible.size()) - 1));
    return ChosenConfig{space.config(feasible[i]), ConfigOrigin::search, "drawn"};
  };
}

NetworkProgram plan_for_gap9(const LayerGraph& graph, const ConfigChooser& choose, const PlanOptions& options) {
  return value_or_throw(plan_network(graph, value_or_throw(load_target("gap9")), options, choose));
}

void write_for_gap9(const NetworkProgram& program, const ManyLayers& layers, const std::filesystem::path& directory) {
  const auto written =
      write_project(program, layers.graph, value_or_throw(load_target("gap9")), layers.golden, directory);
  if (!written) throw std::runtime_error(written.error().what);
}

}  // namespace ares::test
