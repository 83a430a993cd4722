// Asynchronous copies: each channel is a thread that works through a ring of commands, so the data really move at
// another time than the program says. Nothing but ares_wait() orders the program behind a copy: the ring is handed over
// by one atomic per slot and a semaphore that only ever wakes the channel, and a thread sanitizer therefore reports a
// missing wait instead of being content with a lock that happened to lie between.
//
// ARES_DMA_DELAY chooses when a command runs: eager (at once), lazy (when somebody waits for it or for a later one, so
// a missing wait gives wrong data on every run), random or random:SEED (somewhere between).
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hal/host/ares_host.h"

enum { SLOTS = 4096, SPINS = 64, NAP_NS = 20000, MAX_DELAY_NS = 100000 };

typedef enum { EAGER, LAZY, RANDOM } delay;

// Commands are numbered from 1. A slot holds command n once `given` is n; `done` is the last one completed in it.
typedef struct {
  ares_command command;
  _Atomic uint32_t given, done;
} slot;

typedef struct {
  ares_host_ends ends;
  delay delay;
  uint32_t random;
  uint32_t given;             // last command of the program
  _Atomic uint32_t demanded;  // last command that was waited for
  _Atomic int closing;
  _Atomic uint64_t busy;  // nanoseconds
  sem_t wake;
  pthread_t thread;
  slot ring[SLOTS];
} channel_state;

static channel_state channels[ARES_CHANNELS];

static const char* const channel_names[ARES_CHANNELS] = {"L2 to L1", "L1 to L2", "L3 to L2"};

static void nap(long nanoseconds) {
  const struct timespec t = {0, nanoseconds};
  nanosleep(&t, NULL);
}

static uint32_t next_random(channel_state* c) {
  c->random ^= c->random << 13;
  c->random ^= c->random >> 17;
  c->random ^= c->random << 5;
  return c->random;
}

static void move(channel_state* c, ares_channel direction, const ares_command* command) {
  const uint64_t begin = ares_time();
  uint8_t* near = c->ends.near + command->near;
  uint8_t* far = c->ends.far + command->far;
  for (int32_t row = 0; row < command->rows; ++row) {
    memcpy(direction == ARES_L1_TO_L2 ? far : near, direction == ARES_L1_TO_L2 ? near : far,
           (size_t)command->row_bytes);
    near += command->row_bytes;
    if (row + 1 < command->rows) far += command->far_pitch;
  }
  atomic_fetch_add_explicit(&c->busy, ares_time() - begin, memory_order_relaxed);
}

static int demanded(channel_state* c, uint32_t number) {
  return (int32_t)(atomic_load_explicit(&c->demanded, memory_order_relaxed) - number) >= 0;
}

static void* channel_thread(void* argument) {
  channel_state* const c = argument;
  const ares_channel direction = (ares_channel)(c - channels);
  for (uint32_t number = 1;;) {
    slot* const s = &c->ring[number % SLOTS];
    const int given = atomic_load_explicit(&s->given, memory_order_acquire) == number;
    if (given && (c->delay != LAZY || demanded(c, number))) {
      if (c->delay == RANDOM && !demanded(c, number) && next_random(c) % 2 == 0) {
        nap((long)(next_random(c) % MAX_DELAY_NS));
      }
      move(c, direction, &s->command);
      atomic_store_explicit(&s->done, number, memory_order_release);
      ++number;
      continue;
    }
    if (atomic_load_explicit(&c->closing, memory_order_relaxed)) return NULL;
    sem_wait(&c->wake);
  }
}

static delay chosen_delay(uint32_t* seed) {
  const char* const text = getenv("ARES_DMA_DELAY");
  if (text == NULL || strcmp(text, "eager") == 0) return EAGER;
  if (strcmp(text, "lazy") == 0) return LAZY;
  if (strcmp(text, "random") == 0) return RANDOM;
  if (sscanf(text, "random:%u", seed) == 1) return RANDOM;
  ares_host_fail("ARES_DMA_DELAY is '%s': eager, lazy, random or random:SEED", text);
}

void ares_host_dma_use(ares_channel channel, const ares_host_ends* ends) { channels[channel].ends = *ends; }

void ares_host_dma_open(ares_channel channel) {
  channel_state* const c = &channels[channel];
  // A platform that is opened again: its commands are numbered from 1.
  c->given = 0;
  atomic_store_explicit(&c->demanded, 0, memory_order_relaxed);
  atomic_store_explicit(&c->closing, 0, memory_order_relaxed);
  memset(c->ring, 0, sizeof c->ring);
  uint32_t seed = 1;
  c->delay = chosen_delay(&seed);
  c->random = (seed * 2654435761u + channel) | 1u;
  if (sem_init(&c->wake, 0, 0) != 0 || pthread_create(&c->thread, NULL, channel_thread, c) != 0) {
    ares_host_fail("cannot start the channel %s", channel_names[channel]);
  }
}

// Returns once command `number` is complete.
static void wait_for(channel_state* c, uint32_t number) {
  slot* const s = &c->ring[number % SLOTS];
  if (!demanded(c, number)) {
    atomic_store_explicit(&c->demanded, number, memory_order_relaxed);
    // The others need no waking, and it would order the copy behind whatever the program did before it waited.
    if (c->delay == LAZY) sem_post(&c->wake);
  }
  for (int spins = 0; (int32_t)(atomic_load_explicit(&s->done, memory_order_acquire) - number) < 0; ++spins) {
    if (spins < SPINS) {
      sched_yield();
    } else {
      nap(NAP_NS);
    }
  }
}

void ares_host_dma_close(ares_channel channel) {
  channel_state* const c = &channels[channel];
  atomic_store_explicit(&c->closing, 1, memory_order_relaxed);
  sem_post(&c->wake);
  pthread_join(c->thread, NULL);
  if (!demanded(c, c->given)) {
    ares_host_fail("a copy %s was never waited for", channel_names[channel]);
  }
  sem_destroy(&c->wake);
}

static void check_bounds(const channel_state* c, ares_channel channel, const ares_command* m) {
  if (m->rows < 1 || m->row_bytes < 1 || (m->rows > 1 && m->far_pitch < m->row_bytes)) {
    ares_host_fail("copy %s of %d rows x %d bytes, %d bytes apart, is none", channel_names[channel], m->rows,
                   m->row_bytes, m->far_pitch);
  }
  const uint64_t near_end = m->near + (uint64_t)m->rows * (uint64_t)m->row_bytes;
  const uint64_t far_end = m->far + (uint64_t)(m->rows - 1) * (uint64_t)m->far_pitch + (uint64_t)m->row_bytes;
  if (near_end > c->ends.near_bytes) {
    ares_host_fail("copy %s: bytes [%u, %llu) lie outside of the %u bytes of %s", channel_names[channel], m->near,
                   (unsigned long long)near_end, c->ends.near_bytes, c->ends.near_name);
  }
  if (far_end > c->ends.far_bytes) {
    ares_host_fail("copy %s: bytes [%u, %llu) lie outside of the %u bytes of %s", channel_names[channel], m->far,
                   (unsigned long long)far_end, c->ends.far_bytes, c->ends.far_name);
  }
}

void ares_copy(ares_channel channel, const ares_command* command, ares_ticket* ticket) {
  channel_state* const c = &channels[channel];
  check_bounds(c, channel, command);
  if (ticket->last != 0 && ticket->channel != (uint32_t)channel) {
    ares_host_fail("a ticket of channel %s cannot hold a copy %s", channel_names[ticket->channel],
                   channel_names[channel]);
  }
  const uint32_t number = ++c->given;
  if (number > SLOTS) wait_for(c, number - SLOTS);
  slot* const s = &c->ring[number % SLOTS];
  s->command = *command;
  atomic_store_explicit(&s->given, number, memory_order_release);
  sem_post(&c->wake);
  ticket->channel = (uint32_t)channel;
  ticket->last = number;
}

void ares_wait(ares_ticket* ticket) {
  if (ticket->last != 0) wait_for(&channels[ticket->channel], ticket->last);
  ticket->last = 0;
}

uint64_t ares_channel_busy(ares_channel channel) {
  return atomic_load_explicit(&channels[channel].busy, memory_order_relaxed);
}
