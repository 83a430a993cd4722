#include "kernels/ares_softmax.h"

#include "kernels/ares_element.h"
#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"

// e of one element; `k` is its distance from the row's largest.
static inline uint32_t exponential(const ares_softmax_args* a, uint32_t k) {
  if (a->in_type != ARES_S16) return a->table[k];
  return ((uint32_t)a->table[k >> 8] * a->table[256 + (k & 255)] + (1u << 15)) >> 16;
}

static void softmax_row(const ares_softmax_args* a, int32_t first) {
  int32_t top = ares_element(a->in, a->in_type, first);
  for (int32_t i = 1; i < a->columns; ++i) {
    const int32_t x = ares_element(a->in, a->in_type, first + i);
    if (x > top) top = x;
  }
  uint32_t sum = 0;
  for (int32_t i = 0; i < a->columns; ++i) {
    sum += exponential(a, (uint32_t)(top - ares_element(a->in, a->in_type, first + i)));
  }
  const ares_softmax_scale s = ares_softmax_scale_of(a->terms, sum);
  const int32_t lo = a->requant.lo, hi = a->requant.hi;
  uint8_t* const out = a->out;
  for (int32_t i = first; i < first + a->columns; ++i) {
    const uint32_t e = exponential(a, (uint32_t)(top - ares_element(a->in, a->in_type, i)));
    const int32_t y = (int32_t)((e * s.factor + s.offset) >> s.shift);
    out[i] = (uint8_t)(y < lo ? lo : y > hi ? hi : y);
  }
}

static void softmax_worker(const void* arguments) {
  const ares_softmax_args* const a = arguments;
  if (ares_softmax_fast(a)) return;
  const ares_share rows = ares_share_of(a->rows, 1);
  for (int32_t row = rows.begin; row < rows.end; ++row) softmax_row(a, row * a->columns);
}

void ares_softmax(const ares_softmax_args* a) { ares_start(softmax_worker, a); }
