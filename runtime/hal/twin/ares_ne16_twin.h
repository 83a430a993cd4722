// The accelerator NE16 in plain C, for platforms that have none: it reads a job's registers as the engine does.
#ifndef ARES_NE16_TWIN_H
#define ARES_NE16_TWIN_H

#include "hal/ares_hal.h"

// Bytes that the job writes, dense; 0: it reads or writes beside the `bytes` bytes of L1.
uint32_t ares_twin_outputs(const ares_job* job, uint32_t bytes);

// Computes the job's output, into L1, or dense to where `apart` points, if not NULL.
void ares_twin_compute(const ares_job* job, uint8_t* l1, uint8_t* apart);

// Writes an output that was computed apart into L1.
void ares_twin_store(const ares_job* job, uint8_t* l1, const uint8_t* apart);

#endif
