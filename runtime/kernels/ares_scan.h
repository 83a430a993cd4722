// One time step of one state of a selective scan. The same steps as core/arithmetic/scan_step.hpp.
#ifndef ARES_SCAN_H
#define ARES_SCAN_H

#include "kernels/ares_kernels.h"

enum { ARES_SCAN_SEGMENT_BITS = 16, ARES_SCAN_SLOPE_BITS = 5, ARES_SCAN_LAST_SEGMENT = 512 };

static inline int32_t ares_mulhsu(int32_t a, uint32_t b) { return (int32_t)(((int64_t)a * (int64_t)b) >> 32); }

// exp(-v) in 2^-32; log: log2(v).
static inline uint32_t ares_scan_decay(const ares_scan_line* lines, int32_t log) {
  const int32_t last = ARES_SCAN_LAST_SEGMENT << ARES_SCAN_SEGMENT_BITS, l = log > last ? last : log;
  const ares_scan_line* const line = lines + (l >> ARES_SCAN_SEGMENT_BITS);
  const uint32_t f = (uint32_t)l & ((1u << ARES_SCAN_SEGMENT_BITS) - 1u);
  return line->value - ((line->slope * f) >> ARES_SCAN_SLOPE_BITS);
}

// What a stored input adds to a state per unit of B.
static inline int32_t ares_scan_input(const ares_scan_params* p, int32_t x, int32_t delta) {
  const int32_t half = p->input_shift > 0 ? 1 << (p->input_shift - 1) : 0;
  return ((x - p->zero_x) * p->steps[delta].input + half) >> p->input_shift;
}

// Moves the state on; returns its part of the sum. b, c: centred.
static inline int32_t ares_scan_state(const ares_scan_params* p, int32_t* h, int32_t log, int32_t u, int32_t b,
                                      int32_t c) {
  *h = ares_mulhsu(*h, ares_scan_decay(p->decay, log)) + b * u;
  return (*h >> p->state_shift) * c;
}

#endif
