// Inner loops of pools; they use no register that a caller needs. Counts are not 0.
//
//   void ares_max_pixels(ares_max_pixels_args* args);  // windows of 2x2, side by side
//   void ares_sum_pixels(ares_sum_pixels_args* args);  // one window, four channels
#include "kernels/xpulp/ares_instructions.inc"

#define ARGS 10
#define WORD(i) (28 + (i))

  .option norvc
  .option norelax

// ---- out = the largest of four pixels, `words` words of channels ----
#define M_IN 0
#define M_IN_RIGHT 4
#define M_BELOW 8
#define M_BELOW_RIGHT 12
#define M_OUT 16
#define M_WORDS 20
#define M_PIXELS 24
#define M_IN_SKIP 28
#define M_OUT_SKIP 32

#define IN 5
#define IN_RIGHT 6
#define BELOW 7
#define BELOW_RIGHT 11
#define OUT 12
#define WORDS 13
#define PIXELS 14
#define IN_SKIP 15
#define OUT_SKIP 16

  .section .text.ares_max_pixels, "ax"
  .balign 16
  .globl ares_max_pixels
ares_max_pixels:
  load IN, ARGS, M_IN
  load IN_RIGHT, ARGS, M_IN_RIGHT
  load BELOW, ARGS, M_BELOW
  load BELOW_RIGHT, ARGS, M_BELOW_RIGHT
  load OUT, ARGS, M_OUT
  load WORDS, ARGS, M_WORDS
  load PIXELS, ARGS, M_PIXELS
  load IN_SKIP, ARGS, M_IN_SKIP
  load OUT_SKIP, ARGS, M_OUT_SKIP
  hardware_loop 1, PIXELS, 14
    hardware_loop 0, WORDS, 8
      load_next WORD(0), IN
      load_next WORD(1), IN_RIGHT
      load_next WORD(2), BELOW
      load_next WORD(3), BELOW_RIGHT
      larger_bytes WORD(0), WORD(0), WORD(1)
      larger_bytes WORD(2), WORD(2), WORD(3)
      larger_bytes WORD(0), WORD(0), WORD(2)
      store_next WORD(0), OUT
    add_to IN, IN_SKIP
    add_to IN_RIGHT, IN_SKIP
    add_to BELOW, IN_SKIP
    add_to BELOW_RIGHT, IN_SKIP
    add_to OUT, OUT_SKIP
  ret

// ---- sums of `rows` rows of `columns` words, at most 256 words ----
// Two channels of a word are its upper bytes, summed on their own; whole halves are summed modulo 2^16, which leaves the
// sums of the lower bytes when the upper ones are known. A word is loaded before the last one is done with: one word behind a
// row is read.
#define S_IN 0
#define S_STEP 4
#define S_ROW_SKIP 8
#define S_COLUMNS 12
#define S_ROWS 16
#define S_HALVES 20
#define S_UPPER 24

#define STEP 6
#define ROW_SKIP 7
#define COLUMNS 11
#define ROWS 12
#define HALVES 13
#define UPPER 14
#define EIGHT 15
#define PART 16
#define NEXT 17

  .section .text.ares_sum_pixels, "ax"
  .balign 16
  .globl ares_sum_pixels
ares_sum_pixels:
  load IN, ARGS, S_IN
  load STEP, ARGS, S_STEP
  load ROW_SKIP, ARGS, S_ROW_SKIP
  load COLUMNS, ARGS, S_COLUMNS
  load ROWS, ARGS, S_ROWS
  add_immediate EIGHT, 0, 8
  add_immediate HALVES, 0, 0
  add_immediate UPPER, 0, 0
  hardware_loop 1, ROWS, 7
    load_step NEXT, IN, STEP
    hardware_loop 0, COLUMNS, 4
      add_halves HALVES, NEXT
      shift_halves_right PART, NEXT, EIGHT
      load_step NEXT, IN, STEP
      add_halves UPPER, PART
    add_to IN, ROW_SKIP
  store HALVES, ARGS, S_HALVES
  store UPPER, ARGS, S_UPPER
  ret
