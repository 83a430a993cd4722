// What ares-tune would do, shown without measuring or writing.
#pragma once

#include <string>
#include <vector>

#include "kb/knowledge_base.hpp"
#include "search/tune_report.hpp"

namespace ares {

/// Of a prepared tuner, which then has predictions for results: per group estimates, bound, bottleneck, space, what the
/// knowledge base has, and what would be done.
TuneReport dry_run_report(const std::vector<GroupInContext>& groups, Tuner& tuner, const CostModel& model,
                          const TunerOptions& options, const Measurer& measurer);

std::string dry_run_text(const TuneReport& report);

/// Without a model: targets, simulators, strategies, cost models, and what is in the knowledge base (null: none).
std::string inventory_text(const kb::KnowledgeBase* kb, const std::string& kb_place);

}  // namespace ares
