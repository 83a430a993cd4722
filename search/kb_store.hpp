// The tuner's memory in the knowledge base.
#pragma once

#include <string>
#include <vector>

#include "core/plan/network_program.hpp"
#include "kb/knowledge_base.hpp"
#include "search/network_choice.hpp"
#include "search/tuning_store.hpp"

namespace ares {

/// The environment that results of a measurer are remembered under. `simulator`: its version; empty: today's.
kb::Environment remembered_environment(const Target& target, Family family, kb::Source source,
                                       const std::string& simulator);

class KbStore final : public TuningStore {
 public:
  /// Everything referred to outlives the store. `provenance` names model and run; the layer is filled in. `source` and
  /// `simulator` (empty: today's) are those of the measurer. `shipped` is only read, for offers; nullptr: none.
  KbStore(kb::KnowledgeBase& kb, const Target& target, RequantPolicy policy, kb::Provenance provenance,
          kb::Source source = kb::Source::event, std::string simulator = "",
          const kb::KnowledgeBase* shipped = nullptr);

  /// Offers are then of a group's own signature alone: where a model is corrected by other groups' results, it knows
  /// what these would suggest.
  void offer_no_neighbours() { neighbours_ = false; }

  StoredTuning load(const Query& query, const SearchSpace& space) override;
  Result<void> save(const TuningRound& round) override;

  /// Remembers the network's kept program under its groups, as ares-compile asks for it.
  Result<void> save(const LayerGraph& graph, const std::vector<GroupInContext>& groups, const PlayedNetwork& network);

 private:
  kb::Subject subject(const Query& query) const;
  void offer(StoredTuning& stored, const kb::Subject& s, const SearchSpace& space) const;

  kb::KnowledgeBase& kb_;
  const Target& target_;
  RequantPolicy policy_;
  kb::Provenance provenance_;
  kb::Source source_;
  std::string simulator_;
  const kb::KnowledgeBase* shipped_;
  bool neighbours_ = true;
};

/// The context that a group is tuned in: that of its signature, whose sizes are rounded down, so that what is found
/// fits every group of that signature.
Context tuning_context(const Group& group, const Context& context, const Target& target, RequantPolicy policy);

}  // namespace ares
