// Copies between L2 and L1 by the cluster's DMA engine (mchan), and the tickets of all channels.
#include "hal/gvsoc/ares_gvsoc.h"

#include <string.h>

enum {
  MCHAN_COMMAND = 0x10204400,  // read: takes one of 16 counters; written: a command, word by word
  MCHAN_STATUS = 0x10204404,   // read: counters with bytes outstanding; written: counters to give back
  MCHAN_TO_L1 = 1 << 17,
  MCHAN_INCREMENT = 1 << 18,
  MCHAN_2D = 1 << 19,  // on the L2 side
  MCHAN_COUNTERS = 0xFFFF,
  MCHAN_MAX_BYTES = 0x1FFFF,  // the length has 17 bits
  NO_COUNTER = 0,
};

static uint32_t current;   // counter that commands go to, as a bit, or NO_COUNTER
static uint32_t fetching;  // that of the fetch

static void push(uint32_t flags, uint32_t bytes, uint8_t* near, uint8_t* far) {
  *ares_register(MCHAN_COMMAND) = bytes | flags | MCHAN_INCREMENT;
  *ares_register(MCHAN_COMMAND) = (uint32_t)(uintptr_t)near;
  *ares_register(MCHAN_COMMAND) = (uint32_t)(uintptr_t)far;
}

// `bytes` in one row or in rows of `row` bytes; as many commands as the length field takes. Apart from the common case,
// so that that one stays small.
static __attribute__((noinline)) void copy_large(uint32_t flags, uint8_t* near, uint8_t* far, uint32_t bytes,
                                                 uint32_t row, uint32_t pitch) {
  if (row == bytes || row == pitch) {
    for (; bytes > MCHAN_MAX_BYTES; bytes -= 0x10000, near += 0x10000, far += 0x10000) push(flags, 0x10000, near, far);
    push(flags, bytes, near, far);
    return;
  }
  const uint32_t most = MCHAN_MAX_BYTES / row;
  for (uint32_t rows = bytes / row; rows > 0;) {
    const uint32_t now = rows < most ? rows : most;
    push(flags | MCHAN_2D, now * row, near, far);
    *ares_register(MCHAN_COMMAND) = row;
    *ares_register(MCHAN_COMMAND) = pitch;
    rows -= now;
    near += now * row;
    far += now * pitch;
  }
}

// The commands that follow count for this ticket.
static inline void count_for(ares_ticket* ticket) {
  if ((ticket->last & current) == 0) {
    current = 1u << *ares_register(MCHAN_COMMAND);
    ticket->last |= current;
  }
  ares_compiler_barrier();
}

void ares_copy(ares_channel channel, const ares_command* command, ares_ticket* ticket) {
  ticket->channel = (uint32_t)channel;
  if (channel == ARES_L3_TO_L2) {
    ticket->last = ares_gvsoc_l3_start(command, 0);
    return;
  }
  count_for(ticket);
  const uint32_t flags = channel == ARES_L2_TO_L1 ? MCHAN_TO_L1 : 0, row = (uint32_t)command->row_bytes;
  const uint32_t bytes = (uint32_t)command->rows * row, pitch = (uint32_t)command->far_pitch;
  uint8_t* const near = ares_gvsoc_l1() + command->near;
  uint8_t* const far = ares_gvsoc_l2() + command->far;
  if (bytes > MCHAN_MAX_BYTES) {
    copy_large(flags, near, far, bytes, row, pitch);
  } else if (command->rows == 1 || row == pitch) {
    push(flags, bytes, near, far);
  } else {
    push(flags | MCHAN_2D, bytes, near, far);
    *ares_register(MCHAN_COMMAND) = row;
    *ares_register(MCHAN_COMMAND) = pitch;
  }
}

// Rows with padding between them: one after the other as fast as the engine takes them.
void ares_copies(ares_channel channel, const ares_command* first, int32_t count, uint32_t near_step, uint32_t far_step,
                 ares_ticket* ticket) {
  const uint32_t row = (uint32_t)first->row_bytes, bytes = (uint32_t)first->rows * row;
  ares_command next = *first;
  if (channel == ARES_L3_TO_L2 || bytes > MCHAN_MAX_BYTES) {
    for (; count > 0; --count, next.near += near_step, next.far += far_step) ares_copy(channel, &next, ticket);
    return;
  }
  ticket->channel = (uint32_t)channel;
  count_for(ticket);
  const uint32_t pitch = (uint32_t)first->far_pitch, rows_flag = bytes == row || row == pitch ? 0 : MCHAN_2D;
  const uint32_t flags = (channel == ARES_L2_TO_L1 ? MCHAN_TO_L1 : 0) | rows_flag;
  uint8_t* near = ares_gvsoc_l1() + first->near;
  uint8_t* far = ares_gvsoc_l2() + first->far;
  for (; count > 0; --count, near += near_step, far += far_step) {
    push(flags, bytes, near, far);
    if (rows_flag == 0) continue;
    *ares_register(MCHAN_COMMAND) = row;
    *ares_register(MCHAN_COMMAND) = pitch;
  }
}

void ares_fetch_start(void* to, const void* from, uint32_t bytes) {
  if ((uint8_t*)to < ares_l1_start || (uint8_t*)to >= ares_l1_end) {
    memcpy(to, from, bytes);
    return;
  }
  fetching = 1u << *ares_register(MCHAN_COMMAND);
  push(MCHAN_TO_L1, bytes, to, (uint8_t*)(uintptr_t)from);
  current = NO_COUNTER;
}

void ares_fetch_wait(void) {
  if (fetching == NO_COUNTER) return;
  while (*ares_register(MCHAN_STATUS) & fetching) continue;
  *ares_register(MCHAN_STATUS) = fetching;
  fetching = NO_COUNTER;
  ares_compiler_barrier();
}

void ares_wait(ares_ticket* ticket) {
  const uint32_t last = ticket->last;
  if (last == 0) return;
  ticket->last = 0;
  if (ticket->channel == ARES_L3_TO_L2) {
    while (!ares_gvsoc_l3_done(last)) continue;
  } else {
    while (*ares_register(MCHAN_STATUS) & last) continue;
    *ares_register(MCHAN_STATUS) = last;
    current &= ~last;
  }
  ares_compiler_barrier();
}

void ares_gvsoc_dma_wait_all(void) {
  if (*ares_register(MCHAN_STATUS) & MCHAN_COUNTERS) ares_bare_fail("a copy was never waited for");
}

// mchan cannot tell.
uint64_t ares_channel_busy(ares_channel channel) { return channel == ARES_L3_TO_L2 ? ares_gvsoc_l3_busy() : 0; }

void ares_gvsoc_l3_fill(const uint8_t* image, uint32_t bytes, uint32_t most) {
  // From the loader's memory by way of L1 and the L2 arena, which hold nothing yet.
  for (uint32_t at = 0; at < bytes; at += most) {
    const uint32_t now = bytes - at < most ? bytes - at : most;
    const uint32_t counter = 1u << *ares_register(MCHAN_COMMAND);
    push(MCHAN_TO_L1, now, ares_l1(), (uint8_t*)(uintptr_t)image + at);
    while (*ares_register(MCHAN_STATUS) & counter) continue;
    push(0, now, ares_l1(), ares_l2());
    while (*ares_register(MCHAN_STATUS) & counter) continue;
    *ares_register(MCHAN_STATUS) = counter;
    const ares_command command = {0, at, 1, (int32_t)now, 0};
    const uint32_t number = ares_gvsoc_l3_start(&command, 1);
    while (!ares_gvsoc_l3_done(number)) continue;
  }
}
