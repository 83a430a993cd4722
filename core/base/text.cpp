#include "core/base/text.hpp"

namespace ares {
namespace {

/// Bytes of the UTF-8 character at the beginning (RFC 3629, section 4), 0 where there is none.
std::size_t character(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xbf; };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool range = !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second > 0x9f);
    return range && tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool range = !(first == 0xf0 && second < 0x90) && !(first == 0xf4 && second > 0x8f);
    return range && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_control(std::string_view c) {
  const auto first = static_cast<unsigned char>(c[0]);
  return (c.size() == 1 && (first < 0x20 || first == 0x7f)) ||
         (first == 0xc2 && static_cast<unsigned char>(c[1]) < 0xa0);
}

}  // namespace

bool is_clean_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = character(text);
    if (n == 0 || is_control(text.substr(0, n))) return false;
    text.remove_prefix(n);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  while (!text.empty()) {
    const std::size_t n = character(text);
    if (out.size() + n > most) return out + "...";
    const bool clean = n > 0 && !is_control(text.substr(0, n));
    out += clean ? text.substr(0, n) : "?";
    text.remove_prefix(n > 0 ? n : 1);
  }
  return out;
}

}  // namespace ares
