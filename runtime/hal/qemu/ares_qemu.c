// RV32 on QEMU's virt machine: one hart plays all workers in turn, each on its own stack in L1 as on the cluster; a
// worker runs until it returns or waits at a barrier. Copies are complete when they were started.
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "hal/ares_hal.h"
#include "hal/bare/ares_bare.h"
#include "hal/twin/ares_ne16_twin.h"

enum { MAX_CORES = 8, SAVED_BYTES = 64, STACK_MARK = 0x5AC3A55A, LINE = 120 };
enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

void ares_qemu_switch(void** from, void* to);
long ares_qemu_semihosting(long operation, const void* argument);

static ares_platform platform;  // of the program that is in use
static struct {
  void* stack[MAX_CORES];
  int returned[MAX_CORES];
  void* orchestrator;
  int32_t running;  // worker, -1: the orchestrator
  int32_t at_barrier;
  uint32_t barriers;
  ares_work work;
  const void* arguments;
} fork = {.running = -1};

void ares_console(char c) {
  static char line[LINE + 1];
  static int32_t length;
  line[length++] = c;
  if (c != '\n' && length < LINE) return;
  line[length] = 0;
  length = 0;
  (void)ares_qemu_semihosting(SYS_WRITE0, line);
}

void ares_exit(int status) {
  const uint32_t reason[2] = {APPLICATION_EXIT, (uint32_t)status};
  (void)ares_qemu_semihosting(SYS_EXIT_EXTENDED, reason);
  for (;;) continue;
}

static uint8_t* stack_end(int32_t worker) {
  return (uint8_t*)((uintptr_t)ares_l1_end - (uintptr_t)worker * PI_CL_SLAVE_STACK_SIZE);
}

void ares_open(const ares_platform* wanted) {
  if (wanted->cores < 1 || wanted->cores > MAX_CORES)
    ares_bare_fail("%d cores: 1 to 8 are possible", (int)wanted->cores);
  platform.cores = wanted->cores;
  ares_open_also(wanted);
  ares_use(wanted);
}

// The image is read where it lies.
void ares_open_also(const ares_platform* more) {
  const uint8_t* const l1 = more->l1 == NULL ? ares_l1_start : more->l1;
  if (l1 < ares_l1_start || l1 > stack_end(more->cores) || more->l1_bytes > (uint32_t)(stack_end(more->cores) - l1)) {
    ares_bare_fail("%u bytes of tiles do not fit beside the stacks into L1", (unsigned)more->l1_bytes);
  }
  if (more->l2 == NULL && more->l2_bytes > (uint32_t)(ares_l2_end - ares_l2_start)) {
    ares_bare_fail("an arena of %u bytes does not fit into the %u bytes of L2 that the program leaves",
                   (unsigned)more->l2_bytes, (unsigned)(ares_l2_end - ares_l2_start));
  }
}

void ares_use(const ares_platform* program) {
  platform = *program;
  if (program->l1 == NULL) platform.l1 = ares_l1_start;
  if (program->l2 == NULL) platform.l2 = ares_l2_start;
}

void ares_close(void) {}

uint8_t* ares_l1(void) { return platform.l1; }
uint8_t* ares_l2(void) { return platform.l2; }

void ares_enter(const char* group) { ares_bare_enter(group); }

// ---- workers ----

// The next worker after `last` that has not returned, or -1.
static int32_t next_worker(int32_t last) {
  for (int32_t i = 1; i <= platform.cores; ++i) {
    const int32_t worker = (last + i) % platform.cores;
    if (!fork.returned[worker]) return worker;
  }
  return -1;
}

// Leaves the running worker for the next one, or for the orchestrator when all have returned.
static void yield(void) {
  const int32_t from = fork.running, to = next_worker(from);
  if (to == from) return;
  fork.running = to;
  ares_qemu_switch(&fork.stack[from], to < 0 ? fork.orchestrator : fork.stack[to]);
}

static void worker_entry(void) {
  fork.work(fork.arguments);
  fork.returned[fork.running] = 1;
  yield();
}

// The workers run at once.
void ares_start(ares_work work, const void* arguments) {
  fork.work = work;
  fork.arguments = arguments;
  for (int32_t i = 0; i < platform.cores; ++i) {
    uint32_t* const frame = (uint32_t*)(void*)(stack_end(i) - SAVED_BYTES);
    memset(frame, 0, SAVED_BYTES);
    frame[0] = (uint32_t)(uintptr_t)&worker_entry;
    fork.stack[i] = frame;
    fork.returned[i] = 0;
    *(uint32_t*)(void*)stack_end(i + 1) = STACK_MARK;
  }
  fork.running = 0;
  ares_qemu_switch(&fork.orchestrator, fork.stack[0]);
  fork.running = -1;
  if (fork.at_barrier != 0) ares_bare_fail("a worker returned while others wait at a barrier");
  for (int32_t i = 0; i < platform.cores; ++i) {
    if (*(uint32_t*)(void*)stack_end(i + 1) != STACK_MARK) {
      ares_bare_fail("a worker needs more stack than its %d bytes", (int)PI_CL_SLAVE_STACK_SIZE);
    }
  }
}

void ares_join(void) {}

uint8_t* ares_near(void) {
  static _Alignas(8) uint8_t near[ARES_STATE_BYTES];
  return near;
}

void ares_fetch_start(void* to, const void* from, uint32_t bytes) { memcpy(to, from, bytes); }
void ares_fetch_wait(void) {}

int32_t ares_cores(void) { return platform.cores; }

int32_t ares_core(void) { return fork.running; }

void ares_barrier(void) {
  const uint32_t before = fork.barriers;
  if (++fork.at_barrier == platform.cores) {
    fork.at_barrier = 0;
    ++fork.barriers;
  }
  while (fork.barriers == before) yield();
}

// ---- copies ----

void ares_copy(ares_channel channel, const ares_command* command, ares_ticket* ticket) {
  uint8_t* near = (channel == ARES_L3_TO_L2 ? ares_l2() : ares_l1()) + command->near;
  const uint8_t* l3 = platform.l3 + command->far;
  uint8_t* l2 = ares_l2() + command->far;
  for (int32_t row = 0; row < command->rows; ++row) {
    const size_t bytes = (size_t)command->row_bytes;
    if (channel == ARES_L1_TO_L2) {
      memcpy(l2, near, bytes);
    } else {
      memcpy(near, channel == ARES_L3_TO_L2 ? l3 : l2, bytes);
    }
    near += bytes;
    l2 += command->far_pitch;
    l3 += command->far_pitch;
  }
  ticket->channel = (uint32_t)channel;
  ticket->last = 1;
}

void ares_wait(ares_ticket* ticket) { ticket->last = 0; }

uint64_t ares_channel_busy(ares_channel channel) {
  (void)channel;
  return 0;
}

// ---- accelerator ----

void ares_job_start(const ares_job* job) {
  if (ares_twin_outputs(job, platform.l1_bytes) == 0) ares_bare_fail("a job leaves L1");
  ares_twin_compute(job, ares_l1(), NULL);
}

void ares_job_again(const ares_job* job) { ares_job_start(job); }

void ares_job_wait(void) {}

// ---- time ----

uint64_t ares_time(void) {
  uint32_t low, high, again;
  do {
    __asm__ volatile("csrr %0, minstreth\n csrr %1, minstret\n csrr %2, minstreth"
                     : "=r"(high), "=r"(low), "=r"(again));
  } while (high != again);
  return (uint64_t)high << 32 | low;
}

const char* ares_time_unit(void) { return "instructions"; }
