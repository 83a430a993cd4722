// A generated network as data, and what main() does with it.
#ifndef ARES_NETWORK_H
#define ARES_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "hal/ares_hal.h"
#include "tile/ares_perf.h"
#include "tile/ares_tile.h"

// A tensor in the L2 arena. `golden` holds what it must be for the sample that comes with the project, or is NULL.
typedef struct {
  const char* name;
  uint32_t offset, elements;
  int32_t element_bytes;  // 1: stored u8, 2: int16, 4: int32
  const void* golden;
} ares_tensor;

typedef struct {
  void (*run)(void);
  uint64_t macs;
  int32_t is_output;   // of the network
  ares_tensor output;  // its name is the group's
  int32_t in_l1;       // the output is not in the arena but stays in L1, at
  uint32_t l1_offset;
} ares_group;

// Where the group's output is when the group has run.
static inline const uint8_t* ares_group_output(const ares_group* group) {
  return group->in_l1 ? ares_l1() + group->l1_offset : ares_l2() + group->output.offset;
}

typedef struct {
  const char* name;
  ares_platform platform;
  uint32_t constants, constants_bytes;  // L2 offset and size of what is copied from the start of the L3 image
  const ares_tensor* inputs;            // `golden` is the sample
  int32_t input_count;
  const ares_group* groups;  // in execution order
  int32_t group_count;
} ares_network;

// Copies the resident constants to L2; once, before the first run.
void ares_network_load(const ares_network* network);

// Copies the sample into the input tensors.
void ares_network_set_inputs(const ares_network* network);

// One inference. `perf`: an element per group, or NULL. `after`: called behind each group, or NULL.
void ares_network_run(const ares_network* network, ares_perf* perf, void (*after)(const ares_group* group));

// Loads, runs, checks and times the network as the flags of the Makefile ask for; the exit status.
int ares_network_main(const ares_network* network);

#endif
