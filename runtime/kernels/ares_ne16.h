// Jobs of the accelerator NE16: one tile of a convolution or linear layer at a time, asynchronous to the workers.
#ifndef ARES_NE16_H
#define ARES_NE16_H

#include <stdint.h>

#include "hal/ares_hal.h"
#include "kernels/ares_kernels.h"
#include "tile/ares_perf.h"

// The registers that depend on the size of the output tile. Those of a group's first and last tile are part of the
// program: to compute them takes as long as a small job.
typedef struct {
  int32_t rows, columns, channels;
  uint32_t in_pixel, out_pixel, out_row, weight_row, remainders, rests, groups, patches;
} ares_ne16_size;

// u8 input and output, 3x3 or 1x1, stride 1 or 2. Weights: per output channel (groups of 16 input channels, bits, taps)
// of 16 bits, unsigned less an offset (depthwise: per group of 16 channels (bits, taps) of 16 bits). Params: an int32
// bias per output channel, then an unsigned scale each; y = clip((acc * scale + bias) >> shift, 0, 255). The input tile
// includes its padding where that is filled; else its rows follow each other without it (ares_region, compact).
typedef struct {
  uint8_t* in;
  const uint8_t *weights, *params;
  uint8_t* out;
  int32_t in_rows, in_columns;
  ares_padding padding;
  uint8_t padding_value;
  int32_t fill;                                // workers write the padding first; else the engine puts zeros there
  int32_t rows, columns, channels, reduction;  // of the output tile; input channels
  int32_t in_pitch, out_pitch;                 // elements from one pixel of the tiles to the next
  int32_t first;                               // channels of a pixel, in both tiles, before those of the job
  int32_t tokens;                     // pixels have no neighbours, and the tile's end may be overrun to a multiple of 3
  int32_t kernel, stride, depthwise;  // 3 or 1; 1 or 2; 0 or 1 (of 3x3)
  int32_t weight_bits;
  int32_t operation;  // number in the tile program
  ares_ne16_size sizes[2];
  int32_t described;  // `job` is complete, as there is but one tile
  ares_job job;       // else complete but for addresses, size and padding
  // At work.
  int32_t waited;
  ares_ticks since;
} ares_ne16_args;

// Starts the jobs of one tile: one, or with stride 2 and a 3x3 window one per patch of 2x2 outputs.
void ares_ne16_start(ares_ne16_args* a);

// Waits for them.
void ares_ne16_wait(ares_ne16_args* a);

#endif
