#include "network/ares_library.h"

#include <string.h>

enum { ALIGNMENT = 16 };

static int32_t open_libraries;
static uint32_t l3_end;  // of the images in L3

static int is_memory(const void* block) { return block != NULL && (uintptr_t)block % ALIGNMENT == 0; }

int ares_library_open(ares_library* library, void* l1, void* l2) {
  if (!is_memory(l1) || !is_memory(l2)) return ARES_NO_MEMORY;
  if (library->is_open) ares_library_close(library);
  const int first = open_libraries == 0;
  ares_platform* const p = &library->platform;
  *p = library->network->platform;
  if (!first && p->cores != ares_cores()) return ARES_OTHER_CORES;
  p->l1 = l1;
  p->l2 = l2;
  p->l3_base = first ? 0 : l3_end;
  l3_end = p->l3_base + (p->l3_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (first) {
    ares_open(p);
  } else {
    ares_open_also(p);
    ares_use(p);
  }
  ++open_libraries;
  library->is_open = 1;
  ares_network_load(library->network);
  return ARES_OPENED;
}

int ares_library_use(const ares_library* library) {
  if (!library->is_open) return ARES_NOT_OPEN;
  ares_use(&library->platform);
  return ARES_OPENED;
}

void ares_library_put(uint32_t offset, const void* from, uint32_t bytes) {
  uint8_t* const to = ares_l2() + offset;
  if (from != to) memcpy(to, from, bytes);
}

void ares_library_get(uint32_t offset, void* to, uint32_t bytes) {
  const uint8_t* const from = ares_l2() + offset;
  if (to != from) memcpy(to, from, bytes);
}

void ares_library_close(ares_library* library) {
  if (!library->is_open) return;
  library->is_open = 0;
  if (--open_libraries == 0) ares_close();
}
