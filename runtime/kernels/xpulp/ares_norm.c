// Norms of rows: sums by dot products, then two rows at once, which share the loads of the parameters.
#include "kernels/ares_norm.h"

#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// Up to this many squares of bytes fit into 32 bits.
enum { BYTES_MOST = 66051, ONES = 0x01010101, PAIR = 0x00010001 };

// Sums of two rows' elements and of their squares.
typedef struct {
  int32_t sum[2];
  uint64_t squares[2];
} totals;

static totals totals_of_bytes(const uint8_t* in0, const uint8_t* in1, int32_t count) {
  uint32_t s0 = 0, s1 = 0, q0 = 0, q1 = 0, v, w;
  if (count >= 4) {
    __asm__ volatile(
        ".option push\n.option norvc\n"
        ".insn i 0x7b, 4, x0, %[words], 12\n"  // lp.setup: 6 instructions
        ".insn i 0x0b, 2, %[v], 4(%[in0])\n"   // p.lw with post-increment
        ".insn i 0x0b, 2, %[w], 4(%[in1])\n"
        ".insn r 0x57, 1, 0x50, %[s0], %[v], %[ones]\n"  // pv.sdotup.b
        ".insn r 0x57, 1, 0x50, %[s1], %[w], %[ones]\n"
        ".insn r 0x57, 1, 0x50, %[q0], %[v], %[v]\n"
        ".insn r 0x57, 1, 0x50, %[q1], %[w], %[w]\n"
        ".option pop\n"
        : [in0] "+&r"(in0), [in1] "+&r"(in1), [s0] "+&r"(s0), [s1] "+&r"(s1), [q0] "+&r"(q0), [q1] "+&r"(q1),
          [v] "=&r"(v), [w] "=&r"(w)
        : [words] "r"(count / 4), [ones] "r"(ONES)
        : "memory");
  }
  for (int32_t i = 0; i < count % 4; ++i) {
    s0 += in0[i], q0 += (uint32_t)in0[i] * in0[i];
    s1 += in1[i], q1 += (uint32_t)in1[i] * in1[i];
  }
  const totals t = {{(int32_t)s0, (int32_t)s1}, {q0, q1}};
  return t;
}

// The squares of two elements fill 32 bits, so they are summed with a carry.
#define SQUARES(low, high, word)                 \
  ".insn r 0x57, 0, 0x4C, %[q], " word ", " word \
  "\n" /* pv.dotsp.h */                          \
  "add " low ", " low                            \
  ", %[q]\n"                                     \
  "sltu %[q], " low                              \
  ", %[q]\n"                                     \
  "add " high ", " high ", %[q]\n"

static totals totals_of_halves(const int16_t* in0, const int16_t* in1, int32_t count) {
  int32_t s0 = 0, s1 = 0;
  uint32_t low0 = 0, low1 = 0, high0 = 0, high1 = 0, v, w, q;
  if (count >= 2) {
    __asm__ volatile(
        ".option push\n.option norvc\n"
        ".insn i 0x7b, 4, x0, %[words], 24\n"  // lp.setup: 12 instructions
        ".insn i 0x0b, 2, %[v], 4(%[in0])\n"
        ".insn i 0x0b, 2, %[w], 4(%[in1])\n"
        ".insn r 0x57, 0, 0x5C, %[s0], %[v], %[pair]\n"  // pv.sdotsp.h
        ".insn r 0x57, 0, 0x5C, %[s1], %[w], %[pair]\n" SQUARES("%[low0]", "%[high0]", "%[v]")
            SQUARES("%[low1]", "%[high1]", "%[w]") ".option pop\n"
        : [in0] "+&r"(in0), [in1] "+&r"(in1), [s0] "+&r"(s0), [s1] "+&r"(s1), [low0] "+&r"(low0), [low1] "+&r"(low1),
          [high0] "+&r"(high0), [high1] "+&r"(high1), [v] "=&r"(v), [w] "=&r"(w), [q] "=&r"(q)
        : [words] "r"(count / 2), [pair] "r"(PAIR)
        : "memory");
  }
  totals t = {{s0, s1}, {(uint64_t)high0 << 32 | low0, (uint64_t)high1 << 32 | low1}};
  if (count % 2 != 0) {
    t.sum[0] += *in0, t.squares[0] += (uint32_t)(*in0 * *in0);
    t.sum[1] += *in1, t.squares[1] += (uint32_t)(*in1 * *in1);
  }
  return t;
}
#undef SQUARES

static totals totals_of(const ares_norm_args* a, int32_t row, int32_t next) {
  const int32_t w = a->width;
  const uint8_t* const in = a->in;
  const int16_t* const wide_in = a->in;
  return a->in_type == ARES_U8 ? totals_of_bytes(in + row * w, in + next * w, w)
                               : totals_of_halves(wide_in + row * w, wide_in + next * w, w);
}

// Of one of the two rows.
static __attribute__((noinline)) ares_norm_scale scale_of(const ares_norm_args* a, const totals* t, int32_t row) {
  const int32_t zero = a->terms->zero, offset = a->width * zero;
  const uint64_t squares = t->squares[row] + (uint64_t)((int64_t)zero * (offset - 2 * (int64_t)t->sum[row]));
  return ares_norm_scale_of(a->terms, a->centred ? t->sum[row] - offset : 0, squares);
}

// Of one row of a narrow norm.
static inline ares_narrow_scale narrow_scale_of(const ares_norm_args* a, int32_t sum, uint64_t squares) {
  const ares_norm_terms* const t = a->terms;
  const int32_t offset = a->width * t->zero;
  const uint32_t count = (uint32_t)t->count;
  uint64_t spread = (uint64_t)count * (uint32_t)squares + ((uint64_t)(count * (uint32_t)(squares >> 32)) << 32);
  if (a->centred) return ares_narrow_scale_of(t, sum - offset, spread - (uint64_t)((int64_t)sum * sum));
  spread += (uint64_t)t->zero * (uint64_t)count * (uint64_t)(offset - 2 * (int64_t)sum);
  return ares_narrow_scale_of(t, 0, spread);
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

static line line_of(const ares_norm_args* a, const totals* totals, int32_t row) {
  const ares_norm_terms* const t = a->terms;
  const ares_norm_scale s = scale_of(a, totals, row);
  const line l = {(uint32_t)t->count << s.left, (uint32_t)(t->count * t->zero + s.sum) << s.left, s.factor};
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

static void wide_rows(const ares_norm_args* a, int32_t row, int32_t next) {
  const ares_requant* const r = &a->requant;
  const ending e = {r->pre_shift, r->shift, r->lo, r->hi};
  const int32_t w = a->width;
  const totals t = totals_of(a, row, next);
  const line l = line_of(a, &t, 0), k = line_of(a, &t, 1);
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
    halves_to_halves(a->params, w, wide_in + row * w, wide_in + next * w, wide_out + row * w, wide_out + next * w, l, k,
                     e);
  }
}

// ---- narrow: u = (a * A + C) >> sh, y = (u * m + B) >> S; four elements of both rows at a time ----

#define EACH(operation) \
  operation("%[x0]", "%[z0]") operation("%[x1]", "%[z1]") operation("%[x2]", "%[z2]") operation("%[x3]", "%[z3]")
#define LOAD_BYTE(x, z) ".insn i 0x0b, 4, " x ", 1(%[in0])\n.insn i 0x0b, 4, " z ", 1(%[in1])\n"
#define LOAD_HALF(x, z) ".insn i 0x0b, 1, " x ", 2(%[in0])\n.insn i 0x0b, 1, " z ", 2(%[in1])\n"
#define SCALE(x, z) "mul " x ", " x ", %[a0]\nmul " z ", " z ", %[a1]\n"
#define CENTRE(x, z) \
  ".insn r 0x5b, 2, 0x20, " x ", %[c0], %[sh]\n.insn r 0x5b, 2, 0x20, " z ", %[c1], %[sh]\n"  // p.addN
#define REQUANTISE(x, z)                                                       \
  ".insn i 0x0b, 2, %[m], 4(%[params])\n.insn i 0x0b, 2, %[b], 4(%[params])\n" \
  "mul " x ", " x ", %[m]\nmul " z ", " z                                      \
  ", %[m]\n"                                                                   \
  ".insn r 0x5b, 2, 0x20, " x ", %[b], %[shift]\n.insn r 0x5b, 2, 0x20, " z ", %[b], %[shift]\n"
#define CLIP(x, z) \
  ".insn r 0x33, 6, 0x0a, " x ", " x ", %[hi]\n.insn r 0x33, 6, 0x0a, " z ", " z ", %[hi]\n"  // p.clipu
#define RAISE(x, z) ".insn r 0x33, 6, 0x02, " x ", " x ", %[lo]\n.insn r 0x33, 6, 0x02, " z ", " z ", %[lo]\n"  // p.max
#define PACK(v0, v1, v2, v3, out)                           \
  ".insn r 0x57, 1, 0x70, " v0 ", " v1 ", " v0              \
  "\n" /* pv.packlo.b */                                    \
  ".insn r 0x57, 1, 0x6c, " v0 ", " v3 ", " v2              \
  "\n"                                    /* pv.packhi.b */ \
  ".insn s 0x2b, 2, " v0 ", 4(" out ")\n" /* p.sw with post-increment */

// `length`: instructions of the loop.
#define NARROW_ROWS(name, in_t, load, raise, length)                                                                   \
  static __attribute__((noinline)) void name(const ares_norm_args* a, const in_t* in0, const in_t* in1, uint8_t* out0, \
                                             uint8_t* out1, ares_narrow_scale s, ares_narrow_scale k) {                \
    const ares_channel_params* params = a->params;                                                                     \
    const int32_t sh = a->terms->shift, shift = a->requant.shift, lo = a->requant.lo, hi = a->requant.hi;              \
    uint32_t x0, x1, x2, x3, z0, z1, z2, z3, m, b;                                                                     \
    if (a->width >= 4) {                                                                                               \
      __asm__ volatile(                                                                                                \
          ".option push\n.option norvc\n.insn i 0x7b, 4, x0, %[fours], 2 * " #length "\n" EACH(load) EACH(SCALE)       \
              EACH(CENTRE) EACH(REQUANTISE) raise EACH(CLIP) PACK("%[x0]", "%[x1]", "%[x2]", "%[x3]", "%[out0]")       \
                  PACK("%[z0]", "%[z1]", "%[z2]", "%[z3]", "%[out1]") ".option pop\n"                                  \
          : [in0] "+&r"(in0), [in1] "+&r"(in1), [out0] "+&r"(out0), [out1] "+&r"(out1), [params] "+&r"(params),        \
            [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3), [z0] "=&r"(z0), [z1] "=&r"(z1),            \
            [z2] "=&r"(z2), [z3] "=&r"(z3), [m] "=&r"(m), [b] "=&r"(b)                                                 \
          : [fours] "r"(a->width / 4), [a0] "r"(s.multiplier), [a1] "r"(k.multiplier), [c0] "r"(s.offset),             \
            [c1] "r"(k.offset), [sh] "r"(sh), [shift] "r"(shift), [hi] "r"(hi), [lo] "r"(lo)                           \
          : "memory");                                                                                                 \
    }                                                                                                                  \
    for (int32_t i = 0; i < a->width % 4; ++i) {                                                                       \
      const int32_t u = ares_add_shift((int32_t)((uint32_t)in0[i] * s.multiplier), (int32_t)s.offset, sh);             \
      const int32_t v = ares_add_shift((int32_t)((uint32_t)in1[i] * k.multiplier), (int32_t)k.offset, sh);             \
      out0[i] = (uint8_t)clipped(ares_add_shift(u * params[i].m, params[i].B, shift), lo, hi);                         \
      out1[i] = (uint8_t)clipped(ares_add_shift(v * params[i].m, params[i].B, shift), lo, hi);                         \
    }                                                                                                                  \
  }
NARROW_ROWS(narrow_bytes, uint8_t, LOAD_BYTE, , 62)
NARROW_ROWS(narrow_bytes_above, uint8_t, LOAD_BYTE, EACH(RAISE), 70)
NARROW_ROWS(narrow_halves, int16_t, LOAD_HALF, , 62)
NARROW_ROWS(narrow_halves_above, int16_t, LOAD_HALF, EACH(RAISE), 70)
#undef NARROW_ROWS

// Rows whose scales are kept on the stack: sums of them all come first, then scales, then outputs, so that each part's
// instructions stay near the core.
enum { NARROW_ROWS_MOST = 16 };

static void narrow_rows(const ares_norm_args* a, int32_t begin, int32_t count) {
  int32_t sums[NARROW_ROWS_MOST];
  uint64_t squares[NARROW_ROWS_MOST];
  ares_narrow_scale scales[NARROW_ROWS_MOST];
  const int32_t w = a->width, last = count - 1;
  for (int32_t i = 0; i < count; i += 2) {
    const int32_t next = ares_min(i + 1, last);
    const totals t = totals_of(a, begin + i, begin + next);
    sums[i] = t.sum[0], sums[next] = t.sum[1];
    squares[i] = t.squares[0], squares[next] = t.squares[1];
  }
  for (int32_t i = 0; i < count; ++i) scales[i] = narrow_scale_of(a, sums[i], squares[i]);
  for (int32_t i = 0; i < count; i += 2) {
    const int32_t next = ares_min(i + 1, last), row0 = (begin + i) * w, row1 = (begin + next) * w;
    const uint8_t* const in = a->in;
    const int16_t* const wide_in = a->in;
    uint8_t* const out = a->out;
    if (a->in_type == ARES_U8) {
      (a->requant.lo == 0 ? narrow_bytes : narrow_bytes_above)(a, in + row0, in + row1, out + row0, out + row1,
                                                               scales[i], scales[next]);
    } else {
      (a->requant.lo == 0 ? narrow_halves : narrow_halves_above)(a, wide_in + row0, wide_in + row1, out + row0,
                                                                 out + row1, scales[i], scales[next]);
    }
  }
}

bool ares_norm_fast(const ares_norm_args* a) {
  const ares_requant* const r = &a->requant;
  const bool narrow = a->terms->shift > 0;
  if (a->in_type == ARES_S32 || r->type == ARES_S32 || r->rounding != ARES_HALF_UP ||
      r->form != (narrow ? ARES_NARROW : ARES_WIDE) || (narrow && r->type != ARES_U8)) {
    return false;
  }
  if (a->across) return ares_norm_across_fast(a);
  if (a->sets != 1 || a->width > BYTES_MOST) return false;
  const ares_share rows = ares_share_of(a->rows, 1);
  if (narrow) {
    for (int32_t row = rows.begin; row < rows.end; row += NARROW_ROWS_MOST) {
      narrow_rows(a, row, ares_min(NARROW_ROWS_MOST, rows.end - row));
    }
    return true;
  }
  // A last row alone is both.
  for (int32_t row = rows.begin; row < rows.end; row += 2) wide_rows(a, row, ares_min(row + 1, rows.end - 1));
  return true;
}
