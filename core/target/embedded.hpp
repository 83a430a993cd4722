// The target descriptions that ship with the project, as text inside the program: an installed program finds them too.
#pragma once

#include <span>
#include <string_view>

namespace ares {

struct EmbeddedTarget {
  std::string_view name;  ///< file name without .json
  std::string_view json;
};

/// In alphabetical order of their names.
std::span<const EmbeddedTarget> embedded_targets();

}  // namespace ares
