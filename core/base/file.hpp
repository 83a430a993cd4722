// Whole files as strings, with one-line errors.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace ares {

/// The bytes of a regular file; fails with the path and the system's reason.
Result<std::string> read_file(const std::filesystem::path& path);

/// Writes beside the file and renames, so that a reader never sees half of it. Creates no directories.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace ares
