// Short reductions: a pixel's input is at most eight words, and stays in registers while all channels pass by.
//
//   void ares_held_N(ares_held* held);  // ares_tiles.h; N words
//
// P pixels of N words at a time. A channel takes N loads and N * P dot products, its parameters, and the outputs one by one;
// the channels are a hardware loop of one stream of weights and one of parameters.
#include "kernels/xpulp/ares_instructions.inc"

// ---- fields of ares_held ----
#define H_PIXELS 0
#define H_PIXEL_STEP 4
#define H_WEIGHTS 8
#define H_PARAMS 12
#define H_OUT 16
#define H_OUT_STEP 20
#define H_OUT_BACK 24
#define H_BLOCK_STEP 28
#define H_CHANNELS 32
#define H_BLOCKS 36
#define H_SHIFT 40
#define H_HIGH 44

// ---- registers: x16 to x31 hold words, sums follow below ----
#define WEIGHT(i) (5 + (i) % 2)
#define WEIGHTS 7
#define PARAMS 8
#define OUT 9
#define OUT_STEP 10
#define OUT_BACK 11
#define M 1
#define BIAS 3
#define SHIFT 12
#define HIGH 13
#define PIXELS 5
#define COUNT 6
#define HELD(p, n) (31 - (p) * words - (n))
#define SUM(p) (31 - held_pixels * words - (p))

.macro for_pixels operation, operands:vararg
  .set p, 0
  .rept held_pixels
    \operation \operands
    .set p, p + 1
  .endr
.endm

// Of a channel's word n.
.macro products n
  .if \n == 0
    for_pixels first_dot_product, SUM(p), HELD(p, 0), WEIGHT(0)
  .else
    for_pixels dot_product, SUM(p), HELD(p, \n), WEIGHT(\n)
  .endif
.endm

.macro held number, pixels
  .set words, \number
  .set held_pixels, \pixels
  begin_function ares_held_\number
  load OUT_STEP, TILE, H_OUT_STEP
  load OUT_BACK, TILE, H_OUT_BACK
  load SHIFT, TILE, H_SHIFT
  load HIGH, TILE, H_HIGH
  load OUT, TILE, H_OUT
1:
  load PIXELS, TILE, H_PIXELS
  load COUNT, TILE, H_PIXEL_STEP
  .set p, 0
  .rept held_pixels
    .set n, 0
    .rept words
      load HELD(p, n), PIXELS, (4 * n)
      .set n, n + 1
    .endr
    add_to PIXELS, COUNT
    .set p, p + 1
  .endr
  store PIXELS, TILE, H_PIXELS
  load WEIGHTS, TILE, H_WEIGHTS
  load PARAMS, TILE, H_PARAMS
  load COUNT, TILE, H_CHANNELS
  hardware_loop 0, COUNT, (words + words * held_pixels + 2 + 4 * held_pixels)
    load_next WEIGHT(0), WEIGHTS
    .if words > 1
      load_next WEIGHT(1), WEIGHTS
    .endif
    load_next M, PARAMS
    load_next BIAS, PARAMS
    .set n, 0
    .rept words
      products n
      .if n + 2 < words
        load_next WEIGHT(n), WEIGHTS
      .endif
      .set n, n + 1
    .endr
    for_pixels multiply, SUM(p), M
    for_pixels add_and_shift, SUM(p), BIAS, SHIFT
    for_pixels clip, SUM(p), HIGH
    .set p, 0
    .rept held_pixels
      .if p == held_pixels - 1
        store_step 4, SUM(p), OUT, OUT_BACK
      .else
        store_step 4, SUM(p), OUT, OUT_STEP
      .endif
      .set p, p + 1
    .endr
  load COUNT, TILE, H_BLOCKS
  load M, TILE, H_BLOCK_STEP
  add_immediate COUNT, COUNT, -1
  add_to OUT, M
  store COUNT, TILE, H_BLOCKS
  bnez t1, 1b
  end_function
.endm

  .option norvc
  .option norelax

// ---- the table: words, pixels ----
  held 1, 4
  held 2, 4
  held 3, 4
  held 4, 3
  held 5, 2
  held 6, 2
  held 7, 2
  held 8, 2
