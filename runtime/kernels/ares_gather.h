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

// A window of three rows of nine bytes to an address of whole words, and a zero behind it.
enum { ARES_WINDOW_ROWS = 3, ARES_WINDOW_RUN = 9 };
static inline void ares_copy_window(uint8_t* to, const uint8_t* row, int32_t row_step) {
  const uint8_t *const next = row + row_step, *const last = next + row_step;
  const uint32_t a = ares_load_word(row), b = ares_load_word(row + 4), c = ares_load_word(row + 8);
  const uint32_t d = ares_load_word(next - 1), e = ares_load_word(next + 3), f = ares_load_word(next + 7);
  const uint32_t g = ares_load_word(last), h = ares_load_word(last + 2), i = ares_load_word(last + 5);
  ares_store_word(to, a);
  ares_store_word(to + 4, b);
  ares_store_word(to + 8, ares_shuffle(d, c, 0x07060500));
  ares_store_word(to + 12, e);
  ares_store_word(to + 16, ares_shuffle(g, f, 0x05040100));
  ares_store_word(to + 20, h);
  ares_store_word(to + 24, i >> 8);
}
#else
enum { ARES_SHORT_RUN = 0, ARES_WORD_RUN = 0, ARES_WINDOW_ROWS = 0, ARES_WINDOW_RUN = 0 };
static inline void ares_copy_short(uint8_t* to, const uint8_t* from) { (void)to, (void)from; }
static inline void ares_copy_window(uint8_t* to, const uint8_t* row, int32_t row_step) {
  (void)to, (void)row, (void)row_step;
}
#endif

#endif
