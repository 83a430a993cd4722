// Where the time of a group goes. Measured only with ENABLE_PERF, in the unit of ares_time().
#ifndef ARES_PERF_H
#define ARES_PERF_H

#include <stdint.h>

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

// Begins and ends one piece of a group's time.
uint64_t ares_perf_now(void);
void ares_perf_compute(uint64_t since);
void ares_perf_load(uint64_t since);
void ares_perf_store(uint64_t since);

// Neither kernel nor copies.
uint64_t ares_perf_idle(const ares_perf* perf);

// Per cent of the channels' work that was hidden behind other work; 0 where the platform cannot tell.
uint32_t ares_perf_overlap(const ares_perf* perf);

#endif
