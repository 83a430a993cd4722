// Instructions of XpulpV2 cores for C: `.insn` where the compiler need not know them, plain C elsewhere.
// Four bytes of a word count from its low end.
#ifndef ARES_XPULP_H
#define ARES_XPULP_H

#include <stdint.h>

#ifdef ARES_XPULP
#define ARES_XPULP_R(opcode, f3, f7, rd, rs1, rs2) \
  __asm__(".insn r " #opcode ", " #f3 ", " #f7 ", %0, %1, %2" : "=r"(rd) : "r"(rs1), "r"(rs2))
#define ARES_XPULP_R_INTO(opcode, f3, f7, rd, rs1, rs2) \
  __asm__(".insn r " #opcode ", " #f3 ", " #f7 ", %0, %1, %2" : "+r"(rd) : "r"(rs1), "r"(rs2))
#endif

static inline uint32_t ares_byte_of(uint32_t word, int32_t i) { return word >> (8 * i) & 0xFF; }

// sum + four u8 times four s8
static inline int32_t ares_dot_u8s8(int32_t sum, uint32_t u8, uint32_t s8) {
#ifdef ARES_XPULP
  ARES_XPULP_R_INTO(0x57, 1, 0x54, sum, u8, s8);  // pv.sdotusp.b
#else
  for (int32_t i = 0; i < 4; ++i) sum += (int32_t)ares_byte_of(u8, i) * (int8_t)ares_byte_of(s8, i);
#endif
  return sum;
}

// The larger of each byte, unsigned.
static inline uint32_t ares_max_u8(uint32_t a, uint32_t b) {
  uint32_t result = 0;
#ifdef ARES_XPULP
  ARES_XPULP_R(0x57, 1, 0x1C, result, a, b);  // pv.maxu.b
#else
  for (int32_t i = 0; i < 4; ++i) {
    const uint32_t x = ares_byte_of(a, i), y = ares_byte_of(b, i);
    result |= (x > y ? x : y) << (8 * i);
  }
#endif
  return result;
}

// Byte i is byte (select's byte i mod 4) of `high` where that is 4 or more, else of `low`.
static inline uint32_t ares_shuffle(uint32_t high, uint32_t low, uint32_t select) {
#ifdef ARES_XPULP
  ARES_XPULP_R_INTO(0x57, 1, 0x64, low, high, select);  // pv.shuffle2.b
  return low;
#else
  uint32_t result = 0;
  for (int32_t i = 0; i < 4; ++i) {
    const int32_t from = (int32_t)ares_byte_of(select, i);
    result |= ares_byte_of(from >= 4 ? high : low, from % 4) << (8 * i);
  }
  return result;
#endif
}

// sum + a * b
static inline int32_t ares_multiply_add(int32_t sum, int32_t a, int32_t b) {
#ifdef ARES_XPULP
  ARES_XPULP_R_INTO(0x33, 0, 0x21, sum, a, b);  // p.mac
  return sum;
#else
  return sum + a * b;
#endif
}

// (a + b) >> shift
static inline int32_t ares_add_shift(int32_t a, int32_t b, int32_t shift) {
#ifdef ARES_XPULP
  ARES_XPULP_R_INTO(0x5B, 2, 0x20, a, b, shift);  // p.addN
  return a;
#else
  return (a + b) >> shift;
#endif
}

// min(max(value, 0), high)
static inline int32_t ares_clip(int32_t value, int32_t high) {
#ifdef ARES_XPULP
  int32_t result;
  ARES_XPULP_R(0x33, 6, 0x0A, result, value, high);  // p.clipu
  return result;
#else
  return value < 0 ? 0 : value > high ? high : value;
#endif
}

// base[index]
static inline uint32_t ares_load_u8(const uint8_t* base, uint32_t index) {
#ifdef ARES_XPULP
  uint32_t result;
  __asm__ volatile(".insn r 0x03, 7, 0x20, %0, %1, %2" : "=r"(result) : "r"(base), "r"(index) : "memory");  // p.lbu
  return result;
#else
  return base[index];
#endif
}

// Words at any address: these cores take two cycles where they are not aligned.
#ifdef ARES_XPULP
typedef uint32_t __attribute__((may_alias)) ares_any_word;
static inline uint32_t ares_load_word(const void* at) { return *(const ares_any_word*)at; }
static inline void ares_store_word(void* at, uint32_t word) { *(ares_any_word*)at = word; }
#else
static inline uint32_t ares_load_word(const void* at) {
  uint32_t word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}
static inline void ares_store_word(void* at, uint32_t word) { __builtin_memcpy(at, &word, sizeof word); }
#endif

#endif
