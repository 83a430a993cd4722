#include "kb/entry.hpp"

#include <algorithm>
#include <cassert>

namespace ares::kb {
namespace {

void trim(Entry& entry) {
  if (entry.results.size() <= best_kept) return;
  const auto surplus = std::remove_if(entry.results.begin() + best_kept, entry.results.end(),
                                      [](const Measured& m) { return !m.rule && !m.model_best; });
  entry.results.erase(surplus, entry.results.end());
}

/// The remembered result of the same config with the new one taken in.
Measured combined(const Measured& known, const Measured& fresh) {
  const bool fresh_wins = fresh.cycles < known.cycles;
  Measured m = fresh_wins ? fresh : known;
  if (m.cold_cycles == 0) m.cold_cycles = fresh_wins ? known.cold_cycles : fresh.cold_cycles;
  m.rule = known.rule || fresh.rule;
  m.model_best = known.model_best || fresh.model_best;
  return m;
}

}  // namespace

bool faster(const Measured& a, const Measured& b) {
  return a.cycles != b.cycles ? a.cycles < b.cycles : a.config.value < b.config.value;
}

void add_result(Entry& entry, const Measured& result) {
  for (Measured& m : entry.results) {
    m.rule = m.rule && !result.rule;
    m.model_best = m.model_best && !result.model_best;
  }
  Measured fresh = result;
  const auto known = std::find_if(entry.results.begin(), entry.results.end(),
                                  [&](const Measured& m) { return m.config == result.config; });
  if (known != entry.results.end()) {
    fresh = combined(*known, result);
    entry.results.erase(known);
  }
  entry.results.insert(std::lower_bound(entry.results.begin(), entry.results.end(), fresh, faster), fresh);
  entry.worst_cycles = std::max(entry.worst_cycles, result.cycles);
  trim(entry);
}

void merge_into(Entry& entry, const Entry& other) {
  assert(entry.subject == other.subject);
  const bool has_rule = entry.rule() != nullptr;
  const bool has_model_best = entry.model_best() != nullptr;
  for (Measured m : other.results) {
    m.rule = m.rule && !has_rule;
    m.model_best = m.model_best && !has_model_best;
    add_result(entry, m);
  }
  // The runs may have measured the same configs, but at least these.
  entry.evaluations = std::max({entry.evaluations, other.evaluations, uint64_t{entry.results.size()}});
  entry.worst_cycles = std::max(entry.worst_cycles, other.worst_cycles);
  if (!entry.settled) entry.settled = other.settled;
  if (entry.cursor.empty()) entry.cursor = other.cursor;
}

}  // namespace ares::kb
