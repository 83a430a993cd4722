// The questions of KnowledgeBase that look at more than one key.
#include "kb/codec.hpp"
#include "kb/knowledge_base.hpp"

namespace ares::kb {
namespace {

/// False where the key alone tells that its entry is of another environment.
bool may_match(const CurrentEnvironment& current, const SubjectKey& key) {
  const Environment e = current.of(key.source);
  return e.simulator.empty() || hash_of(e) == key.environment;
}

/// The most trusted source's entry, of one source the newest; only entries with results.
std::optional<Entry> preferred(std::vector<Entry> entries) {
  Entry* found = nullptr;
  for (Entry& e : entries) {
    if (e.results.empty()) continue;
    if (found && found->subject.source != e.subject.source) break;
    if (!found || e.best().provenance.time > found->best().provenance.time) found = &e;
  }
  if (!found) return std::nullopt;
  return std::move(*found);
}

template <class Decode>
Result<void> visit_all(const Store& store, Column column, std::atomic<uint64_t>& misses, Decode decode,
                       const auto& visit) {
  return store.scan(column, {}, {}, [&](std::string_view key, std::string_view value) {
    const auto record = decode(key, value);
    if (!record) ++misses;
    return !record || visit(*record);
  });
}

}  // namespace

std::vector<Entry> KnowledgeBase::all(const Signature& signature) const {
  std::vector<Entry> entries;
  (void)store_->scan_group(key_of(signature), [&](std::string_view key, std::string_view value) {
    if (auto e = decoded(key, value)) entries.push_back(std::move(*e));
    return true;
  });
  return entries;
}

std::optional<Entry> KnowledgeBase::exact(const Signature& signature, const CurrentEnvironment& current) const {
  std::vector<Entry> entries;
  (void)store_->scan_group(key_of(signature), [&](std::string_view key, std::string_view value) {
    const auto parts = split_key(key);
    if (!parts || !may_match(current, *parts)) return true;
    if (!entries.empty() && entries.front().subject.source != parts->source) return false;
    auto e = decoded(key, value);
    if (e && !e->results.empty() && current.matches(parts->source, e->subject.environment)) {
      entries.push_back(std::move(*e));
    }
    return true;
  });
  return preferred(std::move(entries));
}

std::vector<Neighbour> KnowledgeBase::nearest(const Signature& signature, const NearestOptions& options,
                                              const CurrentEnvironment* current) const {
  std::vector<Neighbour> neighbours;
  if (options.count == 0) return neighbours;
  families_->nearest(*store_, signature, options.tolerance, [&](double distance, const Signature& s) {
    auto entry = current ? exact(s, *current) : preferred(all(s));
    if (entry) neighbours.push_back({std::move(*entry), distance});
    return neighbours.size() < options.count;
  });
  return neighbours;
}

std::optional<PlanEntry> KnowledgeBase::plan(const PlanSubject& subject, const CurrentEnvironment& current) const {
  std::optional<PlanEntry> found;
  const std::string prefix = plan_prefix(subject);
  (void)store_->scan(Column::plans, prefix, prefix, [&](std::string_view key, std::string_view value) {
    auto p = decode_plan(key, value);
    if (!p) ++*misses_;
    if (!p || p->subject.groups != subject.groups || p->subject.edges != subject.edges ||
        !current.matches(p->subject.source, p->subject.environment)) {
      return true;
    }
    if (found && found->subject.source != p->subject.source) return false;
    if (!found || p->provenance.time > found->provenance.time) found = std::move(*p);
    return true;
  });
  return found;
}

Result<void> KnowledgeBase::for_each(const std::function<bool(const Entry&)>& visit) const {
  return visit_all(*store_, Column::entries, *misses_, decode_entry, visit);
}
Result<void> KnowledgeBase::for_each(const std::function<bool(const Failure&)>& visit) const {
  return visit_all(*store_, Column::failures, *misses_, decode_failure, visit);
}
Result<void> KnowledgeBase::for_each(const std::function<bool(const PlanEntry&)>& visit) const {
  return visit_all(*store_, Column::plans, *misses_, decode_plan, visit);
}
Result<void> KnowledgeBase::for_each(const std::function<bool(const Run&)>& visit) const {
  return visit_all(*store_, Column::runs, *misses_, decode_run, visit);
}

}  // namespace ares::kb
