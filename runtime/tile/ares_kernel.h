// Around each kernel call: time and trace.
#ifndef ARES_KERNEL_H
#define ARES_KERNEL_H

#include "tile/ares_perf.h"
#include "tile/ares_trace.h"

// `tiles` are the L1 tiles the kernel works on.
static inline ares_ticks ares_kernel_begin(int32_t operation, int32_t depth, const ares_position* at,
                                           const void* const* tiles, int32_t count) {
  ares_trace_run(operation, depth, at, tiles, count);
  return ares_perf_now();
}

// Joins the workers.
static inline void ares_kernel_end(ares_ticks since) {
  ares_join();
  ares_perf_compute(since);
}

#endif
