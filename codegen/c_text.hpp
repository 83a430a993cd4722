// Pieces of C source text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ares {

/// `name` with every character outside of A-Za-z0-9_ replaced by an underscore.
std::string c_identifier(std::string_view name);

/// A literal of type int32_t.
std::string c_int(int64_t value);

/// A string literal with quotes.
std::string c_string(std::string_view text);

/// The values, separated by commas and wrapped to lines of at most 120 columns that begin with `indent` spaces; ends
/// with a line break.
std::string c_values(std::span<const uint8_t> values, int indent);
std::string c_values(std::span<const int8_t> values, int indent);
std::string c_values(std::span<const int16_t> values, int indent);
std::string c_values(std::span<const int32_t> values, int indent);

/// 1234567 as 1,234,567.
std::string grouped(uint64_t value);

}  // namespace ares
