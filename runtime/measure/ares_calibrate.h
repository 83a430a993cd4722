// What the parts of the calibrating program share.
#ifndef ARES_CALIBRATE_H
#define ARES_CALIBRATE_H

#include <stdint.h>

// The cluster's clock, and cycles since it stood at `begin` without those of reading it.
uint32_t ares_calibrate_clock(void);
uint32_t ares_calibrate_since(uint32_t begin);

// Prints a result.
void ares_calibrate_tell(const char* name, uint32_t cycles);

// Matrix products in L1, on one core and on eight.
void ares_calibrate_matmul(void);

// Jobs of NE16; tells ne16_present, and where there are any how many values are wrong.
void ares_calibrate_ne16(void);

#endif
