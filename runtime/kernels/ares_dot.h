// The inner loop of the weighted kernels: a block of channels x pixels accumulators over one run of bytes.
#ifndef ARES_DOT_H
#define ARES_DOT_H

#include <stdint.h>

#include "kernels/ares_kernels.h"

typedef struct {
  int32_t channels, pixels;                     // used part
  const uint8_t* pixel[ARES_BLOCK_MAX];         // input of each pixel
  int32_t sum[ARES_BLOCK_MAX][ARES_BLOCK_MAX];  // [channel][pixel]
  int32_t sums_inputs;                          // keep inputs[] too: weights have zero points
  int32_t inputs[ARES_BLOCK_MAX];               // sum of each pixel's inputs
} ares_block;

static inline void ares_clear(ares_block* b) {
  for (int32_t p = 0; p < b->pixels; ++p) b->inputs[p] = 0;
  for (int32_t c = 0; c < b->channels; ++c) {
    for (int32_t p = 0; p < b->pixels; ++p) b->sum[c][p] = 0;
  }
}

// sum[c][p] += pixel[p][offset ..] * weights[c * pitch ..] over `bytes` bytes.
static inline void ares_dot(ares_block* b, int32_t offset, const int8_t* weights, int32_t pitch, int32_t bytes) {
  for (int32_t p = 0; b->sums_inputs && p < b->pixels; ++p) {
    for (int32_t i = 0; i < bytes; ++i) b->inputs[p] += b->pixel[p][offset + i];
  }
  for (int32_t c = 0; c < b->channels; ++c) {
    const int8_t* const w = weights + c * pitch;
    for (int32_t p = 0; p < b->pixels; ++p) {
      const uint8_t* const x = b->pixel[p] + offset;
      int32_t sum = b->sum[c][p];
      for (int32_t i = 0; i < bytes; ++i) sum += x[i] * w[i];
      b->sum[c][p] = sum;
    }
  }
}

// The accumulator of one channel and pixel: sum of a * (w - zero).
static inline int32_t ares_accumulator(const ares_block* b, int32_t channel, int32_t pixel, int32_t zero) {
  return b->sums_inputs ? b->sum[channel][pixel] - zero * b->inputs[pixel] : b->sum[channel][pixel];
}

#endif
