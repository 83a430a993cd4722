#include "codegen/c_text.hpp"

#include <fmt/format.h>

#include <limits>

namespace ares {
namespace {

constexpr size_t columns = 120;

template <class T>
std::string wrapped(std::span<const T> values, int indent) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::string text = margin;
  text.reserve(values.size() * 5);
  size_t line = margin.size();
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string value = c_int(values[i]) + (i + 1 < values.size() ? "," : "");
    if (line > margin.size()) {
      if (line + 1 + value.size() > columns) {
        text += '\n' + margin;
        line = margin.size();
      } else {
        text += ' ';
        ++line;
      }
    }
    text += value;
    line += value.size();
  }
  return text + '\n';
}

bool plain(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

std::string c_identifier(std::string_view name) {
  std::string id(name);
  for (char& c : id)
    if (!plain(c)) c = '_';
  return id;
}

std::string c_int(int64_t value) {
  // C has no literal for it: -2147483648 is the negation of a value that does not fit.
  if (value == std::numeric_limits<int32_t>::min()) return "-2147483647 - 1";
  return std::to_string(value);
}

std::string c_string(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      literal += {'\\', c};
    else if (c >= ' ' && c <= '~')
      literal += c;
    else
      literal += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  }
  return literal + '"';
}

std::string c_values(std::span<const uint8_t> values, int indent) { return wrapped(values, indent); }
std::string c_values(std::span<const int8_t> values, int indent) { return wrapped(values, indent); }
std::string c_values(std::span<const int16_t> values, int indent) { return wrapped(values, indent); }
std::string c_values(std::span<const int32_t> values, int indent) { return wrapped(values, indent); }

std::string grouped(uint64_t value) {
  std::string text = std::to_string(value);
  for (size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

}  // namespace ares
