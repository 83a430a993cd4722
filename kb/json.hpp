// Records as JSON: one line each in an export, and what --json writes.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "kb/knowledge_base.hpp"

namespace ares::kb {

nlohmann::ordered_json to_json(const Entry& e);
nlohmann::ordered_json to_json(const Failure& f);
nlohmann::ordered_json to_json(const PlanEntry& p);
nlohmann::ordered_json to_json(const Run& r);

/// Text of a JSON value; bytes that are no UTF-8 are replaced.
std::string text_of(const nlohmann::ordered_json& j, int indent = -1);

struct Counts {
  uint64_t entries = 0, failures = 0, plans = 0, runs = 0;
};

/// Writes every record as a line, entries first, in the order of their keys: the same content gives the same text.
Result<Counts> export_text(const KnowledgeBase& kb, std::ostream& out);

/// Entries alone, of each the best `results`, rule and model-best, without times, runs and cursors: what ships.
Result<Counts> export_best(const KnowledgeBase& kb, std::ostream& out, size_t results);

/// Merges an exported text. Nothing is written unless every line can be read; `name` stands in the error line.
Result<Counts> import_text(KnowledgeBase& kb, std::istream& in, const std::string& name);

/// Merges all that `from` knows.
Result<Counts> merge(KnowledgeBase& kb, const KnowledgeBase& from);

}  // namespace ares::kb
