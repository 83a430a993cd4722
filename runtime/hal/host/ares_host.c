// Host port: workers are threads that are created once; L1 and L2 are heap blocks of exactly the planned size, so that
// an address sanitizer sees every access beside them.
#define _POSIX_C_SOURCE 200809L

#include "hal/host/ares_host.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_CORES = 8, UNWRITTEN = 0xA5 };

static struct {
  ares_platform platform;  // of the program that is in use
  uint8_t* l1;
  uint8_t* l2;
  uint8_t* own[2];  // memories that the caller did not give
  const char* group;
  pthread_t threads[MAX_CORES];
  pthread_barrier_t barrier;
  // One fork: `generation` counts them, `running` the workers that have not returned.
  pthread_mutex_t mutex;
  pthread_cond_t forked, joined;
  uint32_t generation;
  int32_t running;
  int closing;
  ares_work work;
  const void* arguments;
} host = {.group = "start",
          .mutex = PTHREAD_MUTEX_INITIALIZER,
          .forked = PTHREAD_COND_INITIALIZER,
          .joined = PTHREAD_COND_INITIALIZER};

static _Thread_local int32_t core_number = -1;

void ares_host_fail(const char* format, ...) {
  va_list list;
  va_start(list, format);
  fflush(stdout);
  fprintf(stderr, "ares: group %s: ", host.group);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  va_end(list);
  abort();
}

static void* worker(void* number) {
  core_number = *(int32_t*)number;
  free(number);
  uint32_t seen = 0;
  for (;;) {
    pthread_mutex_lock(&host.mutex);
    while (host.generation == seen && !host.closing) pthread_cond_wait(&host.forked, &host.mutex);
    const int closing = host.closing;
    seen = host.generation;
    pthread_mutex_unlock(&host.mutex);
    if (closing) return NULL;

    host.work(host.arguments);

    pthread_mutex_lock(&host.mutex);
    if (--host.running == 0) pthread_cond_signal(&host.joined);
    pthread_mutex_unlock(&host.mutex);
  }
}

static void use(const ares_platform* program, uint8_t* l1, uint8_t* l2) {
  host.platform = *program;
  host.l1 = l1;
  host.l2 = l2;
  const ares_host_ends tiles = {l1, l2, program->l1_bytes, program->l2_bytes, "L1", "L2"};
  const ares_host_ends image = {l2, (uint8_t*)(uintptr_t)program->l3, program->l2_bytes, program->l3_bytes, "L2", "L3"};
  ares_host_dma_use(ARES_L2_TO_L1, &tiles);
  ares_host_dma_use(ARES_L1_TO_L2, &tiles);
  ares_host_dma_use(ARES_L3_TO_L2, &image);
}

static uint8_t* memory_block(uint32_t bytes, const char* name) {
  uint8_t* const block = malloc(bytes);
  if (block == NULL && bytes > 0) ares_host_fail("no memory for %u bytes of %s", bytes, name);
  if (bytes > 0) memset(block, UNWRITTEN, bytes);
  return block;
}

void ares_open(const ares_platform* wanted) {
  if (wanted->cores < 1 || wanted->cores > MAX_CORES) ares_host_fail("%d cores: 1 to 8 are possible", wanted->cores);
  host.own[0] = wanted->l1 == NULL ? memory_block(wanted->l1_bytes, "L1") : NULL;
  host.own[1] = wanted->l2 == NULL ? memory_block(wanted->l2_bytes, "L2") : NULL;
  use(wanted, wanted->l1 == NULL ? host.own[0] : wanted->l1, wanted->l2 == NULL ? host.own[1] : wanted->l2);
  for (int channel = 0; channel < ARES_CHANNELS; ++channel) ares_host_dma_open((ares_channel)channel);
  host.closing = 0;
  host.generation = 0;
  pthread_barrier_init(&host.barrier, NULL, (unsigned)wanted->cores);
  for (int32_t i = 0; i < wanted->cores; ++i) {
    int32_t* const number = malloc(sizeof *number);
    if (number == NULL) ares_host_fail("no memory for worker %d", i);
    *number = i;
    if (pthread_create(&host.threads[i], NULL, worker, number) != 0) ares_host_fail("cannot create worker %d", i);
  }
}

// The image is read where it lies.
void ares_open_also(const ares_platform* more) { (void)more; }

void ares_use(const ares_platform* program) { use(program, program->l1, program->l2); }

void ares_close(void) {
  pthread_mutex_lock(&host.mutex);
  host.closing = 1;
  pthread_cond_broadcast(&host.forked);
  pthread_mutex_unlock(&host.mutex);
  for (int32_t i = 0; i < host.platform.cores; ++i) pthread_join(host.threads[i], NULL);
  for (int channel = 0; channel < ARES_CHANNELS; ++channel) ares_host_dma_close((ares_channel)channel);
  ares_host_jobs_close();
  pthread_barrier_destroy(&host.barrier);
  free(host.own[0]);
  free(host.own[1]);
}

uint32_t ares_host_l1_bytes(void) { return host.platform.l1_bytes; }
uint8_t* ares_l1(void) { return host.l1; }
uint8_t* ares_l2(void) { return host.l2; }

void ares_enter(const char* group) { host.group = group; }

void ares_start(ares_work work, const void* arguments) {
  pthread_mutex_lock(&host.mutex);
  if (host.running > 0) ares_host_fail("workers were started before the last ones were joined");
  host.work = work;
  host.arguments = arguments;
  host.running = host.platform.cores;
  ++host.generation;
  pthread_cond_broadcast(&host.forked);
  pthread_mutex_unlock(&host.mutex);
}

void ares_join(void) {
  pthread_mutex_lock(&host.mutex);
  while (host.running > 0) pthread_cond_wait(&host.joined, &host.mutex);
  pthread_mutex_unlock(&host.mutex);
}

uint8_t* ares_near(void) {
  static _Alignas(16) uint8_t near[ARES_STATE_BYTES];
  return near;
}

void ares_fetch_start(void* to, const void* from, uint32_t bytes) { memcpy(to, from, bytes); }
void ares_fetch_wait(void) {}

int32_t ares_cores(void) { return host.platform.cores; }

int32_t ares_core(void) {
  if (core_number < 0) ares_host_fail("the core number is known to workers alone");
  return core_number;
}

void ares_barrier(void) { pthread_barrier_wait(&host.barrier); }

uint64_t ares_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char* ares_time_unit(void) { return "ns"; }
