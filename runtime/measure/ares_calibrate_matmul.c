// The classic int8 product of 64x64x64 in L1: a register tile of 4x2, hardware loop, loads with post-increment.
#include <stddef.h>

#include "hal/gvsoc/ares_gvsoc.h"
#include "measure/ares_calibrate.h"

enum { M = 64, N = 64, K = 64, PADDED = 68, WARM = 3 };

typedef struct {
  const uint8_t* a;  // [M][pitch]
  const int8_t* b;   // [N][pitch]
  uint8_t* c;        // int32 [M][N]
  int32_t pitch, cores;
} product;

// Four rows of b times two rows of a: 6 loads and 8 dot products a step.
#define STEP_LOADS                                                 \
  ".insn i 0x0b, 2, t3, 4(%[b0])\n.insn i 0x0b, 2, t4, 4(%[b1])\n" \
  ".insn i 0x0b, 2, t5, 4(%[b2])\n.insn i 0x0b, 2, t6, 4(%[b3])\n" \
  ".insn i 0x0b, 2, a6, 4(%[a0])\n.insn i 0x0b, 2, a7, 4(%[a1])\n"
#define DOT(s, x, w) ".insn r 0x57, 1, 0x54, %[" #s "], " #x ", " #w "\n"

static void tile(const product* p, int32_t row, int32_t column) {
  const uint8_t *a0 = p->a + row * p->pitch, *a1 = a0 + p->pitch;
  const int8_t *b0 = p->b + column * p->pitch, *b1 = b0 + p->pitch, *b2 = b1 + p->pitch, *b3 = b2 + p->pitch;
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
  __asm__ volatile(
      ".option push\n.option norvc\n"
      ".insn i 0x7b, 4, x0, %[steps], 28\n"  // lp.setup: 14 instructions
      STEP_LOADS DOT(s0, a6, t3) DOT(s1, a6, t4) DOT(s2, a6, t5) DOT(s3, a6, t6) DOT(s4, a7, t3) DOT(s5, a7, t4)
          DOT(s6, a7, t5) DOT(s7, a7, t6) ".option pop\n"
      : [a0] "+&r"(a0), [a1] "+&r"(a1), [b0] "+&r"(b0), [b1] "+&r"(b1), [b2] "+&r"(b2), [b3] "+&r"(b3), [s0] "+&r"(s0),
        [s1] "+&r"(s1), [s2] "+&r"(s2), [s3] "+&r"(s3), [s4] "+&r"(s4), [s5] "+&r"(s5), [s6] "+&r"(s6), [s7] "+&r"(s7)
      : [steps] "r"(K / 4)
      : "t3", "t4", "t5", "t6", "a6", "a7", "memory");
  int32_t* const c0 = (int32_t*)(void*)p->c + row * N + column;
  int32_t* const c1 = c0 + N;
  c0[0] = s0, c0[1] = s1, c0[2] = s2, c0[3] = s3;
  c1[0] = s4, c1[1] = s5, c1[2] = s6, c1[3] = s7;
}

// Pairs of rows, dealt out one after the other.
static void share(const void* arguments) {
  const product* const p = arguments;
  const int32_t core = p->cores == 1 ? 0 : ares_core();
  if (p->cores == 1 && ares_core() != 0) return;
  for (int32_t row = 2 * core; row < M; row += 2 * p->cores)
    for (int32_t column = 0; column < N; column += 4) tile(p, row, column);
}

static int32_t wrong(const product* p) {
  int32_t count = 0;
  for (int32_t row = 0; row < M; row += 7)
    for (int32_t column = 0; column < N; column += 5) {
      int32_t sum = 0;
      for (int32_t k = 0; k < K; ++k) sum += p->a[row * p->pitch + k] * p->b[column * p->pitch + k];
      count += sum != ((const int32_t*)(const void*)p->c)[row * N + column];
    }
  return count;
}

static void measure(const char* name, int32_t cores, int32_t pitch) {
  uint8_t* const l1 = ares_l1();
  for (int32_t i = 0; i < (M + N) * pitch; ++i) l1[i] = (uint8_t)(i * 37 + i / 11);
  const product p = {l1, (const int8_t*)l1 + M * pitch, l1 + (M + N) * PADDED, pitch, cores};
  uint32_t cycles = 0;
  for (int i = 0; i < WARM; ++i) {
    const uint32_t begin = ares_calibrate_clock();
    ares_fork(share, &p);
    cycles = ares_calibrate_since(begin);
  }
  ares_calibrate_tell(wrong(&p) == 0 ? name : "matmul_wrong", cycles);
}

void ares_calibrate_matmul(void) {
  measure("matmul_1_core", 1, K);
  measure("matmul_8_cores", 8, K);
  measure("matmul_8_cores_padded", 8, PADDED);
}
