// Helpers that kernels share.
#ifndef ARES_SHARE_H
#define ARES_SHARE_H

#include <stddef.h>
#include <stdint.h>

#include "hal/ares_hal.h"
#include "kernels/ares_kernels.h"

static inline int32_t ares_min(int32_t a, int32_t b) { return a < b ? a : b; }

// Units [begin, end).
typedef struct {
  int32_t begin, end;
} ares_share;

// The number of workers, and the calling one's: constants and instructions where the build knows them, for the shares
// below divide by the first.
static inline int32_t ares_team(void) {
#ifdef ARES_CORES
  return ARES_CORES;
#else
  return ares_cores();
#endif
}
static inline int32_t ares_worker(void) {
#ifdef ARES_HART_IS_WORKER
  int32_t hart;
  __asm__("csrr %0, mhartid" : "=r"(hart));
  return hart;
#else
  return ares_core();
#endif
}

// The calling worker's part of `units`: whole blocks, as even as blocks allow, the first workers get the larger parts.
static inline ares_share ares_share_of(int32_t units, int32_t block) {
  const int32_t shift = (block > 1) + (block > 2) + (block > 4), rounded = units + block - 1;
  const int32_t blocks = block == 1 << shift ? rounded >> shift : rounded / block;
  const int32_t each = (blocks + ares_team() - 1) / ares_team() * block, begin = ares_worker() * each;
  const ares_share s = {ares_min(units, begin), ares_min(units, begin + each)};
  return s;
}

// Where a depthwise kernel reads its pixels, and how far they are apart.
static inline uint8_t* ares_depthwise_in(const ares_depthwise_args* a) { return a->padded == NULL ? a->in : a->padded; }
static inline int32_t ares_depthwise_pitch(const ares_depthwise_args* a) {
  return a->padded == NULL ? a->in_pitch : a->channels;
}

// Fills the border of a dense tile, all workers together, and waits until it is filled. Every worker must call it.
void ares_fill_border(uint8_t* tile, int32_t rows, int32_t columns, int32_t channels, const ares_padding* padding,
                      uint8_t value);

// Copies the first `channels` (whole words) of each pixel of a compact tile (ares_region) to `padded`, rows x columns
// of channels with the border, and fills that: all workers together, and waits until it is done.
void ares_copy_padded(const uint8_t* tile, int32_t pitch, uint8_t* padded, int32_t rows, int32_t columns,
                      int32_t channels, const ares_padding* padding, uint8_t value);

#endif
