// Jobs of NE16. Register addresses and fields: the engine's public documentation, as the simulator's model implements
// it.
#include "hal/pulp/ares_pulp_ne16.h"

#include <stdint.h>

#include "hal/ares_hal.h"

enum {
  CONTROL = 0x10200018,  // of the cluster
  CLOCK_AND_PRIORITY = 0x800 | 0x100,
  NE16 = 0x10201000,
  TRIGGER = NE16 + 0x00,
  ACQUIRE = NE16 + 0x04,
  STATUS = NE16 + 0x0C,  // not 0: a job runs
  SOFT_CLEAR = NE16 + 0x14,
  JOB = NE16 + 0x20,
};

static inline volatile uint32_t* at(uint32_t address) { return (volatile uint32_t*)(uintptr_t)address; }
static inline void compiler_barrier(void) { __asm__ volatile("" ::: "memory"); }

// The engine has two contexts, written in turn, that keep their registers.
static int32_t contexts_written;

void ares_pulp_ne16_open(void) {
  *at(CONTROL) |= CLOCK_AND_PRIORITY;
  *at(SOFT_CLEAR) = 0;
}

static void write_registers(const ares_job* job, int first, int last, uint32_t base) {
  volatile uint32_t* const to = at(JOB);
  for (int i = first; i <= last; ++i) to[i] = base + job->registers[i];
}

static void acquire(void) {
  while ((int32_t)*at(ACQUIRE) < 0) continue;
}

static void start_job(const ares_job* job) {
  acquire();
  write_registers(job, 0, ARES_JOB_ADDRESSES - 1, (uint32_t)(uintptr_t)ares_l1());
  write_registers(job, ARES_JOB_ADDRESSES, ARES_JOB_REGISTERS - 1, 0);
  compiler_barrier();
  *at(TRIGGER) = 0;
}

void ares_job_start(const ares_job* job) {
  contexts_written = 1;
  start_job(job);
}

void ares_job_again(const ares_job* job) {
  enum { INPUT = 1, OUTPUT = 2, REMAINDERS = 16, PADDING = 20 };
  if (contexts_written++ < 2) {
    start_job(job);
    return;
  }
  acquire();
  write_registers(job, INPUT, OUTPUT, (uint32_t)(uintptr_t)ares_l1());
  write_registers(job, REMAINDERS, REMAINDERS + 1, 0);
  write_registers(job, PADDING, PADDING, 0);
  compiler_barrier();
  *at(TRIGGER) = 0;
}

void ares_job_wait(void) {
  while (*at(STATUS) != 0) continue;
  compiler_barrier();
}
