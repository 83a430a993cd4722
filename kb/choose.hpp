// The config a compiler takes for a group without measuring: what the knowledge base knows of it or of its neighbours,
// checked against the group it is for.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "kb/knowledge_base.hpp"

namespace ares::kb {

/// Model cycles of a feasible config. Passed in by whoever has a cost model.
using Scorer = std::function<double(const GroupShape&, const Context&, const Config&)>;

struct Question {
  GroupShape shape;
  Context context;  ///< as it is, not rounded: what is applied must fit it
  std::string target;
  RequantPolicy policy = RequantPolicy::fast;
  CurrentEnvironment current;
  Config model_best;  ///< of this group, feasible: what a neighbour's config has to beat
};

struct Choice {
  Config config;
  double distance = 0;  ///< 0 and exact: an entry of this very signature
  bool exact = false;
  double expected_cycles = 0;  ///< measured (exact), or by the model and the neighbour's ratio
  double gain = 1;  ///< expected cycles of model-best over those of the config; exact: as measured, 1 where unknown
  Source source = Source::event;
  Signature from;  ///< the entry's
  Provenance provenance;
};

/// Exact: the fastest remembered config that is feasible here. Else the nearest neighbour whose best config, fitted to
/// this group and feasible, beats model-best:
///
///   model(group, fitted) * measured(n, best) / model(n, best)
///     < model(group, model_best) * measured(n, model_best_n) / model(n, model_best_n)
///
/// for neighbour n with its own model-best. Nothing: use model-best. Never applies what another environment measured.
/// Of several knowledge bases the first that has the signature answers; neighbours of all are taken together.
std::optional<Choice> choose(std::span<const KnowledgeBase* const> bases, const Question& question,
                             const Scorer& scorer, const NearestOptions& options = {});

/// One phrase for people: `measured by event: 4312 cycles` or `near (distance 0.58): ...`.
std::string to_string(const Choice& choice);

}  // namespace ares::kb
