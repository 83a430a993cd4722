// What a knowledge base knows that a cost model can learn from.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/group/group_result.hpp"
#include "kb/knowledge_base.hpp"

namespace ares::kb {

struct Evidence {
  std::vector<GroupResult> results;
  std::size_t groups = 0;  ///< that they are of
};

/// The results of all subjects that count, base by base in the order of the keys. Of very large bases the first 100,000
/// of these subjects: more say little and take long to read. Fails where a file is damaged.
Result<Evidence> gather(std::span<const KnowledgeBase* const> bases, const std::function<bool(const Subject&)>& counts);

}  // namespace ares::kb
