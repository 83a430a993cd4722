// What a config of a group was measured to take: what cost models learn from.
#pragma once

#include "core/group/config.hpp"
#include "core/group/group.hpp"

namespace ares {

struct GroupResult {
  GroupShape shape;
  Context context;
  Config config;
  double cycles = 0;  ///< warm
};

}  // namespace ares
