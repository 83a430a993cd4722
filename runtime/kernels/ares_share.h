// Helpers that kernels share.
#ifndef ARES_SHARE_H
#define ARES_SHARE_H

#include <stdint.h>

#include "hal/ares_hal.h"
#include "kernels/ares_kernels.h"

static inline int32_t ares_min(int32_t a, int32_t b) { return a < b ? a : b; }

// Units [begin, end).
typedef struct {
  int32_t begin, end;
} ares_share;

// The calling worker's part of `units`: whole blocks, as even as blocks allow, the first workers get the larger parts.
static inline ares_share ares_share_of(int32_t units, int32_t block) {
  const int32_t blocks = (units + block - 1) / block;
  const int32_t each = (blocks + ares_cores() - 1) / ares_cores() * block;
  const ares_share s = {ares_min(units, ares_core() * each), ares_min(units, (ares_core() + 1) * each)};
  return s;
}

// Fills the border of a dense tile, all workers together, and waits until it is filled. Every worker must call it.
void ares_fill_border(uint8_t* tile, int32_t rows, int32_t columns, int32_t channels, const ares_padding* padding,
                      uint8_t value);

#endif
