// Where the config of each group comes from when nothing is measured: what the user pinned, the network's plan in the
// knowledge base, the group's own entry or a near one, the model's optimum, or the rule, in this order.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/plan/network_program.hpp"
#include "kb/choose.hpp"

namespace ares {

/// The best config of a group by a cost model; nothing: not even the smallest tile fits.
struct ModelBest {
  Config config;
  double cycles = 0;
  bool learnt = false;  ///< results of other groups have brought the model to it
};
using ModelOptimum = std::function<std::optional<ModelBest>(const GroupShape&, const Context&)>;

struct ConfigSources {
  std::map<std::string, Config> pins;         ///< by group name
  std::vector<const kb::KnowledgeBase*> kbs;  ///< asked in this order
  kb::Scorer score;                           ///< with `optimum`, of the same model; both empty: no model
  ModelOptimum optimum;
  bool neighbours = true;  ///< asked for groups that nothing is known of; not where the model has learnt from them
};

/// What the network's plan in the knowledge base fuses; nothing: no plan is known, or nothing is fused. `groups` are
/// the unfused ones.
Partition known_partition(const LayerGraph& graph, std::span<const GroupInContext> groups, const Target& target,
                          const ConfigSources& sources);

/// The chooser for a network's groups, fused or not. `groups` are the unfused ones, as plan_contexts() gives them; what
/// `sources` points to must outlive it. Fails
/// where a pin names no group. Choosing fails, naming the group, where a pin is infeasible or no config fits.
Result<ConfigChooser> make_chooser(const LayerGraph& graph, std::span<const GroupInContext> groups,
                                   const Target& target, const ConfigSources& sources);

/// `[KB] Auto-applying config for conv1: {tile_h=14, ..} (measured by event: 4312 cycles)`
std::string announcement(const std::string& group, const ChosenConfig& chosen);

}  // namespace ares
