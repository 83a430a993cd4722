// Softmax of one row of bytes on XpulpV2: maximum, exponentials kept as u16 with their sum, outputs; four or eight
// elements a step in hardware loops.
#ifndef ARES_SOFTMAX_ROW_H
#define ARES_SOFTMAX_ROW_H

#include "kernels/ares_share.h"
#include "kernels/ares_softmax.h"
#include "kernels/xpulp/ares_xpulp.h"

// Exponentials that a worker's stack holds; a longer row computes them twice, a piece at a time.
enum { ARES_SOFTMAX_PIECE = 320 };

static inline uint32_t ares_row_largest(const uint8_t* in, int32_t count) {
  uint32_t m = 0, n = 0, v, w;
  if (count >= 8) {
    const uint8_t* last = in + count - 8;
    __asm__ volatile(
        ".option push\n.option norvc\n"
        ".insn i 0x7b, 4, x0, %[steps], 8\n"  // lp.setup: 4 instructions
        ".insn i 0x0b, 2, %[v], 4(%[in])\n"   // p.lw with post-increment
        ".insn i 0x0b, 2, %[w], 4(%[in])\n"
        ".insn r 0x57, 1, 0x1c, %[m], %[m], %[v]\n"  // pv.maxu.b
        ".insn r 0x57, 1, 0x1c, %[n], %[n], %[w]\n"
        ".option pop\n"
        : [in] "+&r"(in), [m] "+&r"(m), [n] "+&r"(n), [v] "=&r"(v), [w] "=&r"(w)
        : [steps] "r"(count / 8)
        : "memory");
    m = ares_max_u8(ares_max_u8(m, n), ares_max_u8(ares_load_word(last), ares_load_word(last + 4)));
  } else {
    for (int32_t i = 0; i < count; ++i) m = ares_max_u8(m, in[i]);
  }
  m = ares_max_u8(m, m >> 16);
  return ares_max_u8(m, m >> 8) & 0xFF;
}

// Entries -2 bytes apart from `at`, that of input 0, for every input, kept in e; returns their sum.
static inline uint32_t ares_row_exponentials(const uint16_t* at, const uint8_t* in, uint16_t* e, int32_t count) {
  uint32_t sum = 0, w, i0, i1, i2, i3;
  if (count >= 4) {
    __asm__ volatile(
        ".option push\n.option norvc\n"
        ".insn i 0x7b, 4, x0, %[steps], 30\n"  // lp.setup: 15 instructions
        ".insn i 0x0b, 2, %[w], 4(%[in])\n"
        ".insn r 0x57, 1, 0x44, %[i0], %[w], %[c0]\n"  // pv.dotusp.b: -2 times a byte
        ".insn r 0x57, 1, 0x44, %[i1], %[w], %[c1]\n"
        ".insn r 0x57, 1, 0x44, %[i2], %[w], %[c2]\n"
        ".insn r 0x57, 1, 0x44, %[i3], %[w], %[c3]\n"
        ".insn r 0x03, 7, 0x28, %[i0], %[at], %[i0]\n"  // p.lhu
        ".insn r 0x03, 7, 0x28, %[i1], %[at], %[i1]\n"
        ".insn r 0x03, 7, 0x28, %[i2], %[at], %[i2]\n"
        ".insn r 0x03, 7, 0x28, %[i3], %[at], %[i3]\n"
        ".insn r 0x57, 0, 0x68, %[i0], %[i1], %[i0]\n"  // pv.pack.h
        ".insn r 0x57, 0, 0x68, %[i2], %[i3], %[i2]\n"
        ".insn r 0x57, 0, 0x50, %[sum], %[i0], %[pair]\n"  // pv.sdotup.h
        ".insn r 0x57, 0, 0x50, %[sum], %[i2], %[pair]\n"
        ".insn s 0x2b, 2, %[i0], 4(%[e])\n"  // p.sw with post-increment
        ".insn s 0x2b, 2, %[i2], 4(%[e])\n"
        ".option pop\n"
        : [in] "+&r"(in), [e] "+&r"(e), [sum] "+&r"(sum), [w] "=&r"(w), [i0] "=&r"(i0), [i1] "=&r"(i1), [i2] "=&r"(i2),
          [i3] "=&r"(i3)
        : [steps] "r"(count / 4), [at] "r"(at), [c0] "r"(0x000000FE), [c1] "r"(0x0000FE00), [c2] "r"(0x00FE0000),
          [c3] "r"(0xFE000000), [pair] "r"(0x00010001)
        : "memory");
  }
  for (int32_t i = 0; i < count % 4; ++i) sum += e[i] = at[-(int32_t)in[i]];
  return sum;
}

// `hi` clips above, `lo` below where it is not 0.
static inline void ares_row_outputs(ares_softmax_scale s, const uint16_t* e, uint8_t* out, int32_t count, int32_t lo,
                                    int32_t hi) {
  const uint32_t factors = s.factor << 16 | s.factor;
  uint32_t v, w, x0, x1, x2, x3;
#define ARES_SHARES(length, raise)                                                                                    \
  __asm__ volatile(                                                                                                   \
      ".option push\n.option norvc\n"                                                                                 \
      ".insn i 0x7b, 4, x0, %[steps], " length                                                                        \
      "\n"                                                                                                            \
      ".insn i 0x0b, 2, %[v], 4(%[e])\n"                                                                              \
      ".insn i 0x0b, 2, %[w], 4(%[e])\n"                                                                              \
      ".insn r 0x5b, 0, 0x00, %[x0], %[v], %[f]\n" /* p.mulu */                                                       \
      ".insn r 0x5b, 0, 0x20, %[x1], %[v], %[f]\n" /* p.mulhhu */                                                     \
      ".insn r 0x5b, 0, 0x00, %[x2], %[w], %[f]\n"                                                                    \
      ".insn r 0x5b, 0, 0x20, %[x3], %[w], %[f]\n"                                                                    \
      ".insn r 0x5b, 2, 0x60, %[x0], %[b], %[shift]\n" /* p.adduN */                                                  \
      ".insn r 0x5b, 2, 0x60, %[x1], %[b], %[shift]\n"                                                                \
      ".insn r 0x5b, 2, 0x60, %[x2], %[b], %[shift]\n"                                                                \
      ".insn r 0x5b, 2, 0x60, %[x3], %[b], %[shift]\n" raise                                                          \
      ".insn r 0x33, 6, 0x0a, %[x0], %[x0], %[hi]\n" /* p.clipu */                                                    \
      ".insn r 0x33, 6, 0x0a, %[x1], %[x1], %[hi]\n"                                                                  \
      ".insn r 0x33, 6, 0x0a, %[x2], %[x2], %[hi]\n"                                                                  \
      ".insn r 0x33, 6, 0x0a, %[x3], %[x3], %[hi]\n"                                                                  \
      ".insn r 0x57, 1, 0x70, %[x0], %[x1], %[x0]\n" /* pv.packlo.b */                                                \
      ".insn r 0x57, 1, 0x6c, %[x0], %[x3], %[x2]\n" /* pv.packhi.b */                                                \
      ".insn s 0x2b, 2, %[x0], 4(%[out])\n"                                                                           \
      ".option pop\n"                                                                                                 \
      : [e] "+&r"(e), [out] "+&r"(out), [v] "=&r"(v), [w] "=&r"(w), [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2),   \
        [x3] "=&r"(x3)                                                                                                \
      : [steps] "r"(count / 4), [f] "r"(factors), [b] "r"(s.offset), [shift] "r"(s.shift), [hi] "r"(hi), [lo] "r"(lo) \
      : "memory")
  if (count >= 4 && lo == 0) {
    ARES_SHARES("34", "");
  } else if (count >= 4) {
    ARES_SHARES("42",
                ".insn r 0x33, 6, 0x02, %[x0], %[x0], %[lo]\n"  // p.max
                ".insn r 0x33, 6, 0x02, %[x1], %[x1], %[lo]\n"
                ".insn r 0x33, 6, 0x02, %[x2], %[x2], %[lo]\n"
                ".insn r 0x33, 6, 0x02, %[x3], %[x3], %[lo]\n");
  }
#undef ARES_SHARES
  for (int32_t i = 0; i < count % 4; ++i) {
    const int32_t y = (int32_t)((e[i] * s.factor + s.offset) >> s.shift);
    out[i] = (uint8_t)(y < lo ? lo : y > hi ? hi : y);
  }
}

// `e`: room for ARES_SOFTMAX_PIECE exponentials, at whole words.
static inline void ares_softmax_row(const uint16_t* table, const ares_softmax_terms* terms, const uint8_t* in,
                                    uint8_t* out, int32_t count, int32_t lo, int32_t hi, uint16_t* e) {
  const uint16_t* const at = table + ares_row_largest(in, count);
  uint32_t sum = 0;
  int32_t piece = 0;
  for (int32_t i = 0; i < count; i += piece) {
    piece = ares_min(count - i, ARES_SOFTMAX_PIECE);
    sum += ares_row_exponentials(at, in + i, e, piece);
  }
  const ares_softmax_scale s = ares_softmax_scale_of(terms, sum);
  for (int32_t i = 0; i < count; i += piece) {
    piece = ares_min(count - i, ARES_SOFTMAX_PIECE);
    if (piece < count) ares_row_exponentials(at, in + i, e, piece);
    ares_row_outputs(s, e, out + i, piece, lo, hi);
  }
}

#endif
