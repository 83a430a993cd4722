#include "kb/evidence.hpp"

namespace ares::kb {

Result<Evidence> gather(std::span<const KnowledgeBase* const> bases,
                        const std::function<bool(const Subject&)>& counts) {
  constexpr std::size_t most_groups = 100'000;
  Evidence evidence;
  const auto take = [&](const Entry& e) {
    if (e.results.empty() || !counts(e.subject)) return true;
    const Signature& s = e.subject.signature;
    for (const Measured& m : e.results) evidence.results.push_back({s.shape, s.context, m.config, m.cycles});
    return ++evidence.groups < most_groups;
  };
  for (const KnowledgeBase* kb : bases)
    if (auto ok = kb->for_each(std::function<bool(const Entry&)>(take)); !ok) return tl::unexpected(ok.error());
  return evidence;
}

}  // namespace ares::kb
