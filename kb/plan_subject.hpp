// What a network's plan is remembered by: who tunes and who compiles ask with the same subject.
#pragma once

#include <span>

#include "core/plan/network_program.hpp"
#include "kb/record.hpp"

namespace ares::kb {

/// Of the network's unfused groups in their contexts, as plan_contexts() gives them. Source: event simulator; a
/// question covers all sources whatever it names.
PlanSubject plan_subject(const LayerGraph& graph, std::span<const GroupInContext> groups, const Target& target);

/// The last of a fused group's layers: what plans know the group by.
std::string last_layer(const std::string& group);

/// A plan entry's configs: one for each unfused group; a fused group's stands at its last layer, the others are empty.
std::vector<Config> plan_configs(std::span<const GroupInContext> groups, const NetworkProgram& program);

}  // namespace ares::kb
