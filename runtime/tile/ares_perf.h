// Where the time of a group goes. Measured only with ENABLE_PERF, in the unit of ares_time().
#ifndef ARES_PERF_H
#define ARES_PERF_H

#include <stdint.h>

#include "hal/ares_hal.h"

typedef struct {
  uint64_t total;
  uint64_t compute;    // inside kernels
  uint64_t dma_load;   // issuing loads and waiting for them
  uint64_t dma_store;  // issuing stores and waiting for them
  uint64_t busy;       // the channels moved data, summed over the channels; 0 where the platform cannot tell
} ares_perf;

// Counts into `perf` until the end of the group.
void ares_perf_begin(ares_perf* perf);
void ares_perf_end(void);

// A moment. ARES_CLOCK: the platform's register of the same time as ares_time(), which wraps less often than groups
// end.
#ifdef ARES_CLOCK
typedef uint32_t ares_ticks;
static inline ares_ticks ares_perf_clock(void) { return *(volatile uint32_t*)(uintptr_t)ARES_CLOCK; }
#else
typedef uint64_t ares_ticks;
static inline ares_ticks ares_perf_clock(void) { return ares_time(); }
#endif

// Sums since the last ares_perf_begin().
typedef struct {
  ares_ticks compute, dma_load, dma_store;
} ares_perf_sums;
extern ares_perf_sums ares_perf_running;

// Begins and ends one piece of a group's time.
#ifdef ENABLE_PERF
static inline ares_ticks ares_perf_now(void) { return ares_perf_clock(); }
static inline void ares_perf_compute(ares_ticks since) { ares_perf_running.compute += ares_perf_clock() - since; }
static inline void ares_perf_load(ares_ticks since) { ares_perf_running.dma_load += ares_perf_clock() - since; }
static inline void ares_perf_store(ares_ticks since) { ares_perf_running.dma_store += ares_perf_clock() - since; }
#else
static inline ares_ticks ares_perf_now(void) { return 0; }
static inline void ares_perf_compute(ares_ticks since) { (void)since; }
static inline void ares_perf_load(ares_ticks since) { (void)since; }
static inline void ares_perf_store(ares_ticks since) { (void)since; }
#endif

// Neither kernel nor copies.
uint64_t ares_perf_idle(const ares_perf* perf);

// Per cent of the channels' work that was hidden behind other work; 0 where the platform cannot tell.
uint32_t ares_perf_overlap(const ares_perf* perf);

#endif
