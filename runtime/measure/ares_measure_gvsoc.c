// The simulated cluster: its instruction caches, and the properties by which simulators of it differ.
#include <inttypes.h>
#include <stdio.h>

#include "hal/gvsoc/ares_gvsoc.h"
#include "measure/ares_measure.h"

enum { ICACHE_FLUSH = 0x10201400 + 4, REPEATS = 100 };

void ares_measure_flush(void) { *ares_register(ICACHE_FLUSH) = 1; }

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)
#define REPEATED 100
_Static_assert(REPEATED == REPEATS, "one number for assembler and C");

// REPEATED independent instructions; warm the second time.
#define CYCLES_OF(instruction)                                                        \
  static __attribute__((noinline)) uint32_t cycles_of_##instruction(void) {           \
    uint32_t cycles = 0, result;                                                      \
    for (int warm = 0; warm < 2; ++warm) {                                            \
      const uint64_t begin = ares_time();                                             \
      __asm__ volatile(".rept " TEXT(REPEATED) "\n" #instruction " %0, %1, %2\n.endr" \
                       : "=&r"(result)                                                \
                       : "r"(begin), "r"(3));                                         \
      cycles = (uint32_t)(ares_time() - begin);                                       \
    }                                                                                 \
    return cycles;                                                                    \
  }
CYCLES_OF(add)
CYCLES_OF(mul)
CYCLES_OF(mulh)

// All workers read the same word: hundreds of cycles longer with banks that serve one access a cycle.
static void read_one_word(const void* arguments) {
  volatile const uint32_t* const word = (volatile const uint32_t*)arguments;
  for (int i = 0; i < REPEATS; ++i) (void)*word;
}

static void read_own_words(const void* arguments) { read_one_word((const uint32_t*)arguments + ares_core()); }

static uint32_t cycles_of_fork(ares_work work) {
  uint32_t cycles = 0;
  for (int warm = 0; warm < 2; ++warm) {
    const uint64_t begin = ares_time();
    ares_fork(work, ares_l1());
    cycles = (uint32_t)(ares_time() - begin);
  }
  return cycles;
}

// Cycles of one of REPEATS instructions, less those of `base`'s.
static uint32_t each(uint32_t cycles, uint32_t base) {
  const uint32_t more = cycles > base ? cycles - base : 0;
  return (more + REPEATS / 2) / REPEATS;
}

void ares_measure_properties(void) {
  const uint32_t add = cycles_of_add();
  const uint32_t conflict = each(cycles_of_fork(read_one_word), cycles_of_fork(read_own_words));
  printf(" mul=%" PRIu32 " mulh=%" PRIu32 " conflicts=%d", each(cycles_of_mul(), add) + 1,
         each(cycles_of_mulh(), add) + 1, conflict > 0);
}
