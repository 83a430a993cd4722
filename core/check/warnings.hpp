// What runs, but slower or larger than it had to.
#pragma once

#include "core/check/deployment.hpp"

namespace ares {

/// Adds the warnings that follow from the layers and their cost; `cost` also judges what could be changed.
void add_warnings(ModelCheck& check, const Deployment& deployment, const Target& target, const GroupCostFunction& cost);

}  // namespace ares
