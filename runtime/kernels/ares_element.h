// Elements of tiles whose type the arguments tell.
#ifndef ARES_ELEMENT_H
#define ARES_ELEMENT_H

#include <stdint.h>

#include "kernels/ares_requant.h"

static inline int32_t ares_element(const void* tile, ares_type type, int32_t at) {
  if (type == ARES_S32) return ((const int32_t*)tile)[at];
  return type == ARES_S16 ? ((const int16_t*)tile)[at] : ((const uint8_t*)tile)[at];
}

#endif
