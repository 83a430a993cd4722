// States of groups: their loops, copies and kernel arguments as they are before the first tile.
#ifndef ARES_STATE_H
#define ARES_STATE_H

#include "hal/ares_hal.h"

// Fetches the next group's state beside the running group's, where there is room for both.
void ares_state_early(const void* initial, uint32_t bytes);

// The state of the group that begins; valid until the next group begins. A multiple of 8 bytes, at most
// ARES_STATE_BYTES.
void* ares_state(const void* initial, uint32_t bytes);

#endif
