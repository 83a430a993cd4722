#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// The order of the fields is known to ares_bytes.S.
typedef struct {
  const uint8_t *a, *b;
  uint8_t* out;
  int32_t fours;
  int32_t m_a, m_b, B, shift, high;
} ares_add_bytes_args;

void ares_add_bytes(ares_add_bytes_args* args);

static inline int32_t sum_of(const ares_add_bytes_args* p, int32_t a, int32_t b) {
  return ares_clip(ares_add_shift(ares_multiply_add(a * p->m_a, b, p->m_b), p->B, p->shift), p->high);
}

bool ares_add_fast(const ares_add_args* a, int32_t row, int32_t begin, int32_t end) {
  const ares_requant* const r = &a->requant;
  if (r->form != ARES_NARROW || r->rounding != ARES_HALF_UP || r->lo != 0 || ares_output_bytes(r) != 1) return false;
  const uint8_t* const in = (const uint8_t*)a->a + row * a->elements;
  const uint8_t* const b = a->b;
  uint8_t* const out = (uint8_t*)a->out + row * a->elements;
  ares_add_bytes_args args = {.a = in + begin,
                              .b = b + begin,
                              .out = out + begin,
                              .fours = (end - begin) / 4,
                              .m_a = a->params[0].m,
                              .m_b = a->params[1].m,
                              .B = a->params[0].B,
                              .shift = r->shift,
                              .high = r->hi};
  int32_t i = begin;
  if (args.fours > 0) {
    ares_add_bytes(&args);
    i += args.fours * 4;
  }
  for (; i < end; ++i) out[i] = (uint8_t)sum_of(&args, in[i], b[i]);
  return true;
}
