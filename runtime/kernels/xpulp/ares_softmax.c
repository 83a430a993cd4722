// Softmax of bytes: what an element becomes depends on its distance from the row's largest alone, so each row has a
// table of outputs, as far as they are not the lowest.
#include "kernels/ares_reciprocal.h"
#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

enum { DISTANCES = 256 };

static uint32_t largest(const uint8_t* in, int32_t count) {
  uint32_t words = 0, top = 0;
  int32_t i = 0;
  for (; i + 4 <= count; i += 4) words = ares_max_u8(words, ares_load_word(in + i));
  for (; i < count; ++i) {
    if (in[i] > top) top = in[i];
  }
  for (i = 0; i < 4; ++i) {
    if (ares_byte_of(words, i) > top) top = ares_byte_of(words, i);
  }
  return top;
}

// table[top - in[i]] summed; `at` is the entry of input 0.
static uint32_t sum_of(const uint32_t* at, const uint8_t* in, int32_t count) {
  uint32_t s0 = 0, s1 = 0;
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const int32_t a = in[i], b = in[i + 1], c = in[i + 2], d = in[i + 3];
    const int32_t e = in[i + 4], f = in[i + 5], g = in[i + 6], h = in[i + 7];
    s0 += at[-a], s1 += at[-b], s0 += at[-c], s1 += at[-d];
    s0 += at[-e], s1 += at[-f], s0 += at[-g], s1 += at[-h];
  }
  for (; i < count; ++i) s0 += at[-(int32_t)in[i]];
  return s0 + s1;
}

typedef struct {
  int32_t shift;  // of the exponentials
  uint32_t factor;
  int32_t pre_shift, m, B, post_shift, lo, hi;  // of the requantisation
} scale;

static inline int32_t share_of(scale s, uint32_t e) {
  const uint32_t p = ares_mulhu(e << s.shift, s.factor);
  const int32_t y = ares_add_shift(ares_mulh((int32_t)(p << s.pre_shift), s.m), s.B, s.post_shift);
  return y < s.lo ? s.lo : y > s.hi ? s.hi : y;
}

// `at` is the entry of input 0.
static void compute(scale s, const uint32_t* restrict at, const uint8_t* restrict in, uint8_t* restrict out,
                    int32_t count) {
#pragma GCC unroll 4
  for (int32_t i = 0; i < count; ++i) out[i] = (uint8_t)share_of(s, at[-(int32_t)in[i]]);
}

// outputs[distance] for every element, eight at a time, loads ahead of their uses.
static void look_up(const uint8_t* restrict outputs, uint32_t top, const uint8_t* restrict in, uint8_t* restrict out,
                    int32_t count) {
  const uint8_t* const at = outputs + top;
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    uint32_t v[8];
#pragma GCC unroll 8
    for (int32_t j = 0; j < 8; ++j) v[j] = 0u - in[i + j];
#pragma GCC unroll 8
    for (int32_t j = 0; j < 8; ++j) v[j] = ares_load_u8(at, v[j]);
#pragma GCC unroll 8
    for (int32_t j = 0; j < 8; ++j) out[i + j] = (uint8_t)v[j];
  }
  for (; i < count; ++i) out[i] = at[-(int32_t)in[i]];
}

bool ares_softmax_fast(const ares_softmax_args* a) {
  const ares_requant* const r = &a->requant;
  const bool narrow = r->form != ARES_WIDE || r->rounding != ARES_HALF_UP;
  if (narrow || a->in_type != ARES_U8 || r->type != ARES_U8 || a->params->m < 0) return false;
  uint8_t outputs[DISTANCES];
  const uint32_t lowest = (uint32_t)r->lo * 0x01010101u;
  for (int32_t k = 0; k < DISTANCES; k += 4) ares_store_word(outputs + k, lowest);
  const ares_share rows = ares_share_of(a->rows, 1);
  int32_t before = 0;
  for (int32_t row = rows.begin; row < rows.end; ++row) {
    const uint8_t* const in = (const uint8_t*)a->in + row * a->columns;
    uint8_t* const out = (uint8_t*)a->out + row * a->columns;
    const uint32_t top = largest(in, a->columns);
    const uint32_t sum = sum_of(a->table + top, in, a->columns);
    const int32_t shift = ares_leading_zeros(sum);
    const scale s = {
        shift, (uint32_t)ares_inverse(sum << shift), r->pre_shift, a->params->m, a->params->B, r->shift, r->lo, r->hi};
    // Outputs never grow with the distance. Where many differ and the row is short, each is computed where it lies.
    const int32_t most = ares_min((int32_t)top, a->columns / 2);
    if (most < (int32_t)top && share_of(s, a->table[most]) > r->lo) {
      compute(s, a->table + top, in, out, a->columns);
      continue;
    }
    int32_t known = 0;
    for (; known <= most; ++known) {
      const int32_t y = share_of(s, a->table[known]);
      if (y == r->lo) break;
      outputs[known] = (uint8_t)y;
    }
    for (int32_t k = known; k < before; ++k) outputs[k] = (uint8_t)r->lo;
    before = known;
    look_up(outputs, top, in, out, a->columns);
  }
  return true;
}
