// L3: an external RAM, read by the fabric controller's driver on the cluster's request.
#include "hal/pmsis/ares_pmsis.h"

#include <stddef.h>

enum { SLOTS = 16, MOST = 0x8000 };  // requests outstanding, bytes of one

static struct pi_device* device;
static uint32_t base;

// Requests are numbered from 1 and end in any order; `ended` of them have been waited for.
static pi_cl_ram_req_t requests[SLOTS];
static uint32_t begun, ended;

void ares_pmsis_l3(struct pi_device* ram, uint32_t address) {
  device = ram;
  base = address;
}

static void read_part(uint32_t l3, uint8_t* l2, uint32_t bytes) {
  if (begun - ended == SLOTS) ares_pmsis_l3_wait(ended + 1);
  ++begun;
  pi_cl_ram_read(device, l3, l2, bytes, &requests[begun % SLOTS]);
}

uint32_t ares_pmsis_l3_start(const ares_command* command) {
  if (device == NULL) ares_pmsis_fail("the constants were not put into L3: ares_pmsis_l3()");
  uint32_t l3 = base + ares_pmsis_image() + command->far;
  uint8_t* l2 = ares_l2() + command->near;
  for (int32_t row = 0; row < command->rows; ++row) {
    const uint32_t bytes = (uint32_t)command->row_bytes;
    for (uint32_t at = 0; at < bytes; at += MOST) {
      read_part(l3 + at, l2 + at, bytes - at < MOST ? bytes - at : MOST);
    }
    l3 += (uint32_t)command->far_pitch;
    l2 += bytes;
  }
  return begun;
}

void ares_pmsis_l3_wait(uint32_t last) {
  while ((int32_t)(last - ended) > 0) {
    ++ended;
    pi_cl_ram_read_wait(&requests[ended % SLOTS]);
  }
}
