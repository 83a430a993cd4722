// The spaces that strategies are compared on: groups of the reference networks, several of each family.
#pragma once

#include <string>
#include <vector>

#include "core/plan/network_program.hpp"

namespace ares {

struct StudiedGroup {
  std::string name;  ///< network.group
  GroupInContext group;
};

/// In their networks' contexts on `target`; a reference network that lost one of them is an error that names it.
Result<std::vector<StudiedGroup>> studied_groups(const Target& target);

}  // namespace ares
