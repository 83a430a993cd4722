// The inner loops of the weighted kernels on XpulpV2 cores: one generator, and the table of register tilings at the end.
//
//   void ares_tile_CxP_form(ares_tile* tile);  // ares_tiles.h
//   void ares_line_CxP_form(ares_tile* tile);    // one run of one more than `words` words, sums begin with 0
//   void ares_slide_CxP_form_channels(ares_tile* tile);
//
// keeps C channels x P pixels of sums in registers. One step takes a word (4 bytes) of each pixel and of each channel's
// weights: C + P loads and C * P dot products, nothing else, because each load also moves its pointer (p.lw with a register
// as increment: the pitch, and after the last pixel back to the next word of the first) and the loops are the hardware's.
// Instructions are written as numbers where the assembler does not know them; encodings as in GVSOC's decoder.

// ---- registers ----
// x2 (sp) and x4, the tile, are fixed. Sums fill x31 downwards: 16 of them leave x16 and below.
#define WEIGHTS 5
#define PIXELS 6
#define WEIGHT_STEP 7
#define WEIGHT_BACK 8
#define PIXEL_STEP 9
#define PIXEL_BACK 10
#define SUM(c, p) (31 - ((c) * tile_p + (p)))
// Weights: x11 to x14; with more channels there are fewer pixels, and x16 to x19 are free. Pixels take turns in x15, x1
// and x3, so that a load is dot products ahead of its use.
#define TEMP0 15
#define TEMP1 1
#define TEMP2 3

// ---- fields of ares_tile ----
#define T_PIXELS 0
#define T_PIXEL_STEP 4
#define T_PIXEL_BACK 8
#define T_RUN_SKIP 12
#define T_WORDS 16
#define T_RUNS 20
#define T_WEIGHTS 24
#define T_WEIGHT_STEP 28
#define T_WEIGHT_BACK 32
#define T_GROUP_SKIP 36
#define T_PARAMS 40
#define T_OUT 44
#define T_OUT_STEP 48
#define T_GROUPS 52
#define T_SHIFT 56
#define T_HIGH 60
#define T_PRE_SHIFT 64
#define T_SUMS 68
#define T_SUMS_STEP 72
#define T_BLOCKS 76
#define T_NEXT_PIXELS 80
#define T_NEXT_OUT 84
#define T_STACK 88

#include "kernels/xpulp/ares_instructions.inc"

.macro temp_of p
  .if (\p) % 3 == 0
    .set temp, TEMP0
  .elseif (\p) % 3 == 1
    .set temp, TEMP1
  .else
    .set temp, TEMP2
  .endif
.endm
.macro weight_of c
  .if (\c) < 4
    .set weight, 11 + (\c)
  .else
    .set weight, 12 + (\c)
  .endif
.endm

// ---- the step ----
.macro load_pixel p
  temp_of \p
  .if (\p) == tile_p - 1
    load_step temp, PIXELS, PIXEL_BACK
  .else
    load_step temp, PIXELS, PIXEL_STEP
  .endif
.endm

.macro step_body operation=dot_product
  load_pixel 0
  .if tile_p > 1
    load_pixel 1
  .endif
  .set c, 0
  .rept tile_c
    weight_of c
    .if c == tile_c - 1
      load_step weight, WEIGHTS, WEIGHT_BACK
    .else
      load_step weight, WEIGHTS, WEIGHT_STEP
    .endif
    .set c, c + 1
  .endr
  .set p, 0
  .rept tile_p
    .set c, 0
    .rept tile_c
      temp_of p
      weight_of c
      \operation SUM(c, p), temp, weight
      .set c, c + 1
    .endr
    .if p + 2 < tile_p
      load_pixel (p + 2)
    .endif
    .set p, p + 1
  .endr
.endm

// ---- what becomes of the sums ----
// In registers: parameters, x12 output, x13 shift, x14 upper bound, x15 m, x1 B, x3 pre-shift. The parameters' register
// is x11, or one that keeps them from group to group.
.macro requantise form, parameters
  .if \parameters == 11
    load 11, TILE, T_PARAMS
  .endif
  load 13, TILE, T_SHIFT
  load 14, TILE, T_HIGH
  .if \form == 1
    load 3, TILE, T_PRE_SHIFT
  .endif
  .set c, 0
  .rept tile_c
    load_next 15, \parameters
    load_next 1, \parameters
    .set p, 0
    .rept tile_p
      .if \form == 1
        shift_left SUM(c, p), 3
        multiply_high SUM(c, p), 15
      .else
        multiply SUM(c, p), 15
      .endif
      .set p, p + 1
    .endr
    .set p, 0
    .rept tile_p
      add_and_shift SUM(c, p), 1, 13
      .set p, p + 1
    .endr
    .set p, 0
    .rept tile_p
      clip SUM(c, p), 14
      .set p, p + 1
    .endr
    .set c, c + 1
  .endr
  .if \parameters == 11
    store 11, TILE, T_PARAMS
  .endif
  load 12, TILE, T_OUT
  load 1, TILE, T_OUT_STEP
  add_immediate 11, 12, tile_c
  store 11, TILE, T_OUT
  .set p, 0
  .rept tile_p
    .if tile_c == 1
      store_step 4, SUM(0, p), 12, 1
    .elseif tile_c == 2
      pack_low 15, SUM(1, p), SUM(0, p)
      store_step 5, 15, 12, 1
    .else
      .set c, tile_c - 4
      .rept tile_c / 4
        pack_low 15, SUM(c + 1, p), SUM(c, p)
        pack_high 15, SUM(c + 3, p), SUM(c + 2, p)
        .if c == 0
          store_step 6, 15, 12, 1
        .else
          store 15, 12, c
        .endif
        .set c, c - 4
      .endr
    .endif
    .set p, p + 1
  .endr
.endm

// B to each channel's sums.
.macro add_bias parameters
  .if \parameters == 11
    load 11, TILE, T_PARAMS
  .endif
  .set c, 0
  .rept tile_c
    load_next 15, \parameters
    load_next 15, \parameters
    .set p, 0
    .rept tile_p
      add_to SUM(c, p), 15
      .set p, p + 1
    .endr
    .set c, c + 1
  .endr
  .if \parameters == 11
    store 11, TILE, T_PARAMS
  .endif
.endm

// The sums themselves, [pixel][channel].
.macro keep_sums
  load 12, TILE, T_OUT
  load 11, TILE, T_OUT_STEP
  add_immediate 13, 12, (tile_c * 4)
  store 13, TILE, T_OUT
  .set p, 0
  .rept tile_p
    .set c, 0
    .rept tile_c
      store SUM(c, p), 12, (c * 4)
      .set c, c + 1
    .endr
    add_to 12, 11
    .set p, p + 1
  .endr
.endm

// Sums of earlier steps of the reduction, at TEMP1.
.macro take_sums
  load TEMP2, TILE, T_SUMS_STEP
  add_immediate TEMP0, TEMP1, (tile_c * 4)
  store TEMP0, TILE, T_SUMS
  .set p, 0
  .rept tile_p
    .set c, 0
    .rept tile_c
      load SUM(c, p), TEMP1, (c * 4)
      .set c, c + 1
    .endr
    add_to TEMP1, TEMP2
    .set p, p + 1
  .endr
.endm

.macro begin_tiles name
  begin_function \name
  load WEIGHTS, TILE, T_WEIGHTS
.endm

.macro begin_group
  load TEMP1, TILE, T_SUMS
  load PIXELS, TILE, T_PIXELS
  bnez ra, 2f
  .set c, 0
  .rept tile_c * tile_p
    add_immediate (31 - c), 0, 0
    .set c, c + 1
  .endr
3:
.endm

.macro use_sums form, parameters=11
  .if \form == 3
    add_bias \parameters
    keep_sums
  .elseif \form == 2
    keep_sums
  .else
    requantise \form, \parameters
  .endif
.endm

// The sums' use, and on to label 1 for the next group. Behind the function: a group that goes on with earlier sums.
.macro end_group form
  use_sums \form
  load TEMP1, TILE, T_GROUPS
  load TEMP0, TILE, T_GROUP_SKIP
  add_immediate TEMP1, TEMP1, -1
  add_to WEIGHTS, TEMP0
  store TEMP1, TILE, T_GROUPS
  bnez ra, 1b
  end_function
2:
  take_sums
  j 3b
.endm

// A tile with several runs, and the same for one run (line), for several blocks of pixels. There the first word's
// products are what sums begin with, and groups are a hardware loop; in narrow form 4x4 takes 127 instructions, of which a core's own cache holds 128. That is why
// the stack pointer keeps the parameters meanwhile: workers take no interrupts.
#define STACK 2
.macro begin_tile name
  begin_tiles \name
  load WEIGHT_STEP, TILE, T_WEIGHT_STEP
  load WEIGHT_BACK, TILE, T_WEIGHT_BACK
  load PIXEL_STEP, TILE, T_PIXEL_STEP
  load PIXEL_BACK, TILE, T_PIXEL_BACK
.endm

.macro tile channels, pixels, form, name
  .set tile_c, \channels
  .set tile_p, \pixels
  .set length, tile_c + tile_p + tile_c * tile_p
  begin_tile ares_tile_\channels\()x\pixels\()_\name
1:
  begin_group
  load TEMP1, TILE, T_RUNS
  hardware_loop 1, TEMP1, (length + 4)
    load TEMP1, TILE, T_WORDS
    hardware_loop 0, TEMP1, length
      step_body
    load TEMP0, TILE, T_RUN_SKIP
    add_to PIXELS, TEMP0
  end_group \form
  begin_tile ares_line_\channels\()x\pixels\()_\name
  store STACK, TILE, T_STACK
  .balign 16  /* the loop begins with a line of the cache */
1:
  load WEIGHTS, TILE, T_WEIGHTS
  load STACK, TILE, T_PARAMS
  load TEMP1, TILE, T_GROUPS
  hardware_loop_to 9f, 1, TEMP1
    load PIXELS, TILE, T_PIXELS
    step_body first_dot_product
    load TEMP1, TILE, T_WORDS
    hardware_loop 0, TEMP1, length
      step_body
    use_sums \form, STACK
    load TEMP0, TILE, T_GROUP_SKIP
    add_to WEIGHTS, TEMP0
9:
  load TEMP0, TILE, T_PIXELS
  load TEMP1, TILE, T_NEXT_PIXELS
  load TEMP2, TILE, T_OUT
  add_to TEMP0, TEMP1
  load TEMP1, TILE, T_NEXT_OUT
  store TEMP0, TILE, T_PIXELS
  add_to TEMP2, TEMP1
  load TEMP1, TILE, T_BLOCKS
  store TEMP2, TILE, T_OUT
  add_immediate TEMP1, TEMP1, -1
  store TEMP1, TILE, T_BLOCKS
  bnez ra, 1b
  load STACK, TILE, T_STACK
  end_function
.endm

// ---- sliding windows of three columns, stride 1 ----
// One word of P + 2 neighbouring pixels serves up to three columns of the window. Pixel i lies in x7 + i mod P: the one
// that is dead after a column is replaced by the next. The number of input channels is a constant of each instance, so that
// all loads have offsets and two instructions move the pointers: P + 2 + 3 C loads, 3 C P dot products.
.macro window_of i
  .set temp, 7 + (\i) % tile_p
.endm
.macro slide_weight_of c
  .if tile_c <= 2
    .set weight, 15 - 14 * (\c)
  .else
    .set weight, 11 + (\c)
  .endif
.endm

.macro slide_body
  .set c, 0
  .rept tile_c
    slide_weight_of c
    load weight, WEIGHTS, (c * weight_row)
    .set c, c + 1
  .endr
  .set p, 0
  .rept tile_p
    window_of p
    load temp, PIXELS, (p * cin)
    .set p, p + 1
  .endr
  .set tap, 0
  .rept 3
    .set c, 0
    .rept tile_c
      slide_weight_of c
      .set p, 0
      .rept tile_p
        window_of (p + tap)
        dot_product SUM(c, p), temp, weight
        .if p == 0 && c == tile_c - 1 && tap < 2
          window_of (tap + tile_p)
          load temp, PIXELS, ((tap + tile_p) * cin)
        .endif
        .set p, p + 1
      .endr
      .if tap < 2
        load weight, WEIGHTS, (c * weight_row + (tap + 1) * cin)
      .endif
      .set c, c + 1
    .endr
    .set tap, tap + 1
  .endr
  add_immediate PIXELS, PIXELS, 4
  add_immediate WEIGHTS, WEIGHTS, 4
.endm

.macro slide channels, pixels, form, name, input_channels
  .set tile_c, \channels
  .set tile_p, \pixels
  .set cin, \input_channels
  .set weight_row, 9 * cin
  .set length, tile_p + 4 + 3 * tile_c + 3 * tile_c * tile_p
  begin_tiles ares_slide_\channels\()x\pixels\()_\name\()_\input_channels
1:
  begin_group
  load TEMP1, TILE, T_RUNS
  hardware_loop 1, TEMP1, (length + 5)
    load TEMP1, TILE, T_WORDS
    hardware_loop 0, TEMP1, length
      slide_body
    load TEMP0, TILE, T_RUN_SKIP
    add_immediate WEIGHTS, WEIGHTS, (2 * cin)
    add_to PIXELS, TEMP0
  end_group \form
.endm

.macro tile_in_all_forms channels, pixels
  tile \channels, \pixels, 0, narrow
  tile \channels, \pixels, 1, wide
  tile \channels, \pixels, 2, sums
  tile \channels, \pixels, 3, raw
.endm

  .option norvc
  .option norelax

// ---- the table ----
  tile_in_all_forms 4, 4
  tile_in_all_forms 4, 2
  tile_in_all_forms 4, 1
  tile_in_all_forms 2, 4
  tile_in_all_forms 2, 2
  tile_in_all_forms 2, 1
  tile_in_all_forms 1, 4
  tile_in_all_forms 1, 2
  tile_in_all_forms 1, 1
  tile_in_all_forms 8, 1

// The same for sliding windows, per number of input channels that the project names: ares_slides[], 0 at the end.
.macro slides channels, pixels
  .irp count, ARES_SLIDE_CHANNELS
    slide \channels, \pixels, 0, narrow, \count
    slide \channels, \pixels, 2, sums, \count
  .endr
.endm
.macro slide_entries channels, pixels, count
  .word ares_slide_\channels\()x\pixels\()_narrow_\count, ares_slide_\channels\()x\pixels\()_sums_\count
.endm

#ifdef ARES_SLIDE_CHANNELS
  slides 2, 4
  slides 2, 5
  slides 2, 6
  slides 2, 7
  slides 2, 8
#endif

  .section .rodata.ares_slides, "a"
  .balign 4
  .globl ares_slides
ares_slides:
#ifdef ARES_SLIDE_CHANNELS
  .irp count, ARES_SLIDE_CHANNELS
    .word \count
    slide_entries 2, 4, \count
    slide_entries 2, 5, \count
    slide_entries 2, 6, \count
    slide_entries 2, 7, \count
    slide_entries 2, 8, \count
  .endr
#endif
  .word 0
