// Text that comes from files, made fit to print.
#pragma once

#include <string>
#include <string_view>

namespace ares {

/// Whether it is valid UTF-8 without control characters.
bool is_clean_text(std::string_view text);

/// One line of valid UTF-8: control characters and bytes that are no UTF-8 become '?', the end of what is longer than
/// `most` bytes "...".
std::string printable(std::string_view text, std::size_t most = 2000);

}  // namespace ares
