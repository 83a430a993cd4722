// The end of sums that become 16-bit elements, which register tiles leave to C.
#ifndef ARES_HALVES_H
#define ARES_HALVES_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/ares_requant.h"
#include "kernels/xpulp/ares_xpulp.h"

static inline int16_t ares_half_of(int32_t product, int32_t B, const ares_requant* r) {
  int32_t y = ares_add_shift(product, B, r->shift);
#ifdef ARES_XPULP
  ARES_XPULP_R(0x33, 6, 0x02, y, y, r->lo);  // p.max
  ARES_XPULP_R(0x33, 4, 0x02, y, y, r->hi);  // p.min
#else
  y = y < r->lo ? r->lo : y > r->hi ? r->hi : y;
#endif
  return (int16_t)y;
}

// sums[pixel][channel] of `pixels` x `channels`, requantised by (m, B) of each channel to `out`, whose pixels are
// `pitch` elements apart. false: not for this output, nothing was done.
static inline bool ares_end_halves(const ares_requant* r, const int32_t* params, const int32_t* sums, int32_t pixels,
                                   int32_t channels, int16_t* restrict out, int32_t pitch) {
  if (r->form == ARES_RAW || r->type != ARES_S16 || r->rounding != ARES_HALF_UP) return false;
  const ares_requant own = *r;
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t m = params[2 * c], B = params[2 * c + 1];
    const int32_t* sum = sums + c;
    int16_t* to = out + c;
    for (int32_t p = 0; p < pixels; ++p, sum += channels, to += pitch)
      *to = ares_half_of(own.form == ARES_WIDE ? ares_mulh((int32_t)((uint32_t)*sum << own.pre_shift), m) : *sum * m, B,
                         &own);
  }
  return true;
}

#endif
