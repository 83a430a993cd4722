// Copies of few bytes at any address.
#ifndef ARES_GATHER_H
#define ARES_GATHER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/xpulp/ares_xpulp.h"

// Copies `bytes` from `from`. Where words at any address cost little it copies whole words, so that up to three bytes
// more are read and written, but none beyond `room` bytes of `to`.
static inline void ares_copy_run(uint8_t* to, const uint8_t* from, int32_t bytes, ptrdiff_t room) {
#ifdef ARES_XPULP
  int32_t words = (bytes + 3) / 4;
  const int32_t rest = words * 4 > room ? bytes % 4 : 0;
  words -= rest > 0;
  for (; words >= 4; words -= 4, from += 16, to += 16) {
    const uint32_t a = ares_load_word(from), b = ares_load_word(from + 4);
    const uint32_t c = ares_load_word(from + 8), d = ares_load_word(from + 12);
    ares_store_word(to, a);
    ares_store_word(to + 4, b);
    ares_store_word(to + 8, c);
    ares_store_word(to + 12, d);
  }
  for (; words > 0; --words, from += 4, to += 4) ares_store_word(to, ares_load_word(from));
  for (int32_t i = 0; i < rest; ++i) to[i] = from[i];
#else
  (void)room;
  memcpy(to, from, (size_t)bytes);
#endif
}

#endif
