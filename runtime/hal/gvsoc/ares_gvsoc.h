// What the parts of the port for GVSOC's PULP cluster share: registers, and the order of L3 transfers.
//
// Register addresses and fields: PULP's archi headers, as the simulator's models implement them.
#ifndef ARES_GVSOC_H
#define ARES_GVSOC_H

#include <stdint.h>

#include "hal/ares_hal.h"
#include "hal/bare/ares_bare.h"

enum { ORCHESTRATOR = 8 };

static inline volatile uint32_t* ares_register(uint32_t address) { return (volatile uint32_t*)(uintptr_t)address; }

// p.elw rd, offset(base): a load after which the event unit stops the core's clock until what it waits for is there.
static inline uint32_t ares_event_load(uint32_t address) {
  uint32_t value;
  __asm__ volatile(".insn i 0x03, 6, %0, 0(%1)" : "=r"(value) : "r"(address) : "memory");
  return value;
}

// Orders memory accesses for the compiler; the cores are in order.
static inline void ares_compiler_barrier(void) { __asm__ volatile("" ::: "memory"); }

// Where the memories of the program in use begin: known when it is linked, unless it is one of several in a firmware.
#ifdef ARES_LIBRARY
extern ares_platform ares_gvsoc_program;
static inline uint8_t* ares_gvsoc_l1(void) { return ares_gvsoc_program.l1; }
static inline uint8_t* ares_gvsoc_l2(void) { return ares_gvsoc_program.l2; }
static inline uint32_t ares_gvsoc_l3_base(void) { return ares_gvsoc_program.l3_base; }
#else
static inline uint8_t* ares_gvsoc_l1(void) { return ares_l1_start; }
static inline uint8_t* ares_gvsoc_l2(void) { return ares_l2_start; }
static inline uint32_t ares_gvsoc_l3_base(void) { return 0; }
#endif

// ---- L3, served by the fabric controller ----

// Starts a transfer of `rows` rows; its number. `write`: from L2 to L3.
uint32_t ares_gvsoc_l3_start(const ares_command* command, int write);
int ares_gvsoc_l3_done(uint32_t number);
uint32_t ares_gvsoc_l3_busy(void);  // cycles in which the memory was at work

// Fills L3 with the image of the program in use, which the loader has put into memory that no chip has.
// `most`: bytes of L1 and of L2 that the way there may use.
void ares_gvsoc_l3_fill(const uint8_t* image, uint32_t bytes, uint32_t most);

// ---- DMA ----

void ares_gvsoc_dma_wait_all(void);

#endif
