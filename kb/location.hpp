// Where the knowledge base lies, by the same rule in every command.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ares::kb {

/// `--kb DIR` where given, else $ARES_KB, else $XDG_DATA_HOME/ares/kb, else ~/.local/share/ares/kb. Empty variables
/// count as unset.
std::filesystem::path location(const std::optional<std::string>& option = std::nullopt);

}  // namespace ares::kb
