// Copies between L2 and L1 by the cluster's DMA, and the tickets of all channels.
#include "hal/pmsis/ares_pmsis.h"

#include <string.h>

enum {
  SLOTS = 12,     // transfers outstanding at once: the engine has 16 counters, the system takes some
  MOST = 0x8000,  // bytes of one transfer: PMSIS keeps sizes in 16 bits and says nothing where they do not suffice
  NO_SLOT = 0,
};

// A ticket's mark is a set of slots, a bit for each. Commands of a ticket join the transfer begun last, if that is its
// own.
static pi_cl_dma_copy_t slots[SLOTS];
static uint32_t taken, current;
static ares_ticket fetching;

static uint32_t take_slot(void) {
  for (uint32_t i = 0; i < SLOTS; ++i) {
    const uint32_t bit = 1u << i;
    if ((taken & bit) == 0) {
      taken |= bit;
      return bit;
    }
  }
  ares_pmsis_fail("more than %d copies are outstanding", (int)SLOTS);
}

static pi_cl_dma_copy_t* copy_of(uint32_t bit) { return &slots[__builtin_ctz(bit)]; }

// One transfer of less than MOST bytes: `bytes` in rows of `row` bytes that are `pitch` apart in L2.
static void push(ares_ticket* ticket, pi_cl_dma_dir_e direction, const uint8_t* near, const uint8_t* far,
                 uint32_t bytes, uint32_t row, uint32_t pitch) {
  pi_cl_dma_copy_t further = {0};
  const int joins = (ticket->last & current) != 0;
  if (!joins) {
    current = take_slot();
    ticket->last |= current;
  }
  pi_cl_dma_copy_t* const c = joins ? &further : copy_of(current);
  c->ext = (uint32_t)(uintptr_t)far;
  c->loc = (uint32_t)(uintptr_t)near;
  c->size = (uint16_t)bytes;
  c->dir = direction;
  c->merge = joins ? 1 : 0;
  c->stride = pitch;
  c->length = row;
  if (row == bytes) {
    pi_cl_dma_memcpy(c);
  } else {
    pi_cl_dma_memcpy_2d(c);
  }
}

static void copy_dense(ares_ticket* ticket, pi_cl_dma_dir_e direction, const uint8_t* near, const uint8_t* far,
                       uint32_t bytes) {
  while (bytes > 0) {
    const uint32_t now = bytes < MOST ? bytes : MOST;
    push(ticket, direction, near, far, now, now, now);
    near += now;
    far += now;
    bytes -= now;
  }
}

static void copy_rows(ares_ticket* ticket, pi_cl_dma_dir_e direction, const uint8_t* near, const uint8_t* far,
                      uint32_t rows, uint32_t row, uint32_t pitch) {
  const uint32_t most = MOST / row;
  while (rows > 0) {
    const uint32_t now = rows < most ? rows : most;
    push(ticket, direction, near, far, now * row, row, pitch);
    near += now * row;
    far += now * pitch;
    rows -= now;
  }
}

void ares_copy(ares_channel channel, const ares_command* command, ares_ticket* ticket) {
  ticket->channel = (uint32_t)channel;
  if (channel == ARES_L3_TO_L2) {
    ticket->last = ares_pmsis_l3_start(command);
    return;
  }
  const pi_cl_dma_dir_e direction = channel == ARES_L2_TO_L1 ? PI_CL_DMA_DIR_EXT2LOC : PI_CL_DMA_DIR_LOC2EXT;
  const uint8_t* near = ares_l1() + command->near;
  const uint8_t* far = ares_l2() + command->far;
  const uint32_t rows = (uint32_t)command->rows, row = (uint32_t)command->row_bytes,
                 pitch = (uint32_t)command->far_pitch;
  if (rows == 1 || row == pitch) {
    copy_dense(ticket, direction, near, far, rows * row);
  } else if (row <= MOST) {
    copy_rows(ticket, direction, near, far, rows, row, pitch);
  } else {
    for (uint32_t i = 0; i < rows; ++i) copy_dense(ticket, direction, near + i * row, far + i * pitch, row);
  }
}

void ares_wait(ares_ticket* ticket) {
  uint32_t left = ticket->last;
  if (left == 0) return;
  ticket->last = 0;
  if (ticket->channel == ARES_L3_TO_L2) {
    ares_pmsis_l3_wait(left);
    return;
  }
  taken &= ~left;
  if ((current & left) != 0) current = NO_SLOT;
  for (; left != 0; left &= left - 1) pi_cl_dma_wait(copy_of(left & (0u - left)));
}

void ares_fetch_start(void* to, const void* from, uint32_t bytes) {
  if (ares_near_is_l1()) {
    copy_dense(&fetching, PI_CL_DMA_DIR_EXT2LOC, to, from, bytes);
  } else {
    memcpy(to, from, bytes);
  }
}

void ares_fetch_wait(void) { ares_wait(&fetching); }

void ares_pmsis_check_copies(void) {
  if (taken != 0) ares_pmsis_fail("a copy was never waited for");
}

// PMSIS does not tell.
uint64_t ares_channel_busy(ares_channel channel) {
  (void)channel;
  return 0;
}
