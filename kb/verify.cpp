// KnowledgeBase::verify.
#include <fmt/format.h>

#include <algorithm>

#include "kb/codec.hpp"
#include "kb/entry.hpp"
#include "kb/knowledge_base.hpp"

namespace ares::kb {
namespace {

/// What to call a record in a line for people.
std::string label(std::string_view key) {
  if (const auto parts = split_key(key)) {
    if (const auto s = signature_of_key(parts->signature)) {
      return fmt::format("{} by {}", to_string(*s), name_of(parts->source));
    }
  }
  constexpr size_t shown = 24;
  std::string hex;
  for (char c : key.substr(0, shown)) hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return fmt::format("key {}{} of {} bytes", hex, key.size() > shown ? ".." : "", key.size());
}

/// What an entry must hold beyond being readable; empty: it does.
std::string broken_rule(const Entry& e) {
  if (!std::is_sorted(e.results.begin(), e.results.end(), faster)) return "results are out of order";
  for (size_t i = best_kept; i < e.results.size(); ++i) {
    if (!e.results[i].rule && !e.results[i].model_best) return "more results than are kept";
  }
  if (e.evaluations < e.results.size()) return "fewer evaluations than results";
  if (!e.results.empty() && e.worst_cycles < e.results.back().cycles) return "the worst is better than a result";
  return {};
}

}  // namespace

std::vector<std::string> KnowledgeBase::verify() const {
  std::vector<std::string> damages;
  if (const auto ok = store_->verify_checksums(); !ok) damages.push_back(ok.error().what);
  /// `problem` of each record, empty where it is sound.
  const auto look = [&](Column column, auto problem) {
    const auto ok = store_->scan(column, {}, {}, [&](std::string_view key, std::string_view value) {
      const std::string what = problem(key, value);
      if (!what.empty()) damages.push_back(fmt::format("{}: {}: {}", name_of(column), label(key), what));
      return true;
    });
    if (!ok) damages.push_back(ok.error().what);
  };
  const std::string unreadable = "does not decode, or lies under a key that is not its own";
  look(Column::entries, [&](auto key, auto value) {
    const auto e = decode_entry(key, value);
    return !e ? unreadable : key_of(e->subject) != key ? unreadable : broken_rule(*e);
  });
  look(Column::failures, [&](auto key, auto value) {
    const auto f = decode_failure(key, value);
    return !f || key_of(*f) != key ? unreadable : std::string();
  });
  look(Column::plans, [&](auto key, auto value) { return decode_plan(key, value) ? std::string() : unreadable; });
  look(Column::runs, [&](auto key, auto value) { return decode_run(key, value) ? std::string() : unreadable; });
  look(Column::trials, [&](auto key, auto value) { return decode_trials(key, value) ? std::string() : unreadable; });
  return damages;
}

}  // namespace ares::kb
