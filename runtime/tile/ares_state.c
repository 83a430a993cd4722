#include "tile/ares_state.h"

#include <stdbool.h>
#include <stddef.h>

static uint32_t in_use;     // bytes of the running group's state
static bool at_end;         // where it lies in ares_near(): at its end or at its beginning
static const void* coming;  // what is being fetched to the other end, or NULL

static uint8_t* place(bool end, uint32_t bytes) { return ares_near() + (end ? ARES_STATE_BYTES - bytes : 0); }

void ares_state_early(const void* initial, uint32_t bytes) {
  if (in_use + bytes > ARES_STATE_BYTES) return;
  coming = initial;
  ares_fetch_start(place(!at_end, bytes), initial, bytes);
}

void* ares_state(const void* initial, uint32_t bytes) {
  if (coming == initial) {
    at_end = !at_end;
  } else {
    ares_fetch_wait();
    ares_fetch_start(place(at_end, bytes), initial, bytes);
  }
  coming = NULL;
  in_use = bytes;
  ares_fetch_wait();
  return place(at_end, bytes);
}
