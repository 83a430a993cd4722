#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// The order of the fields is known to ares_bytes.S.
typedef struct {
  const uint8_t *a, *b;
  uint8_t* out;
  int32_t fours;
  int32_t m_a, m_b, B, shift, high;
  const uint8_t* map;
} ares_add_bytes_args;

void ares_add_bytes(ares_add_bytes_args* args);
void ares_add_mapped_bytes(ares_add_bytes_args* args);

static inline int32_t sum_of(const ares_add_bytes_args* p, int32_t a, int32_t b) {
  return ares_clip(ares_add_shift(ares_multiply_add(a * p->m_a, b, p->m_b), p->B, p->shift), p->high);
}

// Bytes or 16-bit elements, to either; one element a step.
typedef struct {
  int32_t m_a, m_b, B, shift, lo, hi;
} sum;

#define LOAD_BYTE(v, from) ".insn i 0x0b, 4, " v ", 1(" from ")\n"
#define LOAD_HALF(v, from) ".insn i 0x0b, 1, " v ", 2(" from ")\n"
#define STORE_BYTE(v, to) ".insn s 0x2b, 0, " v ", 1(" to ")\n"
#define STORE_HALF(v, to) ".insn s 0x2b, 1, " v ", 2(" to ")\n"
#define SUMS(name, in_t, second_t, out_t, load_a, load_b, store)                                                  \
  static void name(const sum* p, const in_t* a, const second_t* b, out_t* out, int32_t count) {                   \
    int32_t x, y;                                                                                                 \
    __asm__ volatile(                                                                                           \
        ".option push\n.option norvc\n"                                                                         \
        ".insn i 0x7b, 4, x0, %[count], 16\n" /* lp.setup: 8 instructions */ load_a("%[x]", "%[a]")             \
            load_b("%[y]", "%[b]") "mul %[x], %[x], %[m_a]\n"                                                   \
                                   ".insn r 0x33, 0, 0x21, %[x], %[y], %[m_b]\n"   /* p.mac */                  \
                                   ".insn r 0x5b, 2, 0x20, %[x], %[B], %[shift]\n" /* p.addN */                 \
                                   ".insn r 0x33, 6, 0x02, %[x], %[x], %[lo]\n"    /* p.max */                  \
                                   ".insn r 0x33, 4, 0x02, %[x], %[x], %[hi]\n"    /* p.min */                  \
        store("%[x]", "%[out]") ".option pop\n"                                                                 \
        : [a] "+&r"(a), [b] "+&r"(b), [out] "+&r"(out), [x] "=&r"(x), [y] "=&r"(y)                              \
        : [count] "r"(count), [m_a] "r"(p->m_a), [m_b] "r"(p->m_b), [B] "r"(p->B), [shift] "r"(p->shift),       \
          [lo] "r"(p->lo), [hi] "r"(p->hi)                                                                      \
        : "memory"); \
  }
SUMS(bytes_to_halves, uint8_t, uint8_t, int16_t, LOAD_BYTE, LOAD_BYTE, STORE_HALF)
SUMS(byte_half_to_bytes, uint8_t, int16_t, uint8_t, LOAD_BYTE, LOAD_HALF, STORE_BYTE)
SUMS(byte_half_to_halves, uint8_t, int16_t, int16_t, LOAD_BYTE, LOAD_HALF, STORE_HALF)
SUMS(half_byte_to_bytes, int16_t, uint8_t, uint8_t, LOAD_HALF, LOAD_BYTE, STORE_BYTE)
SUMS(half_byte_to_halves, int16_t, uint8_t, int16_t, LOAD_HALF, LOAD_BYTE, STORE_HALF)
SUMS(halves_to_bytes, int16_t, int16_t, uint8_t, LOAD_HALF, LOAD_HALF, STORE_BYTE)
SUMS(halves_to_halves, int16_t, int16_t, int16_t, LOAD_HALF, LOAD_HALF, STORE_HALF)
#undef SUMS

// Where at least one tensor has 16 bits and none more.
static bool halves_fast(const ares_add_args* a, int32_t row, int32_t begin, int32_t end) {
  const ares_requant* const r = &a->requant;
  if (a->a_type == ARES_S32 || a->b_type == ARES_S32 || r->type == ARES_S32) return false;
  const sum p = {a->params[0].m, a->params[1].m, a->params[0].B, r->shift, r->lo, r->hi};
  const int32_t at = row * a->elements + begin, count = end - begin;
  if (count <= 0) return true;
  const uint8_t* const in = (const uint8_t*)a->a + at;
  const int16_t* const wide_in = (const int16_t*)a->a + at;
  const uint8_t* const b = (const uint8_t*)a->b + begin;
  const int16_t* const wide_b = (const int16_t*)a->b + begin;
  uint8_t* const out = (uint8_t*)a->out + at;
  int16_t* const wide_out = (int16_t*)a->out + at;
  const bool wide = r->type == ARES_S16;
  if (a->a_type == ARES_U8 && a->b_type == ARES_U8) {
    if (!wide) return false;
    bytes_to_halves(&p, in, b, wide_out, count);
  } else if (a->a_type == ARES_U8) {
    wide ? byte_half_to_halves(&p, in, wide_b, wide_out, count) : byte_half_to_bytes(&p, in, wide_b, out, count);
  } else if (a->b_type == ARES_U8) {
    wide ? half_byte_to_halves(&p, wide_in, b, wide_out, count) : half_byte_to_bytes(&p, wide_in, b, out, count);
  } else {
    wide ? halves_to_halves(&p, wide_in, wide_b, wide_out, count) : halves_to_bytes(&p, wide_in, wide_b, out, count);
  }
  return true;
}

bool ares_add_fast(const ares_add_args* a, int32_t row, int32_t begin, int32_t end) {
  const ares_requant* const r = &a->requant;
  if (r->form != ARES_NARROW || r->rounding != ARES_HALF_UP) return false;
  const bool bytes = a->a_type == ARES_U8 && a->b_type == ARES_U8 && r->type == ARES_U8;
  if (!bytes) return a->map == NULL && halves_fast(a, row, begin, end);
  if (r->lo != 0) return false;
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
                              .high = r->hi,
                              .map = a->map};
  int32_t i = begin;
  if (args.fours > 0) {
    a->map == NULL ? ares_add_bytes(&args) : ares_add_mapped_bytes(&args);
    i += args.fours * 4;
  }
  for (; i < end; ++i) out[i] = (uint8_t)sum_of(&args, a->map == NULL ? in[i] : a->map[in[i]], b[i]);
  return true;
}
