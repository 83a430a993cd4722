// The runtime's sources, as embedded at build time.
#pragma once

#include <span>
#include <string_view>

namespace ares {

struct RuntimeFile {
  std::string_view path;  ///< relative to runtime/
  std::string_view text;
};

std::span<const RuntimeFile> runtime_files();

}  // namespace ares
