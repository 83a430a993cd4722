// The inner loops of the weighted kernels on XpulpV2 cores: one generator, and the table of register tilings at the end.
//
//   void ares_tile_CxP_form(ares_tile* tile);    // ares_tiles.h
//   void ares_line_CxP_form(ares_tile* tile);    // one run
//   void ares_slide_CxP_form_channels(ares_tile* tile);
//
// keeps C channels x P pixels of sums in registers. One step takes a word (4 bytes) of each pixel and of each channel's
// weights: C + P loads and C * P dot products, nothing else, because each load also moves its pointer (p.lw with a register
// as increment: the pitch, and after the last pixel back to the next word of the first) and the loops are the hardware's.
// Instructions are written as numbers where the assembler does not know them; encodings as in GVSOC's decoder.

// ---- registers ----
// x2 (sp) and x4, the tile, are fixed. Sums fill x31 downwards: 16 of them leave x16 and below.
#define TILE 4
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

// ---- instructions by register numbers ----
.macro r_type opcode, f3, f7, rd, rs1, rs2
  .word \opcode | (\rd) << 7 | \f3 << 12 | (\rs1) << 15 | (\rs2) << 20 | (\f7) << 25
.endm
.macro load rd, base, offset
  .word 0x03 | (\rd) << 7 | 2 << 12 | (\base) << 15 | (\offset) << 20
.endm
.macro store rs, base, offset
  .word 0x23 | ((\offset) & 31) << 7 | 2 << 12 | (\base) << 15 | (\rs) << 20 | ((\offset) >> 5) << 25
.endm
.macro add_immediate rd, rs, value
  .word 0x13 | (\rd) << 7 | (\rs) << 15 | ((\value) & 0xFFF) << 20
.endm
.macro add_to rd, rs
  r_type 0x33, 0, 0, \rd, \rd, \rs
.endm
// rd = *base; base += step
.macro load_step rd, base, step
  r_type 0x0B, 7, 0x10, \rd, \base, \step
.endm
.macro load_next rd, base
  .word 0x0B | (\rd) << 7 | 2 << 12 | (\base) << 15 | 4 << 20
.endm
// *base = rs; base += step. size: 4 byte, 5 half, 6 word
.macro store_step size, rs, base, step
  r_type 0x2B, \size, 0, \step, \base, \rs
.endm
// rd += four u8 of pixel times four s8 of weight
.macro dot_product rd, pixel, weight
  r_type 0x57, 1, 0x54, \rd, \pixel, \weight
.endm
// The next `length` instructions, `count` (register) times.
.macro hardware_loop number, count, length
  .word 0x7B | \number << 7 | 4 << 12 | (\count) << 15 | ((\length) * 2) << 20
.endm
.macro multiply rd, rs
  r_type 0x33, 0, 1, \rd, \rd, \rs
.endm
.macro multiply_high rd, rs
  r_type 0x33, 1, 1, \rd, \rd, \rs
.endm
.macro shift_left rd, rs
  r_type 0x33, 1, 0, \rd, \rd, \rs
.endm
// rd = (rd + rs) >> shift
.macro add_and_shift rd, rs, shift
  r_type 0x5B, 2, 0x20, \rd, \rs, \shift
.endm
// rd = min(max(rd, 0), high)
.macro clip rd, high
  r_type 0x33, 6, 0x0A, \rd, \rd, \high
.endm
.macro pack_low rd, byte1, byte0
  r_type 0x57, 1, 0x70, \rd, \byte1, \byte0
.endm
.macro pack_high rd, byte3, byte2
  r_type 0x57, 1, 0x6C, \rd, \byte3, \byte2
.endm

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

.macro step_body
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
      dot_product SUM(c, p), temp, weight
      .set c, c + 1
    .endr
    .if p + 2 < tile_p
      load_pixel (p + 2)
    .endif
    .set p, p + 1
  .endr
.endm

// ---- what becomes of the sums ----
// In registers: x11 parameters, x12 output, x13 shift, x14 upper bound, x15 m, x1 B, x3 pre-shift.
.macro requantise form
  load 11, TILE, T_PARAMS
  load 13, TILE, T_SHIFT
  load 14, TILE, T_HIGH
  .if \form == 1
    load 3, TILE, T_PRE_SHIFT
  .endif
  .set c, 0
  .rept tile_c
    load_next 15, 11
    load_next 1, 11
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
  store 11, TILE, T_PARAMS
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

// The sums themselves, [channel][pixel].
.macro keep_sums
  load 12, TILE, T_OUT
  .set c, 0
  .rept tile_c
    .set p, 0
    .rept tile_p
      store SUM(c, p), 12, ((c * tile_p + p) * 4)
      .set p, p + 1
    .endr
    .set c, c + 1
  .endr
  add_immediate 12, 12, (tile_c * tile_p * 4)
  store 12, TILE, T_OUT
.endm

.macro begin_function name
  .section .text.\name, "ax"
  .balign 16
  .globl \name
\name:
  addi sp, sp, -64
  sw ra, 0(sp)
  sw gp, 4(sp)
  sw tp, 8(sp)
  sw s0, 12(sp)
  sw s1, 16(sp)
  sw s2, 20(sp)
  sw s3, 24(sp)
  sw s4, 28(sp)
  sw s5, 32(sp)
  sw s6, 36(sp)
  sw s7, 40(sp)
  sw s8, 44(sp)
  sw s9, 48(sp)
  sw s10, 52(sp)
  sw s11, 56(sp)
  mv tp, a0
  load WEIGHTS, TILE, T_WEIGHTS
.endm

.macro begin_group
  load PIXELS, TILE, T_PIXELS
  .set c, 0
  .rept tile_c * tile_p
    add_immediate (31 - c), 0, 0
    .set c, c + 1
  .endr
.endm

// The sums' use, and on to label 1 for the next group.
.macro end_group form
  .if \form == 2
    keep_sums
  .else
    requantise \form
  .endif
  load TEMP1, TILE, T_GROUPS
  load TEMP0, TILE, T_GROUP_SKIP
  add_immediate TEMP1, TEMP1, -1
  add_to WEIGHTS, TEMP0
  store TEMP1, TILE, T_GROUPS
  bnez ra, 1b
  lw ra, 0(sp)
  lw gp, 4(sp)
  lw tp, 8(sp)
  lw s0, 12(sp)
  lw s1, 16(sp)
  lw s2, 20(sp)
  lw s3, 24(sp)
  lw s4, 28(sp)
  lw s5, 32(sp)
  lw s6, 36(sp)
  lw s7, 40(sp)
  lw s8, 44(sp)
  lw s9, 48(sp)
  lw s10, 52(sp)
  lw s11, 56(sp)
  addi sp, sp, 64
  ret
.endm

// A tile with several runs, and the same for one run (line): 128 instructions fit into a core's own instruction cache.
.macro begin_tile name
  begin_function \name
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
1:
  begin_group
  load TEMP1, TILE, T_WORDS
  hardware_loop 0, TEMP1, length
    step_body
  end_group \form
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
  begin_function ares_slide_\channels\()x\pixels\()_\name\()_\input_channels
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
