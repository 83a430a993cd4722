// What a network's plan is remembered by: who tunes and who compiles ask with the same subject.
#pragma once

#include <span>

#include "core/plan/network_program.hpp"
#include "kb/record.hpp"

namespace ares::kb {

/// Of the network's groups in their contexts, as plan_contexts() gives them. Source: event simulator; a question covers
/// all sources whatever it names.
PlanSubject plan_subject(const LayerGraph& graph, std::span<const GroupInContext> groups, const Target& target);

}  // namespace ares::kb
