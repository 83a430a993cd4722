#include "kb/plan_subject.hpp"

#include "core/ir/graph.hpp"
#include "kb/environment.hpp"

namespace ares::kb {

PlanSubject plan_subject(const LayerGraph& graph, std::span<const GroupInContext> groups, const Target& target) {
  PlanSubject s;
  s.source = Source::event;
  s.environment = current_environment(target).of(s.source);
  std::vector<int> producer(graph.tensors.size(), -1);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const Group& group = groups[g].group;
    s.groups.push_back(make_signature(group.shape, groups[g].context, target.name, graph.policy));
    for (const TensorId in : group.inputs)
      s.edges.emplace_back(producer[static_cast<std::size_t>(in)], static_cast<int>(g));
    producer[static_cast<std::size_t>(group.output)] = static_cast<int>(g);
  }
  for (const NetworkOutput& out : graph.outputs)
    s.edges.emplace_back(producer[static_cast<std::size_t>(out.tensor)], -1);
  return s;
}

std::string last_layer(const std::string& group) { return group.substr(group.rfind('+') + 1); }

std::vector<Config> plan_configs(std::span<const GroupInContext> groups, const NetworkProgram& program) {
  std::vector<Config> configs(groups.size());
  for (const PlannedGroup& planned : program.groups)
    for (std::size_t g = 0; g < groups.size(); ++g)
      if (groups[g].group.name == last_layer(planned.group.name)) configs[g] = planned.chosen.config;
  return configs;
}

}  // namespace ares::kb
