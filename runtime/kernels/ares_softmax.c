#include "kernels/ares_element.h"
#include "kernels/ares_reciprocal.h"
#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"

// e of one element; `k` is its distance from the row's largest.
static inline uint32_t exponential(const ares_softmax_args* a, uint32_t k) {
  return a->in_type == ARES_S16 ? ares_mulhu(a->table[k >> 8], a->table[256 + (k & 255)]) : a->table[k];
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
  const int32_t shift = ares_leading_zeros(sum);
  const uint32_t factor = (uint32_t)ares_inverse(sum << shift);
  for (int32_t i = first; i < first + a->columns; ++i) {
    const uint32_t e = exponential(a, (uint32_t)(top - ares_element(a->in, a->in_type, i)));
    ares_write_output(&a->requant, *a->params, (int32_t)ares_mulhu(e << shift, factor), a->out, i);
  }
}

static void softmax_worker(const void* arguments) {
  const ares_softmax_args* const a = arguments;
  if (ares_softmax_fast(a)) return;
  const ares_share rows = ares_share_of(a->rows, 1);
  for (int32_t row = rows.begin; row < rows.end; ++row) softmax_row(a, row * a->columns);
}

void ares_softmax(const ares_softmax_args* a) { ares_start(softmax_worker, a); }
