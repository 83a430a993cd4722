#include "kb/shipped.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/cli.hpp"

namespace ares::kb {

std::filesystem::path shipped_location() {
  if (const char* place = std::getenv("ARES_SHIPPED_KB")) return place;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path() : program.parent_path().parent_path() / "share" / "ares" / "kb";
}

std::optional<KnowledgeBase> open_shipped() {
  const std::filesystem::path place = shipped_location();
  if (place.empty() || !holds_store(place)) return std::nullopt;
  auto kb = KnowledgeBase::open_read_only(place);
  if (kb) return std::move(*kb);
  print_notice(fmt::format("the shipped knowledge base is not used: {}", kb.error().what));
  return std::nullopt;
}

}  // namespace ares::kb
