#include "core/check/deployment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/check/advice.hpp"

namespace ares {
namespace {

/// Configs that are looked at to say how far a group is from fitting.
constexpr uint64_t kMostConfigs = 100000;

/// Bytes that the group's smallest tile has too many, or 0.
int64_t least_excess(const Group& group, const Context& context) {
  const SearchSpace space = make_space(group.shape, context);
  int64_t least = std::numeric_limits<int64_t>::max();
  for (uint64_t i = 0; i < std::min(space.raw_size(), kMostConfigs); ++i) {
    const auto why = check(space, space.config(i));
    if (why && why->bytes_over > 0) least = std::min(least, why->bytes_over);
  }
  return least == std::numeric_limits<int64_t>::max() ? 0 : least;
}

std::string l1_change(const GroupShape& s, const std::string& node) {
  const std::string module = module_name(node);
  if (s.family == Family::linear) return fmt::format("{}: fewer in_features (pool before it)", module);
  if (has_window(s.family)) {
    return fmt::format("{}: a narrower image ({} columns now), fewer channels ({}) or a smaller kernel_size", module,
                       s.in.w, s.in.c);
  }
  return fmt::format("{}: fewer channels ({} now)", module, std::max(s.in.c, s.out.c));
}

Finding l1_finding(const ModelCheck& check, const Group& group, const Context& context) {
  const Layer& layer = check.layers.dag[group.layers.front()];
  Finding f{Severity::unsupported, "L1", check.file, layer.model_node, {}, {}, {}, {}};
  f.tensor = check.layers.tensors[static_cast<size_t>(layer.output)].name;
  f.what = fmt::format("not even its smallest tile fits the L1 window of {} bytes: {} bytes too many", context.l1_bytes,
                       least_excess(group, context));
  f.change = l1_change(group.shape, layer.model_node);
  return f;
}

/// A network-wide refusal of the plan, "L2: what": its cause is the memory it names.
Finding plan_finding(const ModelCheck& check, const Error& error) {
  const bool names_level = error.what.size() > 4 && error.what[0] == 'L' && error.what.compare(2, 2, ": ") == 0;
  const std::string level = names_level ? error.what.substr(0, 2) : "plan";
  Finding f{Severity::unsupported, level, check.file, {}, {}, {}, names_level ? error.what.substr(4) : error.what, {}};
  if (level == "L2")
    f.change = "a smaller input image, an earlier stride=2 or pool, or fewer channels where that tensor is made";
  else if (level == "L3")
    f.change = "fewer weights: a global average pool before the classifier, fewer or depthwise channels";
  else
    f.change = "a smaller --stack, or fewer --cores";
  return f;
}

/// The target without an end to L2 and L3, to estimate what does not fit them.
Target without_end(Target target) {
  target.l2_bytes = std::numeric_limits<int32_t>::max();
  target.l3_bytes = std::numeric_limits<uint64_t>::max() / 2;
  return target;
}

std::vector<GroupInContext> contexts(ModelCheck& check, const Target& target, PlanOptions options) {
  auto planned = plan_contexts(check.layers, target, options);
  if (planned) return std::move(*planned);
  check.findings.push_back(plan_finding(check, planned.error()));
  options.l2_limit = options.l3_limit = 0;
  planned = plan_contexts(check.layers, without_end(target), options);
  return planned ? std::move(*planned) : std::vector<GroupInContext>();
}

MemoryNeed memory_of(const NetworkProgram& n, const Target& t, const PlanOptions& o) {
  const auto limited = [](auto size, uint64_t limit) {
    return limit == 0 ? size : std::min<decltype(size)>(size, limit);
  };
  MemoryNeed m;
  m.l1 = n.l1_bytes;
  m.l1_stacks = static_cast<uint32_t>(n.cores) * n.stack;
  m.l1_size = limited(t.l1_bytes, o.l1_limit);
  m.arena = n.arena_bytes;
  m.constants = n.l2_constant_bytes;
  m.l2_size = limited(t.l2_bytes - t.l2_reserved, o.l2_limit);
  m.l3 = n.l3_bytes;
  m.l3_size = limited(t.l3_bytes, o.l3_limit);
  return m;
}

}  // namespace

Deployment deploy(ModelCheck& check, const Target& target, const PlanOptions& options, const GroupCostFunction& cost) {
  Deployment d;
  if (!check.expanded || boost::num_vertices(check.layers.dag) == 0) return d;
  const size_t before = check.findings.size();
  for (GroupInContext& g : contexts(check, target, options)) {
    auto best = cost(g.group.shape, g.context);
    if (!best) check.findings.push_back(l1_finding(check, g.group, g.context));
    d.cycles += best ? best->cycles : 0;
    d.macs += g.group.shape.macs();
    d.groups.push_back({std::move(g.group), g.context, std::move(best)});
  }
  complete_findings(check);
  if (check.findings.size() != before) return d;
  auto next = d.groups.begin();
  auto program = plan_network(check.layers, target, options, [&](const Group&, const Context&) -> Result<ChosenConfig> {
    return ChosenConfig{next++->cost->config, ConfigOrigin::model, ""};
  });
  if (!program) {
    check.findings.push_back(plan_finding(check, program.error()));
    return d;
  }
  d.memory = memory_of(*program, target, options);
  d.program = std::move(*program);
  return d;
}

}  // namespace ares
