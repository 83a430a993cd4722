// Copies of the PMSIS port on memory of this computer: every shape arrives, no transfer is as large as PMSIS silently
// refuses, and what is outstanding is waited for. Linked without position independence, so that addresses have 32 bits.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/pmsis/ares_pmsis.h"

enum { L1_BYTES = 160 * 1024, L2_BYTES = 512 * 1024, L3_BYTES = 300 * 1024, IDS = 16 };

static uint8_t l1[L1_BYTES], l2[L2_BYTES], l3[L3_BYTES];
static int outstanding, largest, failures;
static uint32_t last_id;

#define REQUIRE(condition)                                   \
  do {                                                       \
    if (!(condition)) {                                      \
      printf("line %d: not so: %s\n", __LINE__, #condition); \
      ++failures;                                            \
    }                                                        \
  } while (0)

// ---- PMSIS, with copies that take place at once ----

void pmsis_exit(int status) { exit(status); }

static void begin(pi_cl_dma_copy_t* copy) {
  if (copy->merge) {
    REQUIRE(outstanding > 0);
  } else {
    copy->id = ++last_id;
    ++outstanding;
  }
  if (copy->size > largest) largest = copy->size;
  REQUIRE(outstanding <= IDS);
}

static void rows(pi_cl_dma_copy_t* copy, uint32_t row, uint32_t stride) {
  uint8_t* local = (uint8_t*)(uintptr_t)copy->loc;
  uint8_t* external = (uint8_t*)(uintptr_t)copy->ext;
  REQUIRE(copy->size % row == 0);
  for (uint32_t at = 0; at < copy->size; at += row, local += row, external += stride) {
    if (copy->dir == PI_CL_DMA_DIR_EXT2LOC) {
      memcpy(local, external, row);
    } else {
      memcpy(external, local, row);
    }
  }
}

void pi_cl_dma_memcpy(pi_cl_dma_copy_t* copy) {
  begin(copy);
  rows(copy, copy->size, 0);
}

void pi_cl_dma_memcpy_2d(pi_cl_dma_copy_t* copy) {
  begin(copy);
  rows(copy, copy->length, copy->stride);
}

void pi_cl_dma_wait(void* copy) {
  REQUIRE(((pi_cl_dma_copy_t*)copy)->id != 0);
  --outstanding;
}

void pi_cl_ram_read(struct pi_device* device, uint32_t address, void* data, uint32_t bytes, pi_cl_ram_req_t* request) {
  (void)device;
  REQUIRE(bytes < 0x10000);
  memcpy(data, l3 + address, bytes);
  request->done = 1;
}

void pi_cl_ram_read_wait(pi_cl_ram_req_t* request) {
  REQUIRE(request->done);
  request->done = 0;
}

void pi_cl_team_fork(int cores, void (*entry)(void*), void* arg) {
  for (int i = 0; i < cores; ++i) entry(arg);
}
void pi_cl_team_barrier(void) {}
uint32_t pi_core_id(void) { return 0; }
void pi_perf_conf(unsigned events) { (void)events; }
void pi_perf_reset(void) {}
void pi_perf_start(void) {}
unsigned pi_perf_read(int event) {
  static unsigned now = 0xFFFFFFF0u;
  (void)event;
  return now += 8;
}

// ---- the checks ----

static void fill(void) {
  for (uint32_t i = 0; i < L1_BYTES; ++i) l1[i] = (uint8_t)rand();
  for (uint32_t i = 0; i < L2_BYTES; ++i) l2[i] = (uint8_t)rand();
  for (uint32_t i = 0; i < L3_BYTES; ++i) l3[i] = (uint8_t)rand();
}

static int arrived(ares_channel channel, const ares_command* c) {
  const uint8_t* near = (channel == ARES_L3_TO_L2 ? l2 : l1) + c->near;
  const uint8_t* far = (channel == ARES_L3_TO_L2 ? l3 : l2) + c->far;
  for (int32_t row = 0; row < c->rows; ++row, near += c->row_bytes, far += c->far_pitch)
    if (memcmp(near, far, (size_t)c->row_bytes) != 0) return 0;
  return 1;
}

static void check(ares_channel channel, ares_command command) {
  fill();
  ares_ticket ticket = {0};
  ares_copy(channel, &command, &ticket);
  ares_wait(&ticket);
  REQUIRE(ticket.last == 0);
  REQUIRE(arrived(channel, &command));
  REQUIRE(outstanding == 0);
}

// Tickets that are open at the same time, with commands of one between those of the other.
static void check_tickets(void) {
  fill();
  ares_ticket tickets[3] = {{0}};
  ares_command commands[12];
  for (int i = 0; i < 12; ++i) {
    const ares_command c = {(uint32_t)i * 1000, (uint32_t)i * 4000, 3, 100 + i, 500};
    commands[i] = c;
    ares_copy(ARES_L2_TO_L1, &c, &tickets[i / 2 % 3]);
  }
  for (int i = 2; i >= 0; --i) ares_wait(&tickets[i]);
  for (int i = 0; i < 12; ++i) REQUIRE(arrived(ARES_L2_TO_L1, &commands[i]));
  REQUIRE(outstanding == 0);
}

static int worked;
static void count(const void* by) { worked += *(const int*)by; }

int main(void) {
  struct pi_device ram = {NULL};
  const ares_platform platform = {.cores = 8, .l1_bytes = L1_BYTES, .l2_bytes = L2_BYTES, .l1 = l1, .l2 = l2};
  ares_pmsis_l3(&ram, 0);
  ares_open(&platform);
  for (int back = 0; back < 2; ++back) {
    const ares_channel channel = back ? ARES_L1_TO_L2 : ARES_L2_TO_L1;
    check(channel, (ares_command){16, 32, 1, 7, 0});
    check(channel, (ares_command){0, 0, 1, 0x7FFF, 0});
    check(channel, (ares_command){0, 0, 1, 0x10000, 0});
    check(channel, (ares_command){0, 0, 1, 150000, 0});
    check(channel, (ares_command){4, 8, 64, 66, 512});
    check(channel, (ares_command){4, 8, 1000, 100, 100});
    check(channel, (ares_command){4, 8, 1200, 100, 101});
    check(channel, (ares_command){0, 0, 2, 70000, 100000});
  }
  check(ARES_L3_TO_L2, (ares_command){0, 16, 1, 200000, 0});
  check(ARES_L3_TO_L2, (ares_command){8, 16, 40, 100, 300});
  check_tickets();
  REQUIRE(largest > 0 && largest < 0x10000);
  const int two = 2;
  ares_start(count, &two);
  ares_join();
  ares_join();
  REQUIRE(worked == 16);
  const uint64_t before = ares_time();
  for (int i = 0; i < 4; ++i) REQUIRE(ares_time() > before);
  ares_close();
  printf(failures == 0 ? "all right\n" : "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
