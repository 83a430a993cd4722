// L3: a HyperRAM behind the fabric controller's uDMA. The orchestrator puts requests into a ring in L2, the fabric
// controller, which does nothing else, works through them.
#include "hal/gvsoc/ares_gvsoc.h"

enum {
  UDMA_CLOCKS = 0x1A102000,
  HYPER = 0x1A102480,  // uDMA peripheral 8
  HYPER_CLOCK = 0x1FF << 8,
  RX = HYPER + 0x00,  // L2 address, size, configuration
  TX = HYPER + 0x0C,
  CHANNEL_ENABLE = 1 << 4,
  COMMAND = HYPER + 0x18,
  COMMAND_READ = 4,
  L3_ADDRESS = HYPER + 0x1C,
  STATUS = HYPER + 0x24,  // not 0: transfers outstanding
  COMMON = HYPER + 0x400,
  PAGE_BOUND = COMMON + 0x00,
  ACCESS_LATENCY = COMMON + 0x04,
  ADDED_LATENCY = COMMON + 0x08,
  CHIP = COMMON + 0x20,
  RAM = 0,
  NO_PAGES = 4,
  MAX_BYTES = 0x10000,  // of one transfer
  FC_TIMER_CONFIG = 0x1A10B000,
  FC_TIMER_VALUE = 0x1A10B008,
  TIMER_START_AND_RESET = 3,
  SLOTS = 16,
};

typedef struct {
  ares_command command;
  int32_t write;
} request;

// Requests are numbered from 1.
static volatile request ring[SLOTS];
static volatile uint32_t given, done, busy;

uint32_t ares_gvsoc_l3_start(const ares_command* command, int write) {
  const uint32_t number = given + 1;
  while (number - done > SLOTS) continue;
  volatile request* const r = &ring[number % SLOTS];
  r->command.near = command->near;
  r->command.far = command->far;
  r->command.rows = command->rows;
  r->command.row_bytes = command->row_bytes;
  r->command.far_pitch = command->far_pitch;
  r->write = write;
  given = number;
  return number;
}

int ares_gvsoc_l3_done(uint32_t number) { return (int32_t)(done - number) >= 0; }

uint32_t ares_gvsoc_l3_busy(void) { return busy; }

static void transfer(uint32_t l2, uint32_t l3, uint32_t bytes, int write) {
  while (bytes > 0) {
    const uint32_t now = bytes < MAX_BYTES ? bytes : MAX_BYTES, channel = write ? TX : RX;
    *ares_register(L3_ADDRESS) = l3;
    *ares_register(COMMAND) = write ? 0 : COMMAND_READ;
    *ares_register(channel) = l2;
    *ares_register(channel + 4) = now;
    *ares_register(channel + 8) = CHANNEL_ENABLE;
    while (*ares_register(STATUS) != 0) continue;
    l2 += now;
    l3 += now;
    bytes -= now;
  }
}

static void serve(volatile const request* r) {
  const uint32_t begin = *ares_register(FC_TIMER_VALUE);
  uint32_t l2 = (uint32_t)(uintptr_t)ares_gvsoc_l2() + r->command.near, l3 = ares_gvsoc_l3_base() + r->command.far;
  for (int32_t row = 0; row < r->command.rows; ++row) {
    transfer(l2, l3, (uint32_t)r->command.row_bytes, r->write);
    l2 += (uint32_t)r->command.row_bytes;
    l3 += (uint32_t)r->command.far_pitch;
  }
  busy += *ares_register(FC_TIMER_VALUE) - begin;
}

_Noreturn void ares_gvsoc_l3_serve(void);
void ares_gvsoc_l3_serve(void) {
  *ares_register(UDMA_CLOCKS) = HYPER_CLOCK;
  *ares_register(PAGE_BOUND) = NO_PAGES;
  *ares_register(ACCESS_LATENCY) = 6;
  *ares_register(ADDED_LATENCY) = 1;
  *ares_register(CHIP) = RAM;
  *ares_register(FC_TIMER_CONFIG) = TIMER_START_AND_RESET;
  for (uint32_t next = 1;; ++next) {
    while ((int32_t)(given - next) < 0) continue;
    serve(&ring[next % SLOTS]);
    done = next;
  }
}
