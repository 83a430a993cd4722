// A plug-in cost model that works, or fails as BEHAVIOUR says.
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "cost_models/plugin.h"

namespace {

enum Behaviour { works, throws, crashes, hangs, gives_nan, other_abi, not_created, says_failed, moody };

int instance, asked;

void* create(const char*) { return BEHAVIOUR == not_created ? nullptr : &instance; }
void destroy(void*) {}

int estimate(void*, const ares_plugin_group*, const ares_plugin_config* configs, size_t count, double* cycles) {
  if (BEHAVIOUR == throws) throw std::runtime_error("no idea");
  if (BEHAVIOUR == crashes) std::abort();
  if (BEHAVIOUR == hangs) sleep(1000);
  for (size_t i = 0; i < count; ++i) cycles[i] = 2 * configs[i].cycles;
  if (BEHAVIOUR == moody) cycles[0] += ++asked;
  if (BEHAVIOUR == gives_nan) cycles[count - 1] = std::nan("");
  return BEHAVIOUR == says_failed;
}

const ares_plugin plugin{BEHAVIOUR == other_abi ? ARES_PLUGIN_ABI + 1 : ARES_PLUGIN_ABI, "made for tests", create,
                         estimate, destroy};

}  // namespace

extern "C" const ares_plugin* ares_cost_model_plugin() { return &plugin; }
