// The knowledge base that ships with the project: recorded text (kb/shipped, made by scripts/ship_kb), imported when
// the project is built, read where a user's own knows nothing.
#pragma once

#include <filesystem>
#include <optional>

#include "kb/knowledge_base.hpp"

namespace ares::kb {

/// $ARES_SHIPPED_KB where it is set (empty: there is none), else ../share/ares/kb beside the program's own directory.
std::filesystem::path shipped_location();

/// Opens it for reading; nothing where there is none or it cannot be opened (a notice says so).
std::optional<KnowledgeBase> open_shipped();

}  // namespace ares::kb
