// The environment in which today's results are measured and remembered ones apply.
#pragma once

#include "core/target/target.hpp"
#include "kb/record.hpp"

namespace ares::kb {

/// For results of one group.
CurrentEnvironment current_environment(const Target& target, Family family);

/// For plans: the versions of all families count.
CurrentEnvironment current_environment(const Target& target);

}  // namespace ares::kb
