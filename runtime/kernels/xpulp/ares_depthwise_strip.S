// void ares_depthwise_strips_form(ares_depthwise_strips* strips): depthwise 3x3 outputs with stride 1 in strips side by side:
// four neighbouring columns of four channels, from the first row to the last.
// void ares_depthwise_strips2_form(..): with stride 2, two columns.
//
// Rows of six pixels are transposed first: in `scratch` each channel has two words a row, of columns 0 to 3 (A) and 2 to 5
// (B). With stride 1 a word serves two outputs, by the weights (w0, w1, w2, 0) and (0, w0, w1, w2), in each of the three
// rows of outputs that see it; their sums take turns in three sets of registers. With stride 2 a word serves one output,
// and every second row ends one row of outputs and begins the next.
#include "kernels/xpulp/ares_instructions.inc"

// ---- fields of ares_depthwise_strips ----
#define S_IN 0
#define S_IN_STEP 4
#define S_IN_BACK 8
#define S_IN_ROWS 12
#define S_IN_NEXT 16
#define S_ROW_BACK 20
#define S_OUT 24
#define S_OUT_STEP 28
#define S_OUT_BACK 32
#define S_OUT_CHANNEL 36
#define S_OUT_NEXT 40
#define S_TRIPLES 44
#define S_ROWS S_TRIPLES
#define S_REST 48
#define S_SHIFT 52
#define S_HIGH 56
#define S_PRE_SHIFT 60
#define S_STRIPS 64
#define S_RECORD 68
#define S_RECORDS 72
#define S_SCRATCH 200
#define CHANNELS 4

// ---- transposition ----
#define IN 5
#define IN_STEP 6
#define IN_BACK 7
#define TO 8
#define LOW_HALVES 9
#define HIGH_HALVES 10
#define UPPER 12
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
.macro two_channels p, q, r
  pack_halves WORD, \q, \p
  pack_halves WORD + 1, \r, \q
  store_next WORD, TO
  store_next WORD + 1, TO
  shuffle \p, \q, UPPER
  shuffle \q, \r, UPPER
  store_next \p, TO
  store_next \q, TO
.endm

// ---- outputs ----
#define ROW 5
#define OUT 6
#define OUT_STEP 7
#define OUT_BACK 8
#define M 9
#define BIAS 10
#define SHIFT 11
#define HIGH 12
#define PRE_SHIFT 13
#define WEIGHT(row) (14 + 2 * (row))
#define A 1
#define B 3
#define SET(i) (20 + 4 * (i))
#define ROW_BYTES 32

.macro four_products operation, set, row
  \operation (\set), A, WEIGHT(\row)
  \operation (\set + 1), A, (WEIGHT(\row) + 1)
  \operation (\set + 2), B, WEIGHT(\row)
  \operation (\set + 3), B, (WEIGHT(\row) + 1)
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

.macro load_row
  load_next_by A, ROW, 4
  load_next_by B, ROW, (ROW_BYTES - 4)
.endm

// A row of inputs: the last one of the outputs in `ends`, the middle one of those in `goes_on`, the first of `begins`.
.macro row_of form, ends, goes_on, begins
  load_row
  four_products dot_product, SET(\ends), 2
  four_products dot_product, SET(\goes_on), 1
  four_products first_dot_product, SET(\begins), 0
  requantise \form, SET(\ends), 4
  store_step 4, SET(\ends), OUT, OUT_STEP
  store_step 4, (SET(\ends) + 1), OUT, OUT_STEP
  store_step 4, (SET(\ends) + 2), OUT, OUT_STEP
  store_step 4, (SET(\ends) + 3), OUT, OUT_BACK
.endm

// Per strip, at label 5, transposition; per channel, up to label 6, what its registers begin with.
.macro begin_strip name, form
  begin_function \name
5:
  li x9, 0x05010400
  li x10, 0x07030602
  li x12, 0x07060302
  load A, TILE, S_IN_ROWS
  load IN, TILE, S_IN
  load IN_STEP, TILE, S_IN_STEP
  load IN_BACK, TILE, S_IN_BACK
  add_immediate TO, TILE, S_SCRATCH
  hardware_loop 0, A, 31
    load_step PIXEL(0), IN, IN_STEP
    load_step PIXEL(1), IN, IN_STEP
    load_step PIXEL(2), IN, IN_STEP
    load_step PIXEL(3), IN, IN_STEP
    load_step PIXEL(4), IN, IN_STEP
    load_step PIXEL(5), IN, IN_BACK
    pair_of 0
    pair_of 1
    pair_of 2
    two_channels PAIR(0), PAIR(1), PAIR(2)
    two_channels PIXEL(0), PIXEL(2), PIXEL(4)
  load A, TILE, S_IN_NEXT
  add_to A, IN
  store A, TILE, S_IN
  add_immediate ROW, TILE, S_SCRATCH
  load OUT, TILE, S_OUT
  load OUT_STEP, TILE, S_OUT_STEP
  load OUT_BACK, TILE, S_OUT_BACK
  load SHIFT, TILE, S_SHIFT
  load HIGH, TILE, S_HIGH
  .if \form == 1
    load PRE_SHIFT, TILE, S_PRE_SHIFT
    .set record, B
    add_immediate record, TILE, S_RECORDS
    store record, TILE, S_RECORD
  .else
    .set record, PRE_SHIFT
    add_immediate record, TILE, S_RECORDS
  .endif
  // A channel with stride 1 and no rows left over takes 122 instructions in narrow form; a core's own cache holds 128.
  .balign 16
  nop
  nop
  add_immediate A, 0, CHANNELS
  hardware_loop_to 6f, 1, A
  .if \form == 1
    load record, TILE, S_RECORD
  .endif
  .set i, WEIGHT(0)
  .rept 6
    load_next i, record
    .set i, i + 1
  .endr
  load_next M, record
  load_next BIAS, record
  .if \form == 1
    store record, TILE, S_RECORD
  .endif
.endm

// On to the next channel, and to the next strip.
.macro end_strip
3:
  load A, TILE, S_ROW_BACK
  load B, TILE, S_OUT_CHANNEL
  add_to ROW, A
  add_to OUT, B
6:
  load A, TILE, S_OUT_NEXT
  load B, TILE, S_STRIPS
  add_to OUT, A
  add_immediate B, B, -1
  store OUT, TILE, S_OUT
  store B, TILE, S_STRIPS
  bnez gp, 5b
  end_function
.endm

.macro strip_function name, form
  begin_strip \name, \form
  load_row
  four_products first_dot_product, SET(0), 0
  load_row
  four_products dot_product, SET(0), 1
  four_products first_dot_product, SET(1), 0
  load A, TILE, S_TRIPLES
  beqz ra, 2f
  hardware_loop 0, A, (90 + 12 * \form)
    row_of \form, 0, 1, 2
    row_of \form, 1, 2, 0
    row_of \form, 2, 0, 1
2:
  load A, TILE, S_REST
  bnez ra, 4f
  end_strip
4:
  row_of \form, 0, 1, 2
  load A, TILE, S_REST
  add_immediate A, A, -1
  beqz ra, 3b
  row_of \form, 1, 2, 0
  j 3b
.endm

// ---- stride 2 ----
.macro two_products operation, row
  \operation SET(0), A, WEIGHT(\row)
  \operation (SET(0) + 1), B, WEIGHT(\row)
.endm

.macro strip2_function name, form
  begin_strip \name, \form
  load_row
  two_products first_dot_product, 0
  load A, TILE, S_ROWS
  hardware_loop 0, A, (18 + 2 * \form)
    load_row
    two_products dot_product, 1
    load_row
    two_products dot_product, 2
    requantise \form, SET(0), 2
    store_step 4, SET(0), OUT, OUT_STEP
    store_step 4, (SET(0) + 1), OUT, OUT_BACK
    two_products first_dot_product, 0
  end_strip
.endm

  .option norvc
  .option norelax

  strip_function ares_depthwise_strips_narrow, 0
  strip_function ares_depthwise_strips_wide, 1
  strip2_function ares_depthwise_strips2_narrow, 0
  strip2_function ares_depthwise_strips2_wide, 1
