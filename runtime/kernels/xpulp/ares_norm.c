// Norms of rows: sums by dot products, then two rows at once, which share the loads of the parameters.
#include "kernels/ares_norm.h"

#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// Up to this many squares of bytes fit into 32 bits.
enum { BYTES_MOST = 66051, ONES = 0x01010101, PAIR = 0x00010001 };

// sum + four u8 times four u8
static inline uint32_t dot_u8(uint32_t sum, uint32_t a, uint32_t b) {
  ARES_XPULP_R_INTO(0x57, 1, 0x50, sum, a, b);  // pv.sdotup.b
  return sum;
}

// sum + two s16 times two s16
static inline int32_t dot_s16(int32_t sum, uint32_t a, uint32_t b) {
  ARES_XPULP_R_INTO(0x57, 0, 0x5C, sum, a, b);  // pv.sdotsp.h
  return sum;
}

static inline int32_t clipped(int32_t y, int32_t lo, int32_t hi) {
  ARES_XPULP_R(0x33, 6, 0x02, y, y, lo);  // p.max
  ARES_XPULP_R(0x33, 4, 0x02, y, y, hi);  // p.min
  return y;
}

// What a row does to its elements: u = mulh(a * step - offset, factor), modulo 2^32 inside.
typedef struct {
  uint32_t step, offset;
  int32_t factor;
} line;

static line line_of(const ares_norm_args* a, int32_t row) {
  const ares_norm_terms* const t = a->terms;
  const int32_t zero = t->zero;
  int32_t sum = 0;
  uint64_t squares = 0;
  if (a->in_type == ARES_U8) {
    const uint8_t* const in = (const uint8_t*)a->in + row * a->width;
    uint32_t s0 = 0, s1 = 0, q0 = 0, q1 = 0;
    int32_t i = 0;
    for (; i + 8 <= a->width; i += 8) {
      const uint32_t v = ares_load_word(in + i), w = ares_load_word(in + i + 4);
      s0 = dot_u8(s0, v, ONES), s1 = dot_u8(s1, w, ONES);
      q0 = dot_u8(q0, v, v), q1 = dot_u8(q1, w, w);
    }
    for (; i < a->width; ++i) s0 += in[i], q0 += (uint32_t)in[i] * in[i];
    sum = (int32_t)(s0 + s1);
    squares = (uint64_t)q0 + q1;
  } else {
    const int16_t* const in = (const int16_t*)a->in + row * a->width;
    int32_t i = 0;
    for (; i + 4 <= a->width; i += 4) {
      const uint32_t v = ares_load_word(in + i), w = ares_load_word(in + i + 2);
      sum = dot_s16(dot_s16(sum, v, PAIR), w, PAIR);
      squares += (uint32_t)dot_s16(0, v, v);
      squares += (uint32_t)dot_s16(0, w, w);
    }
    for (; i < a->width; ++i) sum += in[i], squares += (uint32_t)(in[i] * in[i]);
  }
  squares += (uint64_t)((int64_t)zero * (a->width * zero - 2 * (int64_t)sum));
  sum -= a->width * zero;
  const ares_norm_scale s = ares_norm_scale_of(t, a->centred ? sum : 0, squares);
  const line l = {(uint32_t)t->count << s.left, (uint32_t)(t->count * zero + s.sum) << s.left, s.factor};
  return l;
}

typedef struct {
  int32_t pre_shift, shift, lo, hi;
} ending;

static inline int32_t element(line l, ending e, int32_t a, int32_t m, int32_t B) {
  const int32_t u = ares_mulh((int32_t)((uint32_t)a * l.step - l.offset), l.factor);
  return ares_add_shift(ares_mulh((int32_t)((uint32_t)u << e.pre_shift), m), B, e.shift);
}

// Two rows of `width`.
#define TWO_ROWS(name, in_t, out_t)                                                                                    \
  static __attribute__((noinline)) void name(const ares_channel_params* restrict params, int32_t width,                \
                                             const in_t* restrict in0, const in_t* restrict in1, out_t* restrict out0, \
                                             out_t* restrict out1, line l, line k, ending e) {                         \
    _Pragma("GCC unroll 2") for (int32_t i = 0; i < width; ++i) {                                                      \
      const int32_t x = in0[i], z = in1[i], m = params[i].m, B = params[i].B;                                          \
      const int32_t v = element(l, e, x, m, B), w = element(k, e, z, m, B);                                            \
      out0[i] = (out_t)clipped(v, e.lo, e.hi);                                                                         \
      out1[i] = (out_t)clipped(w, e.lo, e.hi);                                                                         \
    }                                                                                                                  \
  }
TWO_ROWS(bytes_to_bytes, uint8_t, uint8_t)
TWO_ROWS(bytes_to_halves, uint8_t, int16_t)
TWO_ROWS(halves_to_bytes, int16_t, uint8_t)
TWO_ROWS(halves_to_halves, int16_t, int16_t)
#undef TWO_ROWS

bool ares_norm_fast(const ares_norm_args* a) {
  const ares_requant* const r = &a->requant;
  if (a->in_type == ARES_S32 || a->across || a->sets != 1 || r->form != ARES_WIDE || r->rounding != ARES_HALF_UP ||
      a->width > BYTES_MOST) {
    return false;
  }
  const ending e = {r->pre_shift, r->shift, r->lo, r->hi};
  const ares_share rows = ares_share_of(a->rows, 1);
  for (int32_t row = rows.begin; row < rows.end; row += 2) {
    // A last row alone is both.
    const int32_t next = ares_min(row + 1, rows.end - 1), w = a->width;
    const line l = line_of(a, row), k = next > row ? line_of(a, next) : l;
    const uint8_t* const in = a->in;
    const int16_t* const wide_in = a->in;
    uint8_t* const out = a->out;
    int16_t* const wide_out = a->out;
    if (a->in_type == ARES_U8 && r->type == ARES_U8) {
      bytes_to_bytes(a->params, w, in + row * w, in + next * w, out + row * w, out + next * w, l, k, e);
    } else if (a->in_type == ARES_U8) {
      bytes_to_halves(a->params, w, in + row * w, in + next * w, wide_out + row * w, wide_out + next * w, l, k, e);
    } else if (r->type == ARES_U8) {
      halves_to_bytes(a->params, w, wide_in + row * w, wide_in + next * w, out + row * w, out + next * w, l, k, e);
    } else {
      halves_to_halves(a->params, w, wide_in + row * w, wide_in + next * w, wide_out + row * w, wide_out + next * w, l,
                       k, e);
    }
  }
  return true;
}
