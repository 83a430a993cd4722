// The knowledge base as tables for people.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/target/target.hpp"
#include "kb/knowledge_base.hpp"

namespace ares::kb {

/// Columns as wide as their widest cell; those listed in `right` are set to the right.
struct Table {
  std::vector<std::string> head;
  std::vector<size_t> right;
  std::vector<std::vector<std::string>> rows;
};
std::string to_string(const Table& t);

/// Eight hexadecimal digits that name a signature in tables and on the command line.
std::string id_of(const Signature& s);

/// `conv 3x3 14x14x32 -> 14x14x64`, with whatever is not the usual case.
std::string short_text(const Signature& s);

/// 1234567 as 1,234,567.
std::string grouped(double number);

/// Whether results still apply, by the targets that this program knows.
class Ages {
 public:
  enum class Age { current, older, unknown };
  Age of(const Subject& s);

 private:
  std::map<std::string, std::optional<Target>> targets_;
};
const char* name_of(Ages::Age a);

Table entry_table(const std::vector<Entry>& entries, Ages& ages);
Table neighbour_table(const std::vector<Neighbour>& neighbours, Ages& ages);
Table failure_table(const std::vector<Failure>& failures);

/// Everything about one entry, several lines.
std::string details(const Entry& e, Ages& ages);

struct Statistics {
  uint64_t entries = 0, signatures = 0, results = 0, evaluations = 0, settled = 0, older = 0;
  uint64_t failures = 0, plans = 0, runs = 0, unreadable = 0, disk_bytes = 0;
  std::map<std::string, uint64_t> by_source, by_operator, by_target;
};
Result<Statistics> statistics(const KnowledgeBase& kb, Ages& ages);
std::string to_string(const Statistics& s);

}  // namespace ares::kb
