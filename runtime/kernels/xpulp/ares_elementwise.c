#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

typedef struct {
  int32_t m_a, m_b, B, shift, high;
} sum_params;

static inline int32_t sum_of(const sum_params* p, int32_t a, int32_t b) {
  return ares_clip(ares_add_shift(ares_multiply_add(a * p->m_a, b, p->m_b), p->B, p->shift), p->high);
}

// Four at a time, loads ahead of their uses.
static inline void add_four(const sum_params* p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  const int32_t a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3];
  const int32_t y0 = sum_of(p, a0, b0), y1 = sum_of(p, a1, b1), y2 = sum_of(p, a2, b2), y3 = sum_of(p, a3, b3);
  out[0] = (uint8_t)y0, out[1] = (uint8_t)y1, out[2] = (uint8_t)y2, out[3] = (uint8_t)y3;
}

bool ares_add_fast(const ares_add_args* a, int32_t row, int32_t begin, int32_t end) {
  const ares_requant* const r = &a->requant;
  if (r->form != ARES_NARROW || r->rounding != ARES_HALF_UP || r->lo != 0 || ares_output_bytes(r) != 1) return false;
  const sum_params p = {a->params[0].m, a->params[1].m, a->params[0].B, r->shift, r->hi};
  const uint8_t* const in = (const uint8_t*)a->a + row * a->elements;
  const uint8_t* const b = a->b;
  uint8_t* const out = (uint8_t*)a->out + row * a->elements;
  int32_t i = begin;
  for (; i + 4 <= end; i += 4) add_four(&p, in + i, b + i, out + i);
  for (; i < end; ++i) out[i] = (uint8_t)sum_of(&p, in[i], b[i]);
  return true;
}
