// Dot products of pixels with the weights of all channels, requantised: what convolutions and linear layers come down
// to.
#ifndef ARES_DENSE_H
#define ARES_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/ares_kernels.h"

// The input of a pixel is `runs` runs of `run_bytes`, `run_pitch` apart; pixels are `pixel_pitch` apart.
typedef struct {
  const uint8_t* in;
  int32_t pixels, pixel_pitch;
  int32_t runs, run_bytes, run_pitch;
  int32_t columns;        // of the window that slides, else 0
  const int8_t* weights;  // of the first channel
  int32_t channels, channel_bytes;
  int32_t used_bytes;  // of a channel's weights, in whole words
  ares_params params;  // of the first channel
  const ares_requant* requant;
  void* out;            // of the first pixel and channel
  int32_t out_pitch;    // elements from one pixel to the next
  int32_t* sums;        // NULL, or accumulators of earlier steps, laid out as `out`
  int32_t first, last;  // step, where there are sums
  ares_blocking blocking;
} ares_dense;

// Computes the outputs with the core's dot product instructions. false: it has none for this, nothing was done.
#ifdef ARES_XPULP
bool ares_dense_fast(const ares_dense* d);
#else
static inline bool ares_dense_fast(const ares_dense* d) {
  (void)d;
  return false;
}
#endif

#endif
