// A network as a part of a firmware. Several of them share the runtime and its workers, and run one after the other.
#ifndef ARES_LIBRARY_H
#define ARES_LIBRARY_H

#include "network/ares_network.h"

typedef struct {
  const ares_network* network;
  ares_platform platform;  // with the caller's memories
  int is_open;
} ares_library;

enum { ARES_OPENED = 0, ARES_NO_MEMORY = -1, ARES_OTHER_CORES = -2, ARES_NOT_OPEN = -3 };

// Takes the caller's memories, starts the workers unless another network has, and loads the constants. ARES_OPENED, or
// why not: a memory is missing or not aligned, a network that is open has another number of workers.
int ares_library_open(ares_library* library, void* l1, void* l2);

// Goes over to the network's memories: before its inputs are put. ARES_OPENED or ARES_NOT_OPEN.
int ares_library_use(const ares_library* library);

// Copies a tensor into the L2 arena or out of it, unless the caller's pointer is that place.
void ares_library_put(uint32_t offset, const void* from, uint32_t bytes);
void ares_library_get(uint32_t offset, void* to, uint32_t bytes);

// Forgets the network; the last one ends the workers.
void ares_library_close(ares_library* library);

#endif
