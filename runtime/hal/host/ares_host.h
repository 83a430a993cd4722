// What the parts of the host port share.
#ifndef ARES_HOST_H
#define ARES_HOST_H

#include "hal/ares_hal.h"

// Prints `ares: group NAME: message` and aborts.
_Noreturn void ares_host_fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// The memories behind a channel's two ends.
typedef struct {
  uint8_t* near;
  uint8_t* far;  // never written by a channel that reads L3
  uint32_t near_bytes, far_bytes;
  const char* near_name;
  const char* far_name;
} ares_host_ends;

uint32_t ares_host_l1_bytes(void);
void ares_host_jobs_close(void);

// What the channel's copies lie between from now on; none is outstanding.
void ares_host_dma_use(ares_channel channel, const ares_host_ends* ends);
void ares_host_dma_open(ares_channel channel);
void ares_host_dma_close(ares_channel channel);

#endif
