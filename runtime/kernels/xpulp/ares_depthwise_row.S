// void ares_depthwise_row(ares_depthwise_strip* strip): a row of depthwise 3x3 outputs with stride 1, four channels at a time.
//
// A column of the window is three words of four channels; packed anew it is one word of three rows per channel, which ends
// the output it is the right column of (A), continues the next (B) and begins the one after.
#include "kernels/xpulp/ares_instructions.inc"

#define IN 5
#define ROW 6
#define BACK 7
#define OUT 8
#define STEP 9
#define LEFT(i) (10 + (i))
#define MIDDLE(i) (14 + (i))
#define A(i) (18 + (i))
#define B(i) (22 + (i))
#define COLUMN(i) (26 + (i))

// ---- fields of ares_depthwise_strip ----
#define S_IN 0
#define S_ROW 4
#define S_BACK 8
#define S_OUT 12
#define S_STEP 16
#define S_COUNT 20
#define S_SHIFT 24
#define S_HIGH 28
#define S_LEFT 32
#define S_MIDDLE 48
#define S_RIGHT 64
#define S_M 80
#define S_B 96

// Temporaries x30, x31, x1, x3 as 0 to 3.
.macro free i
  .if (\i) < 2
    .set temp, 30 + (\i)
  .else
    .set temp, 2 * (\i) - 3
  .endif
.endm
.macro load_free field
  .set i, 0
  .rept 4
    free i
    load temp, TILE, (\field + 4 * i)
    .set i, i + 1
  .endr
.endm

.macro load_column
  load_step 30, IN, ROW
  load_step 31, IN, ROW
  load_step 1, IN, BACK
  .set i, 0
  .rept 4
    pack_low COLUMN(i), 31, 30
    pack_high COLUMN(i), 1, 1
    .if i < 3
      shift_right 30, 30, 8
      shift_right 31, 31, 8
      shift_right 1, 1, 8
    .endif
    .set i, i + 1
  .endr
.endm

// For the registers from rd, rs1 and rs2 on.
.macro for_four operation, rd, rs1, rs2
  .set i, 0
  .rept 4
    \operation (\rd + i), (\rs1 + i), (\rs2 + i)
    .set i, i + 1
  .endr
.endm

  .option norvc
  .option norelax

  begin_function ares_depthwise_row
  load IN, TILE, S_IN
  load ROW, TILE, S_ROW
  load BACK, TILE, S_BACK
  load OUT, TILE, S_OUT
  load STEP, TILE, S_STEP
  .set i, 0
  .rept 4
    load LEFT(i), TILE, (S_LEFT + 4 * i)
    load MIDDLE(i), TILE, (S_MIDDLE + 4 * i)
    .set i, i + 1
  .endr
  load_column
  for_four first_dot_product, A(0), COLUMN(0), LEFT(0)
  load_column
  for_four dot_product, A(0), COLUMN(0), MIDDLE(0)
  for_four first_dot_product, B(0), COLUMN(0), LEFT(0)
  load 1, TILE, S_COUNT
  hardware_loop 0, 1, 65
    load_column
    load_free S_RIGHT
    .set i, 0
    .rept 4
      free i
      dot_product A(i), COLUMN(i), temp
      .set i, i + 1
    .endr
    for_four dot_product, B(0), COLUMN(0), MIDDLE(0)
    load_free S_M
    .set i, 0
    .rept 4
      free i
      multiply A(i), temp
      .set i, i + 1
    .endr
    load 1, TILE, S_SHIFT
    load 3, TILE, S_HIGH
    load 30, TILE, S_B
    load 31, TILE, (S_B + 4)
    add_and_shift A(0), 30, 1
    add_and_shift A(1), 31, 1
    load 30, TILE, (S_B + 8)
    load 31, TILE, (S_B + 12)
    add_and_shift A(2), 30, 1
    add_and_shift A(3), 31, 1
    .set i, 0
    .rept 4
      clip A(i), 3
      .set i, i + 1
    .endr
    pack_low 30, A(1), A(0)
    pack_high 30, A(3), A(2)
    store_step 6, 30, OUT, STEP
    .set i, 0
    .rept 4
      add_immediate A(i), B(i), 0
      first_dot_product B(i), COLUMN(i), LEFT(i)
      .set i, i + 1
    .endr
  end_function
