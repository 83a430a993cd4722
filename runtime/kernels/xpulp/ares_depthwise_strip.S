// void ares_depthwise_strips_form(ares_depthwise_strips* strips): depthwise 3x3 outputs with stride 1 in strips side by side:
// four neighbouring columns of four channels, from the first row to the last.
// void ares_depthwise_half_strips_form(..): two columns.
// void ares_depthwise_strips2_form(..), .._half_strips2_form(..): with stride 2, two columns and one.
//
// Rows of six pixels are transposed first: in `scratch` each channel has two words a row, of columns 0 to 3 (A) and 2 to 5
// (B); half a strip has A alone. With stride 1 a word serves two outputs, by the weights (w0, w1, w2, 0) and
// (0, w0, w1, w2), in each of the three rows of outputs that see it. The sums of two rows are kept: a row of inputs ends
// one, goes on with the other, and begins the next where the one that ended was. With stride 2 a word serves one output,
// and every second row ends one row of outputs and begins the next.
#include "kernels/xpulp/ares_instructions.inc"

// ---- fields of ares_depthwise_strips ----
#define S_IN 0
#define S_IN_BACK 4
#define S_IN_ROWS 8
#define S_IN_NEXT 12
#define S_ROW_BACK 16
#define S_OUT 20
#define S_OUT_STEP 24
#define S_OUT_BACK 28
#define S_OUT_CHANNEL 32
#define S_OUT_NEXT 36
#define S_PAIRS 40
#define S_ROWS S_PAIRS
#define S_REST 44
#define S_SHIFT 48
#define S_HIGH 52
#define S_PRE_SHIFT 56
#define S_STRIPS 60
#define S_IN_STEP 64
#define S_RECORDS 68
#define S_SCRATCH 196
#define CHANNELS 4

// ---- kept through all strips ----
#define OUT 6
#define OUT_STEP 7
#define OUT_BACK 8
#define SHIFT 11
#define HIGH 12
#define PRE_SHIFT 13
// Selections of bytes.
#define LOW_HALVES 29
#define HIGH_HALVES 30
#define UPPER 31

// ---- transposition ----
#define IN 5
#define IN_STEP 9
#define IN_BACK 26
#define TO 27
#define PIXEL(i) (14 + (i))
#define PAIR(i) (20 + (i))
#define WORD 24

// Pixels 2i and 2i + 1: channels 0 and 1 to PAIR(i), channels 2 and 3 to the first pixel's place.
.macro pair_of i
  add_immediate PAIR(\i), PIXEL(2 * \i), 0
  shuffle PAIR(\i), PIXEL(2 * \i + 1), LOW_HALVES
  shuffle PIXEL(2 * \i), PIXEL(2 * \i + 1), HIGH_HALVES
.endm

// Two channels of which pairs of pixels lie in p, q, r.
.macro two_channels words, p, q, r
  pack_halves WORD, \q, \p
  .if \words == 2
    pack_halves WORD + 1, \r, \q
  .endif
  store_next WORD, TO
  .if \words == 2
    store_next WORD + 1, TO
  .endif
  shuffle \p, \q, UPPER
  .if \words == 2
    shuffle \q, \r, UPPER
  .endif
  store_next \p, TO
  .if \words == 2
    store_next \q, TO
  .endif
.endm

// ---- outputs ----
#define ROW 5
#define M 9
#define BIAS 10
#define WEIGHT(row) (14 + 2 * (row))
#define A 1
#define B 3
#define SET(i) (20 + 4 * (i))
#define ROW_BYTES(words) (16 * (words))
#define RECORD 28

.macro products words, operation, set, row
  \operation (\set), A, WEIGHT(\row)
  \operation (\set + 1), A, (WEIGHT(\row) + 1)
  .if \words == 2
    \operation (\set + 2), B, WEIGHT(\row)
    \operation (\set + 3), B, (WEIGHT(\row) + 1)
  .endif
.endm

// Sums in `count` registers from `first` on become outputs; form: 0 narrow, 1 wide.
.macro requantise form, first, count
  .set i, \first
  .rept \count
    .if \form == 1
      shift_left i, PRE_SHIFT
      multiply_high i, M
    .else
      multiply i, M
    .endif
    .set i, i + 1
  .endr
  .set i, \first
  .rept \count
    add_and_shift i, BIAS, SHIFT
    .set i, i + 1
  .endr
  .set i, \first
  .rept \count
    clip i, HIGH
    .set i, i + 1
  .endr
.endm

.macro load_row words
  .if \words == 2
    load_next_by A, ROW, 4
    load_next_by B, ROW, (ROW_BYTES(2) - 4)
  .else
    load_next_by A, ROW, ROW_BYTES(1)
  .endif
.endm

// `count` registers from `first` on, a pixel each.
.macro store_row first, count
  .set i, \first
  .rept \count - 1
    store_step 4, i, OUT, OUT_STEP
    .set i, i + 1
  .endr
  store_step 4, i, OUT, OUT_BACK
.endm

.macro end_row form, words, set
  products \words, dot_product, \set, 2
  requantise \form, \set, 2 * \words
  store_row \set, 2 * \words
.endm

// A row of inputs: the last one of the outputs in `ends`, where it begins the next, the middle one of those in `goes_on`.
.macro row_of form, words, ends, goes_on
  load_row \words
  products \words, dot_product, SET(\goes_on), 1
  end_row \form, \words, SET(\ends)
  products \words, first_dot_product, SET(\ends), 0
.endm

// Per strip, at label 5, transposition; per channel, up to label 6, what its registers begin with.
.macro begin_strip name, form, words
  begin_function \name
  li x29, 0x05010400
  li x30, 0x07030602
  li x31, 0x07060302
  load OUT, TILE, S_OUT
  load OUT_STEP, TILE, S_OUT_STEP
  load OUT_BACK, TILE, S_OUT_BACK
  load SHIFT, TILE, S_SHIFT
  load HIGH, TILE, S_HIGH
  .if \form == 1
    load PRE_SHIFT, TILE, S_PRE_SHIFT
  .endif
  .balign 16  // strips take little more than the 128 instructions that a core's own cache holds
5:
  load A, TILE, S_IN_ROWS
  load IN, TILE, S_IN
  load IN_STEP, TILE, S_IN_STEP
  load IN_BACK, TILE, S_IN_BACK
  add_immediate TO, TILE, S_SCRATCH
  hardware_loop_to 4f, 0, A
    load_step PIXEL(0), IN, IN_STEP
    load_step PIXEL(1), IN, IN_STEP
    load_step PIXEL(2), IN, IN_STEP
    .if \words == 2
      load_step PIXEL(3), IN, IN_STEP
      load_step PIXEL(4), IN, IN_STEP
      load_step PIXEL(5), IN, IN_BACK
    .else
      load_step PIXEL(3), IN, IN_BACK
    .endif
    pair_of 0
    pair_of 1
    .if \words == 2
      pair_of 2
    .endif
    two_channels \words, PAIR(0), PAIR(1), PAIR(2)
    two_channels \words, PIXEL(0), PIXEL(2), PIXEL(4)
4:
  load A, TILE, S_IN_NEXT
  add_immediate RECORD, TILE, S_RECORDS
  add_to A, IN
  store A, TILE, S_IN
  add_immediate ROW, TILE, S_SCRATCH
  add_immediate A, 0, CHANNELS
  hardware_loop_to 6f, 1, A
  .set i, WEIGHT(0)
  .rept 6
    load_next i, RECORD
    .set i, i + 1
  .endr
  load_next M, RECORD
  load_next BIAS, RECORD
.endm

// On to the next channel, and to the next strip.
.macro end_strip
  load A, TILE, S_ROW_BACK
  load B, TILE, S_OUT_CHANNEL
  add_to ROW, A
  add_to OUT, B
6:
  load A, TILE, S_OUT_NEXT
  load B, TILE, S_STRIPS
  add_to OUT, A
  add_immediate B, B, -1
  store B, TILE, S_STRIPS
  bnez gp, 5b
  end_function
.endm

.macro strip_function name, form, words
  begin_strip \name, \form, \words
  load_row \words
  products \words, first_dot_product, SET(0), 0
  load_row \words
  products \words, dot_product, SET(0), 1
  products \words, first_dot_product, SET(1), 0
  load A, TILE, S_PAIRS
  beqz ra, 2f
  hardware_loop_to 2f, 0, A
    row_of \form, \words, 0, 1
    row_of \form, \words, 1, 0
2:
  load A, TILE, S_REST
  beqz ra, 3f
  load_row \words
  end_row \form, \words, SET(0)
3:
  end_strip
.endm

// ---- stride 2 ----
.macro products2 words, operation, row
  \operation SET(0), A, WEIGHT(\row)
  .if \words == 2
    \operation (SET(0) + 1), B, WEIGHT(\row)
  .endif
.endm

.macro strip2_function name, form, words
  begin_strip \name, \form, \words
  load_row \words
  products2 \words, first_dot_product, 0
  load A, TILE, S_ROWS
  hardware_loop_to 2f, 0, A
    load_row \words
    products2 \words, dot_product, 1
    load_row \words
    products2 \words, dot_product, 2
    requantise \form, SET(0), \words
    store_row SET(0), \words
    products2 \words, first_dot_product, 0
2:
  end_strip
.endm

  .option norvc
  .option norelax

  strip_function ares_depthwise_strips_narrow, 0, 2
  strip_function ares_depthwise_strips_wide, 1, 2
  strip_function ares_depthwise_half_strips_narrow, 0, 1
  strip_function ares_depthwise_half_strips_wide, 1, 1
  strip2_function ares_depthwise_strips2_narrow, 0, 2
  strip2_function ares_depthwise_strips2_wide, 1, 2
  strip2_function ares_depthwise_half_strips2_narrow, 0, 1
  strip2_function ares_depthwise_half_strips2_wide, 1, 1
