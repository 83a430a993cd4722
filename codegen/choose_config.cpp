#include "codegen/choose_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/ir/graph.hpp"
#include "kb/environment.hpp"
#include "kb/plan_subject.hpp"

namespace ares {
namespace {

/// Largest distance of a neighbour whose config is applied unmeasured. `ares-study-transfer --measure other`: with 1 no
/// network lost to model-best, with 2 one of ten did, and none gained more.
constexpr double near_enough = 1;

std::optional<kb::PlanEntry> known_plan(const LayerGraph& graph, std::span<const GroupInContext> groups,
                                        const Target& target, const ConfigSources& sources) {
  for (const kb::KnowledgeBase* kb : sources.kbs) {
    auto plan = kb->plan(kb::plan_subject(graph, groups, target), kb::current_environment(target));
    if (plan && plan->configs.size() == groups.size()) return plan;
  }
  return std::nullopt;
}

class Chooser {
 public:
  Chooser(const LayerGraph& graph, std::span<const GroupInContext> groups, const Target& target,
          const ConfigSources& sources)
      : target_(target), policy_(graph.policy), sources_(sources) {
    const auto plan = known_plan(graph, groups, target, sources);
    if (!plan) return;
    plan_note_ = fmt::format("plan, whole network by {}: {:.0f} cycles", name_of(plan->subject.source), plan->cycles);
    for (size_t i = 0; i < groups.size(); ++i) planned_[groups[i].group.name] = plan->configs[i];
  }

  Result<ChosenConfig> operator()(const Group& group, const Context& context) const {
    if (const auto pin = sources_.pins.find(group.name); pin != sources_.pins.end()) {
      if (const auto why = check(group.shape, context, pin->second))
        return fail(fmt::format("--pin: {} of group {} is not feasible: {}", to_string(pin->second), group.name,
                                to_string(*why)));
      return ChosenConfig{pin->second, ConfigOrigin::pin, ""};
    }
    if (const auto planned = planned_.find(kb::last_layer(group.name));
        planned != planned_.end() && !check(group.shape, context, planned->second))
      return ChosenConfig{planned->second, ConfigOrigin::kb_exact, plan_note_};
    if (const auto known = ask(group, context, {}, {.count = 0})) return *known;
    const auto best = sources_.optimum ? sources_.optimum(group.shape, context) : std::nullopt;
    if (!best) return rule(group, context);
    if (best->learnt)
      return ChosenConfig{
          best->config, ConfigOrigin::kb_near,
          fmt::format("near: by what was measured of other groups; {:.0f} cycles predicted", best->cycles)};
    if (!sources_.neighbours) return by_model(*best);
    if (const auto near = ask(group, context, best->config, {.tolerance = near_enough})) return *near;
    return by_model(*best);
  }

 private:
  std::optional<ChosenConfig> ask(const Group& group, const Context& context, const Config& model_best,
                                  const kb::NearestOptions& options) const {
    if (sources_.kbs.empty()) return std::nullopt;
    const kb::Question question{
        group.shape, context, target_.name, policy_, kb::current_environment(target_, group.shape.family), model_best};
    const auto choice = kb::choose(sources_.kbs, question, sources_.score, options);
    if (!choice) return std::nullopt;
    return ChosenConfig{choice->config, choice->exact ? ConfigOrigin::kb_exact : ConfigOrigin::kb_near,
                        kb::to_string(*choice)};
  }

  static ChosenConfig by_model(const ModelBest& best) {
    return {best.config, ConfigOrigin::model, fmt::format("{:.0f} cycles predicted", best.cycles)};
  }

  static Result<ChosenConfig> rule(const Group& group, const Context& context) {
    const auto config = rule_config(make_space(group.shape, context));
    if (config) return ChosenConfig{*config, ConfigOrigin::rule, ""};
    return fail(
        fmt::format("group {}: not even its smallest tile fits into {} bytes of L1; leave it more with --l1-limit "
                    "or --stack",
                    group.name, context.l1_bytes));
  }

  const Target& target_;
  RequantPolicy policy_;
  const ConfigSources& sources_;
  std::map<std::string, Config> planned_;
  std::string plan_note_;
};

}  // namespace

Partition known_partition(const LayerGraph& graph, std::span<const GroupInContext> groups, const Target& target,
                          const ConfigSources& sources) {
  const auto plan = known_plan(graph, groups, target, sources);
  if (!plan || !sources.pins.empty()) return {};  // pins name unfused groups
  std::vector<Group> single;
  for (const GroupInContext& g : groups) single.push_back(g.group);
  const auto partition = parse_partition(plan->detail);
  return partition && fuse(graph, single, *partition) ? *partition : Partition{};
}

Result<ConfigChooser> make_chooser(const LayerGraph& graph, std::span<const GroupInContext> groups,
                                   const Target& target, const ConfigSources& sources) {
  for (const auto& [name, config] : sources.pins) {
    const bool known =
        std::any_of(groups.begin(), groups.end(), [&](const GroupInContext& g) { return g.group.name == name; });
    if (!known) return fail(fmt::format("--pin: the network has no group {}", name));
  }
  // Shared, because a std::function copies what it holds.
  const auto chooser = std::make_shared<const Chooser>(graph, groups, target, sources);
  return [chooser](const Group& group, const Context& context) { return (*chooser)(group, context); };
}

std::string announcement(const std::string& group, const ChosenConfig& chosen) {
  const bool from_kb = chosen.origin == ConfigOrigin::kb_exact || chosen.origin == ConfigOrigin::kb_near;
  const std::string note = chosen.note.empty() ? "" : fmt::format(" ({})", chosen.note);
  if (from_kb) return fmt::format("[KB] Auto-applying config for {}: {}{}", group, to_string(chosen.config), note);
  return fmt::format("[{}] config for {}: {}{}", name_of(chosen.origin), group, to_string(chosen.config), note);
}

}  // namespace ares
