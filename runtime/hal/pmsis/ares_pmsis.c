// Workers, memories and time by PMSIS.
#include "hal/pmsis/ares_pmsis.h"

#include <stdarg.h>
#include <stdio.h>

#include "hal/pulp/ares_pulp_ne16.h"

enum { MAX_CORES = 8 };

static ares_platform program;  // in use
static uint8_t* own_l1;
static uint8_t* own_l2;
static uint8_t* own_near;
static const char* running = "start";
static struct {
  ares_work work;
  const void* arguments;
  int started;
} given;
static uint32_t time_low, time_high;

void ares_pmsis_fail(const char* format, ...) {
  va_list list;
  va_start(list, format);
  printf("ares: group %s: ", running);
  vprintf(format, list);
  printf("\n");
  va_end(list);
  pmsis_exit(1);
  for (;;) continue;
}

void ares_pmsis_give(uint8_t* l1, uint8_t* l2, uint8_t* near) {
  own_near = near;
  own_l1 = l1;
  own_l2 = l2;
}

void ares_use(const ares_platform* next) {
  program = *next;
  if (next->l1 == NULL) program.l1 = own_l1;
  if (next->l2 == NULL) program.l2 = own_l2;
}

void ares_open_also(const ares_platform* more) {
  if ((more->l1 == NULL && own_l1 == NULL) || (more->l2 == NULL && own_l2 == NULL))
    ares_pmsis_fail("the program brings no memories and has been given none");
}

void ares_open(const ares_platform* wanted) {
  if (wanted->cores < 1 || wanted->cores > MAX_CORES)
    ares_pmsis_fail("%d cores: 1 to 8 are possible", (int)wanted->cores);
  ares_open_also(wanted);
  ares_use(wanted);
#ifdef __GAP9__
  ares_pulp_ne16_open();
#endif
  pi_perf_conf(1u << PI_PERF_CYCLES);
  pi_perf_reset();
  pi_perf_start();
  time_low = time_high = 0;
}

void ares_close(void) { ares_pmsis_check_copies(); }

uint8_t* ares_l1(void) { return program.l1; }
uint8_t* ares_l2(void) { return program.l2; }

int ares_near_is_l1(void) { return own_near != NULL; }

uint8_t* ares_near(void) {
  static _Alignas(8) uint8_t in_l2[ARES_STATE_BYTES];
  return own_near == NULL ? in_l2 : own_near;
}

uint32_t ares_pmsis_image(void) { return program.l3_base; }

void ares_enter(const char* group) { running = group; }

// ---- workers ----

static void work(void* unused) {
  (void)unused;
  given.work(given.arguments);
}

// PMSIS returns from a fork when the workers have: they start where the orchestrator would wait for them, so that it
// issues the copies in between before.
void ares_start(ares_work function, const void* arguments) {
  given.work = function;
  given.arguments = arguments;
  given.started = 1;
}

void ares_join(void) {
  if (!given.started) return;
  given.started = 0;
  pi_cl_team_fork((int)program.cores, work, NULL);
}

int32_t ares_cores(void) { return program.cores; }

int32_t ares_core(void) { return (int32_t)pi_core_id(); }

void ares_barrier(void) { pi_cl_team_barrier(); }

// ---- time ----

// The counter has 32 bits; it is read more often than it wraps.
uint64_t ares_time(void) {
  const uint32_t now = (uint32_t)pi_perf_read(PI_PERF_CYCLES);
  if (now < time_low) ++time_high;
  time_low = now;
  return (uint64_t)time_high << 32 | now;
}

const char* ares_time_unit(void) { return "cycles"; }
