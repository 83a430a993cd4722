// Micro-benchmarks of the simulated cluster: prints a line "CALIBRATE name cycles" each, and "CALIBRATE END". Every one
// is run several times; what counts is the last, with warm instruction caches, unless its name says "first".
#include "measure/ares_calibrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hal/bare/ares_bare.h"
#include "hal/gvsoc/ares_gvsoc.h"

enum {
  TIMER = 0x10200408,
  MCHAN_COMMAND = 0x10204400,
  MCHAN_STATUS = 0x10204404,
  MCHAN_IN = 1 << 17,
  MCHAN_INCREMENT = 1 << 18,
  MCHAN_2D = 1 << 19,
  PITCH = 512,
  ROWS = 64,
  REPEATS = 100,
  WARM = 3,  // runs
};

static uint32_t timer_cost;  // of reading the clock twice

uint32_t ares_calibrate_clock(void) { return *ares_register(TIMER); }

uint32_t ares_calibrate_since(uint32_t begin) { return ares_calibrate_clock() - begin - timer_cost; }

void ares_calibrate_tell(const char* name, uint32_t cycles) { printf("CALIBRATE %s %" PRIu32 "\n", name, cycles); }

static void measure_timer(void) {
  for (int i = 0; i < WARM; ++i) {
    const uint32_t begin = ares_calibrate_clock();
    timer_cost = ares_calibrate_clock() - begin;
  }
}

// ---- copies between L2 and L1 ----

typedef struct {
  uint32_t flags, bytes, row;  // row 0: one row
} command;

typedef struct {
  uint32_t first, l1, l2, row;
} words;

static words words_of(const command* c, uint32_t slot) {
  const words w = {c->bytes | c->flags | MCHAN_INCREMENT | (c->row ? MCHAN_2D : 0),
                   (uint32_t)(uintptr_t)ares_l1() + slot * 0x8000,
                   ((uint32_t)(uintptr_t)ares_l2() + slot * 0x10000 + 63) & ~63u, c->row};
  return w;
}

static inline __attribute__((always_inline)) void push(words w) {
  *ares_register(MCHAN_COMMAND) = w.first;
  *ares_register(MCHAN_COMMAND) = w.l1;
  *ares_register(MCHAN_COMMAND) = w.l2;
  if (w.row == 0) return;
  *ares_register(MCHAN_COMMAND) = w.row;
  *ares_register(MCHAN_COMMAND) = PITCH;
}

// From taking a counter to giving it back.
static void measure_copy(const char* name, command first, const command* second) {
  const words a = words_of(&first, 0), b = second == NULL ? a : words_of(second, 1);
  uint32_t cycles = 0;
  for (int i = 0; i < WARM; ++i) {
    const uint32_t begin = *ares_register(TIMER);
    const uint32_t counter = 1u << *ares_register(MCHAN_COMMAND);
    push(a);
    if (second != NULL) push(b);
    while (*ares_register(MCHAN_STATUS) & counter) continue;
    *ares_register(MCHAN_STATUS) = counter;
    cycles = *ares_register(TIMER) - begin - timer_cost;
  }
  ares_calibrate_tell(name, cycles);
}

static void measure_copies(void) {
  static const struct {
    const char* name;
    command c;
  } single[] = {
      {"dma_in_4", {MCHAN_IN, 4, 0}},
      {"dma_in_64", {MCHAN_IN, 64, 0}},
      {"dma_in_1024", {MCHAN_IN, 1024, 0}},
      {"dma_in_16384", {MCHAN_IN, 16384, 0}},
      {"dma_out_1024", {0, 1024, 0}},
      {"dma_out_16384", {0, 16384, 0}},
      {"dma_in_rows_16", {MCHAN_IN, ROWS * 16, 16}},
      {"dma_in_rows_32", {MCHAN_IN, ROWS * 32, 32}},
      {"dma_in_rows_64", {MCHAN_IN, ROWS * 64, 64}},
      {"dma_in_rows_256", {MCHAN_IN, ROWS * 256, 256}},
      {"dma_in_rows_66", {MCHAN_IN, ROWS * 66, 66}},
  };
  for (size_t i = 0; i < sizeof single / sizeof single[0]; ++i) measure_copy(single[i].name, single[i].c, NULL);
  const command in = {MCHAN_IN, 16384, 0}, out = {0, 16384, 0};
  measure_copy("dma_in_and_out_16384", in, &out);
  measure_copy("dma_two_in_16384", in, &in);
}

static void measure_l3(void) {
  static const struct {
    const char *name, *served;  // as the orchestrator sees it, and the fabric controller
    int32_t bytes;
  } reads[] = {{"l3_read_64", "l3_served_64", 64},
               {"l3_read_1024", "l3_served_1024", 1024},
               {"l3_read_4096", "l3_served_4096", 4096},
               {"l3_read_16384", "l3_served_16384", 16384}};
  for (size_t i = 0; i < sizeof reads / sizeof reads[0]; ++i) {
    uint32_t cycles = 0, by_controller = 0;
    for (int k = 0; k < WARM; ++k) {
      const ares_command c = {0, 0, 1, reads[i].bytes, 0};
      ares_ticket ticket = {0};
      const uint64_t busy = ares_channel_busy(ARES_L3_TO_L2);
      const uint32_t begin = ares_calibrate_clock();
      ares_copy(ARES_L3_TO_L2, &c, &ticket);
      ares_wait(&ticket);
      cycles = ares_calibrate_since(begin);
      by_controller = (uint32_t)(ares_channel_busy(ARES_L3_TO_L2) - busy);
    }
    ares_calibrate_tell(reads[i].name, cycles);
    ares_calibrate_tell(reads[i].served, by_controller);
  }
}

// ---- single instructions, by the orchestrator: cycles of REPEATS of them ----

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)
#define REPEATED 100
_Static_assert(REPEATED == REPEATS, "one number for assembler and C");

#define MEASURE_REPEATED(name, text)                                                                         \
  static __attribute__((noinline)) void measure_##name(const uint32_t* l1, const uint32_t* l2) {             \
    uint32_t cycles = 0, x = 7, y = 3;                                                                       \
    for (int i = 0; i < WARM; ++i) {                                                                         \
      const uint32_t begin = ares_calibrate_clock();                                                         \
      __asm__ volatile(".option push\n.option norvc\n.rept " TEXT(REPEATED) "\n" text "\n.endr\n.option pop" \
                       : "+&r"(x), "+&r"(y)                                                                  \
                       : "r"(l1), "r"(l2)                                                                    \
                       : "memory");                                                                          \
      cycles = ares_calibrate_since(begin);                                                                  \
    }                                                                                                        \
    ares_calibrate_tell(#name "_100", cycles);                                                               \
  }
MEASURE_REPEATED(add, "add %0, %1, %1")
MEASURE_REPEATED(mul, "mul %0, %1, %1")
MEASURE_REPEATED(mul_dependent, "mul %0, %0, %1")
MEASURE_REPEATED(mulh, "mulh %0, %1, %1")
MEASURE_REPEATED(div, "div %0, %1, %1")
MEASURE_REPEATED(load, "lw %0, 0(%2)")
MEASURE_REPEATED(load_use, "lw %0, 0(%2)\nadd %1, %0, %0")
MEASURE_REPEATED(load_misaligned, "lw %0, 2(%2)")
MEASURE_REPEATED(load_l2, "lw %0, 0(%3)")
MEASURE_REPEATED(store, "sw %1, 0(%2)")
MEASURE_REPEATED(jump, "j 1f\n1:")
MEASURE_REPEATED(branch_taken, "beqz x0, 1f\n1:")
MEASURE_REPEATED(branch_not_taken, "bnez x0, 1f\n1:")
MEASURE_REPEATED(dot_dependent, ".insn r 0x57, 1, 0x54, %0, %1, %1")

static void measure_instructions(void) {
  const uint32_t* const l1 = (const uint32_t*)(const void*)ares_l1();
  const uint32_t* const l2 = (const uint32_t*)(const void*)ares_l2();
  measure_add(l1, l2);
  measure_mul(l1, l2);
  measure_mul_dependent(l1, l2);
  measure_mulh(l1, l2);
  measure_div(l1, l2);
  measure_load(l1, l2);
  measure_load_use(l1, l2);
  measure_load_misaligned(l1, l2);
  measure_load_l2(l1, l2);
  measure_store(l1, l2);
  measure_jump(l1, l2);
  measure_branch_taken(l1, l2);
  measure_branch_not_taken(l1, l2);
  measure_dot_dependent(l1, l2);
}

// ---- all workers ----

static volatile uint32_t worker_cycles[ORCHESTRATOR];

// A core's own counter: eight cores that read the timer stand in each other's way.
static inline void begin_counting(void) {
  __asm__ volatile("csrw 0xCC0, %0\ncsrw 0xCC1, %1\ncsrw 0x79F, x0" : : "r"(1), "r"(3) : "memory");
}
static inline void end_counting(void) {
  uint32_t cycles;
  __asm__ volatile("csrr %0, 0x780" : "=r"(cycles) : : "memory");
  worker_cycles[ares_core()] = cycles;
}

static void nothing(const void* arguments) { (void)arguments; }

// Worker n reads REPEATS times the word n * step words behind the argument.
static void read_words(const uint32_t* word) {
  uint32_t x;
  begin_counting();
  __asm__ volatile(
      ".option push\n.option norvc\n.insn i 0x7b, 4, x0, %2, 20\n.rept 10\nlw %0, 0(%1)\n.endr\n.option pop"
      : "=&r"(x)
      : "r"(word), "r"(REPEATS / 10));
  end_counting();
}
static void read_banks(const void* l1) { read_words((const uint32_t*)l1 + ares_core()); }
static void read_one_bank(const void* l1) { read_words((const uint32_t*)l1 + 16 * ares_core()); }

static void wait_at_barriers(const void* arguments) {
  (void)arguments;
  ares_barrier();
  const uint32_t address = 0x10204200 + 0x20 + 0x1C;  // barrier 1: wait and clear
  uint32_t x;
  begin_counting();
  __asm__ volatile(".rept " TEXT(REPEATED) "\n.insn i 0x03, 6, %0, 0(%1)\n.endr" : "=r"(x) : "r"(address) : "memory");
  end_counting();
}

static uint32_t slowest(void) {
  uint32_t most = 0;
  for (int i = 0; i < ares_cores(); ++i)
    if (worker_cycles[i] > most) most = worker_cycles[i];
  return most;
}

static void measure_workers(void) {
  for (int i = 0; i < WARM; ++i) {
    const uint32_t begin = ares_calibrate_clock();
    ares_fork(nothing, NULL);
    const uint32_t cycles = ares_calibrate_since(begin);
    if (i == 0) ares_calibrate_tell("fork_join_first", cycles);
    if (i == WARM - 1) ares_calibrate_tell("fork_join", cycles);
  }
  for (int i = 0; i < WARM; ++i) ares_fork(wait_at_barriers, NULL);
  ares_calibrate_tell("barrier_100", slowest());
  for (int i = 0; i < WARM; ++i) ares_fork(read_banks, ares_l1());
  ares_calibrate_tell("load_banks_100", slowest());
  for (int i = 0; i < WARM; ++i) ares_fork(read_one_bank, ares_l1());
  ares_calibrate_tell("load_one_bank_100", slowest());
}

int main(void) {
  static const uint8_t __attribute__((aligned(16))) image[16384] = {1};
  const ares_platform platform = {
      .cores = ARES_CORES, .l1_bytes = 0x10000, .l2_bytes = 0x40000, .l3 = image, .l3_bytes = sizeof image};
  ares_open(&platform);
  measure_timer();
  measure_instructions();
  measure_copies();
  measure_l3();
  measure_workers();
  ares_calibrate_matmul();
  ares_calibrate_ne16();
  printf("CALIBRATE END\n");
  ares_close();
  return 0;
}
