#include "kb/location.hpp"

#include <cstdlib>

namespace ares::kb {
namespace {

std::optional<std::filesystem::path> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

std::filesystem::path location(const std::optional<std::string>& option) {
  if (option) return *option;
  if (const auto dir = variable("ARES_KB")) return *dir;
  if (const auto data = variable("XDG_DATA_HOME")) return *data / "ares" / "kb";
  return variable("HOME").value_or(".") / ".local" / "share" / "ares" / "kb";
}

}  // namespace ares::kb
