// The public GVSOC's PULP cluster: workers wait in the event unit's dispatch queue, core 8 orchestrates.
#include "hal/gvsoc/ares_gvsoc.h"

#include <stddef.h>

#include "hal/pulp/ares_pulp_ne16.h"

enum {
  CLUSTER_CONTROL = 0x10200000,
  FETCH_ENABLE = CLUSTER_CONTROL + 0x08,
  BOOT_ADDRESS = CLUSTER_CONTROL + 0x40,  // a word per core
  TIMER_CONFIG = 0x10200400,
  TIMER_VALUE = 0x10200408,
  TIMER_START_AND_RESET = 3,
  CLUSTER_ICACHE_ENABLE = 0x10201400,
  FC_ICACHE_ENABLE = 0x1A108800,
  STDOUT = 0x1A10F000 + ORCHESTRATOR * 8,
  EXIT = 0x1A1040A0,
};

// Event unit, as each core sees its own part.
enum {
  EVENT_UNIT = 0x10204000,
  EVENT_MASK = EVENT_UNIT + 0x00,
  DISPATCH_FIFO = EVENT_UNIT + 0x80,
  DISPATCH_TEAM = EVENT_UNIT + 0x84,
  BARRIERS = EVENT_UNIT + 0x200,
  BARRIER_SIZE = 0x20,
  BARRIER_TRIGGER_MASK = 0x00,
  BARRIER_TARGET_MASK = 0x0C,
  BARRIER_WAIT_CLEAR = 0x1C,
  BARRIER_EVENT = 1 << 16,
  DISPATCH_EVENT = 1 << 18,
};

enum { JOIN_BARRIER = 0, WORKER_BARRIER = 1 };

int main(void);
void _start(void);

#ifdef ARES_LIBRARY
ares_platform ares_gvsoc_program;
#endif
static uint32_t time_low, time_high;
static _Alignas(8) uint8_t near[ARES_STATE_BYTES];

// The planned tiles and the workers' stacks leave room for the orchestrator's stack and what it uses all the time in
// L1, or they lie in L2.
#if ARES_PLANNED_L1 + ARES_CORES * PI_CL_SLAVE_STACK_SIZE + ARES_STACK_BYTES + ARES_NEAR_BYTES <= ARES_L1_BYTES
enum { RESERVED_L1 = ARES_STACK_BYTES + ARES_NEAR_BYTES };
uint8_t* const ares_gvsoc_orchestrator_stack = ares_l1_end - ARES_CORES * PI_CL_SLAVE_STACK_SIZE;
#else
enum { RESERVED_L1 = 0 };
extern uint8_t ares_gvsoc_l2_stack_end[];
uint8_t* const ares_gvsoc_orchestrator_stack = ares_gvsoc_l2_stack_end;
#endif

void ares_console(char c) { *ares_register(STDOUT) = (uint8_t)c; }

void ares_exit(int status) {
  *ares_register(EXIT) = 0x80000000u | (uint32_t)status;
  for (;;) continue;
}

// ---- start ----

static void barrier_setup(uint32_t barrier, uint32_t cores) {
  const uint32_t base = BARRIERS + barrier * BARRIER_SIZE;
  *ares_register(base + BARRIER_TRIGGER_MASK) = cores;
  *ares_register(base + BARRIER_TARGET_MASK) = cores;
}

static void wait_at(uint32_t barrier) { (void)ares_event_load(BARRIERS + barrier * BARRIER_SIZE + BARRIER_WAIT_CLEAR); }

void ares_gvsoc_fabric_controller(void);
void ares_gvsoc_l3_serve(void);

void ares_gvsoc_fabric_controller(void) {
  *ares_register(FC_ICACHE_ENABLE) = 1;
  *ares_register(CLUSTER_ICACHE_ENABLE) = 1;
  for (uint32_t core = 0; core <= ORCHESTRATOR; ++core) {
    *ares_register(BOOT_ADDRESS + 4 * core) = (uint32_t)(uintptr_t)&_start;
  }
  // Workers that the program does not have must not run: their stacks are not planned.
  *ares_register(FETCH_ENABLE) = 1u << ORCHESTRATOR | ((1u << ARES_CORES) - 1);
  ares_gvsoc_l3_serve();
}

void ares_gvsoc_worker(void);
void ares_gvsoc_worker(void) {
  *ares_register(EVENT_MASK) = BARRIER_EVENT | DISPATCH_EVENT;
  for (;;) {
    const ares_work work = (ares_work)(uintptr_t)ares_event_load(DISPATCH_FIFO);
    const void* const arguments = (const void*)(uintptr_t)ares_event_load(DISPATCH_FIFO);
    work(arguments);
    wait_at(JOIN_BARRIER);
  }
}

void ares_gvsoc_orchestrator(void);
void ares_gvsoc_orchestrator(void) {
  *ares_register(EVENT_MASK) = BARRIER_EVENT;
  ares_exit(main());
}

// That the tiles leave room for the stacks, and the arena is there.
static void check_memories(const ares_platform* wanted) {
  const uint8_t* const l1 = wanted->l1 == NULL ? ares_l1_start : wanted->l1;
  const uint32_t stacks = (uint32_t)wanted->cores * PI_CL_SLAVE_STACK_SIZE + RESERVED_L1;
  if (l1 < ares_l1_start || l1 > ares_l1_end || wanted->l1_bytes + stacks > (uint32_t)(ares_l1_end - l1)) {
    ares_bare_fail("%u bytes of tiles and %u bytes of stacks do not fit into %u bytes of L1",
                   (unsigned)wanted->l1_bytes, (unsigned)stacks, (unsigned)(ares_l1_end - ares_l1_start));
  }
  const uint32_t l2 = (uint32_t)(ares_l2_end - ares_l2_start);
  if (wanted->l2 == NULL && wanted->l2_bytes > l2) {
    ares_bare_fail("an arena of %u bytes does not fit into the %u bytes of L2 that the program leaves",
                   (unsigned)wanted->l2_bytes, (unsigned)l2);
  }
}

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

#ifdef ARES_LIBRARY
static uint32_t room_on_the_way(const ares_platform* program) { return smaller(program->l1_bytes, program->l2_bytes); }

void ares_use(const ares_platform* program) {
  ares_gvsoc_program = *program;
  if (program->l1 == NULL) ares_gvsoc_program.l1 = ares_l1_start;
  if (program->l2 == NULL) ares_gvsoc_program.l2 = ares_l2_start;
}
#else
static uint32_t room_on_the_way(const ares_platform* program) {
  (void)program;
  return (uint32_t)(ares_l2_end - ares_l2_start);
}

void ares_use(const ares_platform* program) { (void)program; }
#endif

void ares_open_also(const ares_platform* more) {
  check_memories(more);
  ares_use(more);
  // L1 beyond the tiles holds code.
  const uint32_t tiles = smaller(0x8000, more->l1_bytes & ~15u);
  if (more->l3_bytes > 0 && tiles == 0) ares_bare_fail("no L1 to fill L3 through");
  ares_gvsoc_l3_fill(more->l3, more->l3_bytes, smaller(tiles, room_on_the_way(more)));
}

void ares_open(const ares_platform* wanted) {
  if (wanted->cores < 1 || wanted->cores > ORCHESTRATOR)
    ares_bare_fail("%d cores: 1 to 8 are possible", (int)wanted->cores);
  const uint32_t team = (1u << wanted->cores) - 1;
  *ares_register(DISPATCH_TEAM) = team;
  barrier_setup(JOIN_BARRIER, team | 1u << ORCHESTRATOR);
  barrier_setup(WORKER_BARRIER, team);
  ares_pulp_ne16_open();
  ares_open_also(wanted);
  *ares_register(TIMER_CONFIG) = TIMER_START_AND_RESET;
}

void ares_close(void) { ares_gvsoc_dma_wait_all(); }

#ifndef ARES_L1_AT
uint8_t* ares_l1(void) { return ares_gvsoc_l1(); }
#endif
uint8_t* ares_l2(void) { return ares_gvsoc_l2(); }

uint8_t* ares_near(void) { return near; }

void ares_enter(const char* group) { ares_bare_enter(group); }

// ---- workers ----

void ares_start(ares_work work, const void* arguments) {
  ares_compiler_barrier();
  *ares_register(DISPATCH_FIFO) = (uint32_t)(uintptr_t)work;
  *ares_register(DISPATCH_FIFO) = (uint32_t)(uintptr_t)arguments;
}

void ares_join(void) { wait_at(JOIN_BARRIER); }

int32_t ares_cores(void) { return ARES_CORES; }

int32_t ares_core(void) {
  int32_t core;
  __asm__("csrr %0, mhartid" : "=r"(core));
  return core;
}

void ares_barrier(void) { wait_at(WORKER_BARRIER); }

// ---- time ----

// The timer has 32 bits; it is read more often than it wraps.
uint64_t ares_time(void) {
  const uint32_t now = *ares_register(TIMER_VALUE);
  if (now < time_low) ++time_high;
  time_low = now;
  return (uint64_t)time_high << 32 | now;
}

const char* ares_time_unit(void) { return "cycles"; }
