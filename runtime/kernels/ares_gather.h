// Copies of few bytes at any address.
#ifndef ARES_GATHER_H
#define ARES_GATHER_H

#include <stdint.h>
#include <string.h>

#include "kernels/xpulp/ares_xpulp.h"

// Copies `bytes` from `from`. Where words at any address cost little it copies whole words: up to three bytes more are
// read and written.
static inline void ares_copy_run(uint8_t* to, const uint8_t* from, int32_t bytes) {
#ifdef ARES_XPULP
  int32_t words = (bytes + 3) / 4;
  for (; words >= 3; words -= 3, from += 12, to += 12) {
    const uint32_t a = ares_load_word(from), b = ares_load_word(from + 4), c = ares_load_word(from + 8);
    ares_store_word(to, a);
    ares_store_word(to + 4, b);
    ares_store_word(to + 8, c);
  }
  if (words == 0) return;
  const uint32_t a = ares_load_word(from);
  if (words == 2) ares_store_word(to + 4, ares_load_word(from + 4));
  ares_store_word(to, a);
#else
  memcpy(to, from, (size_t)bytes);
#endif
}

// Where words at any address cost little: runs of at most ARES_SHORT_RUN bytes are copied in so many bytes, those of at
// most ARES_WORD_RUN in a word.
#ifdef ARES_XPULP
enum { ARES_SHORT_RUN = 12, ARES_WORD_RUN = 4 };
static inline void ares_copy_short(uint8_t* to, const uint8_t* from) {
  const uint32_t a = ares_load_word(from), b = ares_load_word(from + 4), c = ares_load_word(from + 8);
  ares_store_word(to, a);
  ares_store_word(to + 4, b);
  ares_store_word(to + 8, c);
}
#else
enum { ARES_SHORT_RUN = 0, ARES_WORD_RUN = 0 };
static inline void ares_copy_short(uint8_t* to, const uint8_t* from) { (void)to, (void)from; }
#endif

#endif
