#include "network/ares_network.h"

#include <string.h>

#include "tile/ares_trace.h"

void ares_network_load(const ares_network* network) {
  if (network->constants_bytes == 0) return;
  ares_enter("constants");
  const ares_command command = {network->constants, 0, 1, (int32_t)network->constants_bytes, 0};
  ares_ticket ticket = {0};
  ares_copy(ARES_L3_TO_L2, &command, &ticket);
  ares_wait(&ticket);
}

void ares_network_set_inputs(const ares_network* network) {
  for (int32_t i = 0; i < network->input_count; ++i) {
    const ares_tensor* const t = &network->inputs[i];
    memcpy(ares_l2() + t->offset, t->golden, (size_t)t->elements * (size_t)t->element_bytes);
  }
}

void ares_network_run(const ares_network* network, ares_perf* perf, void (*after)(const ares_group* group)) {
  for (int32_t i = 0; i < network->group_count; ++i) {
    const ares_group* const group = &network->groups[i];
    ares_enter(group->output.name);
    ares_trace_group(group->output.name);
    if (perf != NULL) ares_perf_begin(&perf[i]);
    group->run();
    if (perf != NULL) ares_perf_end();
    if (after != NULL) after(group);
  }
}
