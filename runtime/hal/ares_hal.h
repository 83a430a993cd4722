// The hardware layer: everything a generated program needs of a platform. One port per platform in a folder beside this
// file; kernels and the tile layer are written once against it.
//
// One thread of control, the orchestrator, runs the program: it starts copies, forks kernels onto the workers and
// waits. Only the functions marked "worker" may be called from inside a fork.
#ifndef ARES_HAL_H
#define ARES_HAL_H

#include <stdint.h>

// What the program needs. The L3 image is readable by ares_copy alone, even where a port keeps it in plain memory.
typedef struct {
  int32_t cores;      // workers, 1..8
  uint32_t l1_bytes;  // scratchpad for tiles, shared by the workers
  uint32_t l2_bytes;  // activations, staging and resident constants
  const uint8_t* l3;  // image of all constants
  uint32_t l3_bytes;
  uint8_t* l1;  // memories of the caller, aligned to 16 bytes; NULL: the port's own
  uint8_t* l2;
  uint32_t l3_base;  // where the image lies in an L3 that several programs share
} ares_platform;

// Starts the platform; ends the program with a message where that fails. L1 and L2 hold anything at first.
void ares_open(const ares_platform* wanted);

// Several programs share an open platform (ports have this in libraries): adds one more, which has as many workers as
// the first; its image goes to L3.
void ares_open_also(const ares_platform* more);

// Goes over to that program's memories, while no copy is outstanding. ares_open() does it for the first one.
void ares_use(const ares_platform* program);

// Ends the workers and releases the memories. Outstanding copies are an error of the program.
void ares_close(void);

// ARES_L1_AT: where L1 begins, on ports where every program's does there.
#ifdef ARES_L1_AT
static inline uint8_t* ares_l1(void) { return (uint8_t*)(uintptr_t)ARES_L1_AT; }
#else
uint8_t* ares_l1(void);
#endif
uint8_t* ares_l2(void);

// Names what runs now in the port's messages.
void ares_enter(const char* group);

// ---- workers ----

typedef void (*ares_work)(const void* arguments);

// Starts `work` once on each worker. The orchestrator goes on beside them and must join them before the next start.
void ares_start(ares_work work, const void* arguments);

// Returns when all workers have returned from what was started last.
void ares_join(void);

static inline void ares_fork(ares_work work, const void* arguments) {
  ares_start(work, arguments);
  ares_join();
}

int32_t ares_cores(void);  // number of workers
int32_t ares_core(void);   // worker: its number, 0..cores-1
void ares_barrier(void);   // worker: until all workers of the fork are here

// ---- asynchronous copies ----

// Each channel works through its commands in order, beside the workers and the other channels.
typedef enum { ARES_L2_TO_L1, ARES_L1_TO_L2, ARES_L3_TO_L2 } ares_channel;
enum { ARES_CHANNELS = 3 };

// Any number of commands of one channel that are waited for together. All zero: none outstanding.
typedef struct {
  uint32_t channel;
  uint32_t last;  // the port's mark of the last command
} ares_ticket;

// `rows` rows of `row_bytes`: dense at `near`, `far_pitch` bytes apart at `far`. Both are byte offsets: `near` in L1
// (in L2 where the channel reads L3), `far` in L2 (in the L3 image).
typedef struct {
  uint32_t near, far;
  int32_t rows, row_bytes, far_pitch;
} ares_command;

// Starts a command and adds it to the ticket, which holds commands of this channel or none.
void ares_copy(ares_channel channel, const ares_command* command, ares_ticket* ticket);

// Starts `count` commands, each further on by a step at either end than the one before.
#ifdef ARES_HAS_COPIES
void ares_copies(ares_channel channel, const ares_command* first, int32_t count, uint32_t near_step, uint32_t far_step,
                 ares_ticket* ticket);
#else
static inline void ares_copies(ares_channel channel, const ares_command* first, int32_t count, uint32_t near_step,
                               uint32_t far_step, ares_ticket* ticket) {
  ares_command next = *first;
  for (int32_t i = 0; i < count; ++i) {
    ares_copy(channel, &next, ticket);
    next.near += near_step;
    next.far += far_step;
  }
}
#endif

// Returns when all commands of the ticket are complete and empties it.
void ares_wait(ares_ticket* ticket);

// Memory that the orchestrator reads and writes fast, of ARES_STATE_BYTES: in L1 where the port has room there.
#ifndef ARES_STATE_BYTES
#define ARES_STATE_BYTES 8192
#endif
uint8_t* ares_near(void);

// Copies constants of the program there, behind the copies into L1 that have been started; one fetch at a time.
void ares_fetch_start(void* to, const void* from, uint32_t bytes);
void ares_fetch_wait(void);

// ---- accelerator ----

// Registers of one job, in the order of the engine's register file (NE16: weights, input, output, scales, shifts,
// biases,
// ..); the six addresses are byte offsets in L1.
enum { ARES_JOB_ADDRESSES = 6, ARES_JOB_REGISTERS = 24 };
typedef struct {
  uint32_t registers[ARES_JOB_REGISTERS];
} ares_job;

// Starts a job; those before must have been waited for.
void ares_job_start(const ares_job* job);
// Starts one more behind it, which differs from it only in input, output, remainders (16, 17) and padding (20).
void ares_job_again(const ares_job* job);
// Waits for all of them.
void ares_job_wait(void);

// ---- time ----

// Time since some fixed moment: cycles of the orchestrator, on the host nanoseconds.
uint64_t ares_time(void);
const char* ares_time_unit(void);

// How long the channel was moving data so far, in the unit of ares_time(); 0 where the platform cannot tell.
uint64_t ares_channel_busy(ares_channel channel);

#endif
