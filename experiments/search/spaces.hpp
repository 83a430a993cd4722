// The spaces that strategies are compared on: groups of the reference networks, several of each family.
#pragma once

#include <string>
#include <vector>

#include "core/plan/network_program.hpp"

namespace ares {

struct StudiedGroup {
  std::string name;  ///< network.group
  GroupInContext group;
  std::vector<std::string> members;  ///< all that have its signature, of the networks that were asked for; itself too
};

/// Which groups: large spaces and small for measurements that cost nothing, groups of few cycles for those that do.
enum class Studied : uint8_t { cheap, dear };

/// In their networks' contexts on `target`; a reference network that lost one of them is an error that names it.
Result<std::vector<StudiedGroup>> studied_groups(const Target& target, Studied which);

/// Every group of these networks whose signature is not that of one before it, in the context that its results are
/// remembered under.
Result<std::vector<StudiedGroup>> distinct_groups(const std::vector<std::string>& networks, const Target& target);

/// The groups of a reference network in their contexts, as the tuner sees them.
Result<std::vector<GroupInContext>> network_groups(const std::string& network, const Target& target);

}  // namespace ares
