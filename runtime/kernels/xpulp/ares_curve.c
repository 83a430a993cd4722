// Curves of 16-bit elements: four at a time, two of them in a word until their segments are known.
#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

enum { SEGMENT_BITS = 7, FRACTION_BITS = 12, MIDDLE = 256, AT_ONCE = 4 };  // segment of x = 0

// The line of segment x >> 7, from the curve's middle on.
static inline int32_t curve_value(const int32_t* middle, int32_t x, int32_t lo, int32_t hi) {
  const int32_t* const p = middle + (x >> SEGMENT_BITS);
  const int32_t inside = x & ((1 << SEGMENT_BITS) - 1);
  const int32_t line = p[0] + ((p[1] - p[0]) * inside >> SEGMENT_BITS);
  const int32_t y = ares_add_shift(line, 1 << (FRACTION_BITS - 1), FRACTION_BITS);
  return ares_clip(y < lo ? lo : y, hi);
}

#define EACH(operation)                                                                                       \
  operation("%[i0]", "%[p0]", "%[t]") operation("%[i1]", "%[p1]", "%[v]") operation("%[i2]", "%[p2]", "%[u]") \
      operation("%[i3]", "%[p3]", "%[w]")
#define SEGMENT(word, shifted)                                                 \
  ".insn r 0x57, 6, 0x25, " shifted ", " word                                  \
  ", x3\n"                                                /* pv.sra.sci.h 7 */ \
  ".insn r 0x57, 6, 0x28, " shifted ", " shifted ", x1\n" /* pv.sll.sci.h 2: bytes */
#define PLACES(shifted, low, high)           \
  ".insn r 0x33, 4, 0x08, " low ", " shifted \
  ", x0\n" /* p.exths */                     \
  "srai " high ", " shifted ", 16\n"
#define LOAD_POINT(i, p, r) ".insn r 0x03, 7, 0x10, " p ", %[middle], " i "\n"  // p.lw, register offset
#define LOAD_NEXT(i, p, r) ".insn r 0x03, 7, 0x10, " i ", %[next], " i "\n"
#define INSIDE(word, low) \
  "andi " low ", " word   \
  ", 127\n"               \
  ".insn r 0x33, 1, 0x66, " word ", " word ", x16\n" /* p.extractu: 7 bits from 16 on */
#define RISE(i, p, r) "sub " i ", " i ", " p "\n"
#define TIMES(i, p, r) "mul " i ", " i ", " r "\n"
#define DOWN(i, p, r) "srai " i ", " i ", 7\n"
#define ROUND(i, p, r) ".insn r 0x5b, 6, 0x0c, " i ", " i ", " p "\n"  // p.addRN: (i + p + 2^11) >> 12
#define RAISE(i, p, r) ".insn r 0x33, 6, 0x02, " i ", " i ", %[lo]\n"  // p.max
#define CLIP(i, p, r) ".insn r 0x33, 6, 0x0a, " i ", " i ", %[hi]\n"   // p.clipu

static void fours(const int16_t* in, uint8_t* out, int32_t count, const ares_curve_table* t) {
  const int32_t* const middle = t->points + MIDDLE;
  uint32_t v, w, u, s, i0, i1, i2, i3, p0, p1, p2, p3;
  __asm__ volatile(
      ".option push\n.option norvc\n"
      ".insn i 0x7b, 4, x0, %[count], 98\n"                  // lp.setup: 49 instructions
      ".insn i 0x0b, 2, %[v], 4(%[in])\n"                    // p.lw with post-increment
      ".insn i 0x0b, 2, %[w], 4(%[in])\n"
      SEGMENT("%[v]", "%[t]") SEGMENT("%[w]", "%[u]") PLACES("%[t]", "%[i0]", "%[i1]")
      PLACES("%[u]", "%[i2]", "%[i3]") EACH(LOAD_POINT) EACH(LOAD_NEXT) INSIDE("%[v]", "%[t]")
      INSIDE("%[w]", "%[u]") EACH(RISE) EACH(TIMES) EACH(DOWN) EACH(ROUND) EACH(RAISE) EACH(CLIP)
      ".insn r 0x57, 1, 0x70, %[i0], %[i1], %[i0]\n"         // pv.packlo.b
      ".insn r 0x57, 1, 0x6c, %[i0], %[i3], %[i2]\n"         // pv.packhi.b
      ".insn s 0x2b, 2, %[i0], 4(%[out])\n"                  // p.sw with post-increment
      ".option pop\n"
      : [in] "+&r"(in), [out] "+&r"(out), [v] "=&r"(v), [w] "=&r"(w), [t] "=&r"(s), [u] "=&r"(u), [i0] "=&r"(i0),
        [i1] "=&r"(i1), [i2] "=&r"(i2), [i3] "=&r"(i3), [p0] "=&r"(p0), [p1] "=&r"(p1), [p2] "=&r"(p2), [p3] "=&r"(p3)
      : [count] "r"(count), [middle] "r"(middle), [next] "r"(middle + 1), [lo] "r"(t->lo), [hi] "r"(t->hi)
      : "memory");
}

bool ares_curve_fast(const ares_curve_args* a) {
  const ares_curve_table* const t = a->curve;
  const ares_share mine = ares_share_of(a->elements, AT_ONCE);
  const int32_t count = (mine.end - mine.begin) / AT_ONCE;
  if (count > 0) fours(a->in + mine.begin, a->out + mine.begin, count, t);
  for (int32_t i = mine.begin + (count > 0 ? count * AT_ONCE : 0); i < mine.end; ++i)
    a->out[i] = (uint8_t)curve_value(t->points + MIDDLE, a->in[i], t->lo, t->hi);
  return true;
}
