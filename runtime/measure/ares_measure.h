// Measures candidates: group functions that are generated for one and the same layer, or for several, run cold and warm
// and checked byte by byte. cost_models/gvsoc writes the tables and reads the lines that are printed.
#ifndef ARES_MEASURE_H
#define ARES_MEASURE_H

#include <stdint.h>

#include "hal/ares_hal.h"

// Bytes of the batch's data that lie at an L2 offset while a layer's candidates run.
typedef struct {
  uint32_t data, offset, bytes;
} ares_measure_operand;

// What a layer's candidates read, and what they must write: `expected` is an offset of the data.
typedef struct {
  const ares_measure_operand* operands;
  int32_t operand_count;
  uint32_t output, output_bytes, expected;
} ares_measure_layer;

typedef struct {
  void (*run)(void);
  int32_t number, layer;
} ares_measure_candidate;

typedef struct {
  ares_platform platform;
  const uint8_t* data;  // words
  const ares_measure_layer* layers;
  const ares_measure_candidate* candidates;
  int32_t candidate_count;
} ares_measure_batch;

// What the output is filled with before each run.
enum { ARES_MEASURE_UNWRITTEN = 0x5A };

// Prints, a line each:
//   MEASURE PROPERTIES unit=U [mul=N mulh=N conflicts=0|1]          of the machine: latencies, bank conflicts
//   MEASURE BEGIN n                                                 candidate n runs now
//   MEASURE RESULT n cold=N warm=N wrong=N first=N got=N want=N     wrong: bytes that differ in either run
//   MEASURE END N                                                   all N candidates have run
// The exit status is 0 where nothing was wrong.
int ares_measure_main(const ares_measure_batch* batch);

// ---- of the platform: ares_measure_NAME.c ----

// Empties the instruction caches.
void ares_measure_flush(void);

// Prints the properties behind the unit, without a line break.
void ares_measure_properties(void);

#endif
