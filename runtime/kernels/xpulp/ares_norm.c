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

static inline __attribute__((always_inline)) totals totals_of_bytes(const uint8_t* in0, const uint8_t* in1,
                                                                    int32_t count) {
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

static inline __attribute__((always_inline)) totals totals_of_halves(const int16_t* in0, const int16_t* in1,
                                                                     int32_t count) {
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

static __attribute__((noinline)) void wide_rows(const ares_norm_args* a, int32_t row, int32_t next) {
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

// Rows that are worked on one step after the other, so that each step's instructions stay near the core.
enum { NARROW_ROWS_MOST = 16 };

// A row on its way to its scale.
typedef struct {
  int32_t sum;
  union {
    uint64_t squares;
    struct {
      uint32_t mantissa;  // of its spread, then the inverse root of that
      int32_t exponent;
    } root;
    ares_narrow_scale scale;
  } is;
} narrow_row;

// Columns of a row behind the last four.
static __attribute__((noinline)) void narrow_rest(const ares_norm_args* a, int32_t row, ares_narrow_scale s) {
  const int32_t end = (row + 1) * a->width;
  const ares_channel_params* params = a->params + a->width / 4 * 4;
  for (int32_t i = end - a->width % 4; i < end; ++i, ++params) {
    const int32_t x = a->in_type == ARES_U8 ? ((const uint8_t*)a->in)[i] : ((const int16_t*)a->in)[i];
    const int32_t u = ares_add_shift((int32_t)((uint32_t)x * s.multiplier), (int32_t)s.offset, a->terms->shift);
    const int32_t y = ares_add_shift(u * params->m, params->B, a->requant.shift);
    ((uint8_t*)a->out)[i] = (uint8_t)clipped(y, a->requant.lo, a->requant.hi);
  }
}

// Rows by twos; a last row alone is both. `length`: instructions of the loop.
#define NARROW_ROWS(name, in_t, load, raise, length)                                                                  \
  static __attribute__((noinline)) void name(const ares_norm_args* a, int32_t begin, int32_t many,                    \
                                             const narrow_row* rows) {                                                \
    const int32_t sh = a->terms->shift, shift = a->requant.shift, lo = a->requant.lo, hi = a->requant.hi;             \
    const int32_t width = a->width, fours = width / 4;                                                                \
    for (int32_t i = 0; i < many; i += 2) {                                                                           \
      const int32_t next = ares_min(i + 1, many - 1);                                                                 \
      const ares_narrow_scale s = rows[i].is.scale, k = rows[next].is.scale;                                          \
      const in_t *in0 = (const in_t*)a->in + (begin + i) * width, *in1 = (const in_t*)a->in + (begin + next) * width; \
      uint8_t *out0 = (uint8_t*)a->out + (begin + i) * width, *out1 = (uint8_t*)a->out + (begin + next) * width;      \
      const ares_channel_params* params = a->params;                                                                  \
      uint32_t x0, x1, x2, x3, z0, z1, z2, z3, m, b;                                                                  \
      if (fours > 0) {                                                                                                \
        __asm__ volatile(".option push\n.option norvc\n.insn i 0x7b, 4, x0, %[fours], 2 * " #length "\n" EACH(load)   \
                             EACH(SCALE) EACH(CENTRE) EACH(REQUANTISE) raise EACH(CLIP)                               \
                                 PACK("%[x0]", "%[x1]", "%[x2]", "%[x3]", "%[out0]")                                  \
                                     PACK("%[z0]", "%[z1]", "%[z2]", "%[z3]", "%[out1]") ".option pop\n"              \
                         : [in0] "+&r"(in0), [in1] "+&r"(in1), [out0] "+&r"(out0), [out1] "+&r"(out1),                \
                           [params] "+&r"(params), [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3),    \
                           [z0] "=&r"(z0), [z1] "=&r"(z1), [z2] "=&r"(z2), [z3] "=&r"(z3), [m] "=&r"(m), [b] "=&r"(b) \
                         : [fours] "r"(fours), [a0] "r"(s.multiplier), [a1] "r"(k.multiplier), [c0] "r"(s.offset),    \
                           [c1] "r"(k.offset), [sh] "r"(sh), [shift] "r"(shift), [hi] "r"(hi), [lo] "r"(lo)           \
                         : "memory");                                                                                 \
      }                                                                                                               \
      if (width % 4 != 0) {                                                                                           \
        narrow_rest(a, begin + i, s);                                                                                 \
        narrow_rest(a, begin + next, k);                                                                              \
      }                                                                                                               \
    }                                                                                                                 \
  }
NARROW_ROWS(narrow_bytes, uint8_t, LOAD_BYTE, , 62)
NARROW_ROWS(narrow_bytes_above, uint8_t, LOAD_BYTE, EACH(RAISE), 70)
NARROW_ROWS(narrow_halves, int16_t, LOAD_HALF, , 62)
NARROW_ROWS(narrow_halves_above, int16_t, LOAD_HALF, EACH(RAISE), 70)
#undef NARROW_ROWS

#define SUM_ROWS(name, in_t, totals_of_two)                                                                 \
  static __attribute__((noinline)) void name(const in_t* in, int32_t width, int32_t rows, narrow_row* to) { \
    for (int32_t i = 0; i < rows; i += 2) {                                                                 \
      const int32_t next = ares_min(i + 1, rows - 1);                                                       \
      const totals t = totals_of_two(in + i * width, in + next * width, width);                             \
      to[i].sum = t.sum[0], to[next].sum = t.sum[1];                                                        \
      to[i].is.squares = t.squares[0], to[next].is.squares = t.squares[1];                                  \
    }                                                                                                       \
  }
SUM_ROWS(sum_bytes, uint8_t, totals_of_bytes)
SUM_ROWS(sum_halves, int16_t, totals_of_halves)
#undef SUM_ROWS

static __attribute__((noinline)) void begin_roots(const ares_norm_args* a, int32_t many, narrow_row* rows) {
  const ares_norm_terms t = *a->terms;
  const bool centred = a->centred;
  const uint32_t count = (uint32_t)t.count;
  const int32_t offset = a->width * t.zero;
  const uint64_t zeros = (uint64_t)t.zero * count;
  for (narrow_row* row = rows; row < rows + many; ++row) {
    const int32_t sum = row->sum;
    const uint64_t squares = row->is.squares;
    uint64_t spread = (uint64_t)count * (uint32_t)squares + ((uint64_t)(count * (uint32_t)(squares >> 32)) << 32);
    spread += centred ? 0 - (uint64_t)((int64_t)sum * sum) : zeros * (uint64_t)(offset - 2 * (int64_t)sum);
    row->is.root.mantissa = ares_norm_mantissa(&t, spread, &row->is.root.exponent);
  }
}

static __attribute__((noinline)) void end_roots(int32_t many, narrow_row* rows) {
  for (narrow_row* row = rows; row < rows + many; ++row)
    row->is.root.mantissa = (uint32_t)ares_inverse_root(row->is.root.mantissa);
}

static __attribute__((noinline)) void scale_rows(const ares_norm_args* a, int32_t many, narrow_row* rows) {
  const ares_norm_terms t = *a->terms;
  const int32_t offset = a->width * t.zero;
  for (narrow_row* row = rows; row < rows + many; ++row) {
    const int32_t sum = a->centred ? row->sum - offset : 0, root = (int32_t)row->is.root.mantissa;
    row->is.scale = ares_narrow_scale_of(&t, sum, root, row->is.root.exponent);
  }
}

static __attribute__((noinline)) void narrow_rows(const ares_norm_args* a, int32_t begin, int32_t many) {
  narrow_row rows[NARROW_ROWS_MOST];
  const bool bytes = a->in_type == ARES_U8;
  if (bytes) {
    sum_bytes((const uint8_t*)a->in + begin * a->width, a->width, many, rows);
  } else {
    sum_halves((const int16_t*)a->in + begin * a->width, a->width, many, rows);
  }
  begin_roots(a, many, rows);
  end_roots(many, rows);
  scale_rows(a, many, rows);
  if (a->requant.lo == 0) {
    (bytes ? narrow_bytes : narrow_halves)(a, begin, many, rows);
  } else {
    (bytes ? narrow_bytes_above : narrow_halves_above)(a, begin, many, rows);
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
