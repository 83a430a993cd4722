#include "kb/environment.hpp"

#include "core/group/versions.hpp"
#include "kb/names.hpp"

namespace ares::kb {
namespace {

CurrentEnvironment environment(const Target& target, uint32_t kernels) {
  CurrentEnvironment e;
  e.common.target_hash = target.hash;
  e.common.kernel_version = kernels;
  e.common.arithmetic_version = arithmetic_version;
  e.simulator[static_cast<std::size_t>(Source::event)] = event_simulator_version;
  return e;
}

}  // namespace

CurrentEnvironment current_environment(const Target& target, Family family) {
  return environment(target, kernel_version(family));
}

CurrentEnvironment current_environment(const Target& target) {
  uint32_t sum = 0;  // versions only rise, so the sum tells every change
  for (int f = 0; !name(static_cast<Family>(f)).empty(); ++f) sum += kernel_version(static_cast<Family>(f));
  return environment(target, sum);
}

}  // namespace ares::kb
