// Four states of a selective scan, from step to step in registers.
//
//   void ares_scan_four_states(ares_scan_four* s);  // ares_scan.c
#include "kernels/xpulp/ares_instructions.inc"

// ---- fields ----
#define S_STEPS 0
#define S_BC 4
#define S_RATES 8
#define S_STATES 12
#define S_LINES 16
#define S_SHIFT 20
#define S_COUNT 24

// ---- registers ----
#define COUNT 1
#define STEPS 5
#define BC 6
#define VALUES 7
#define SLOPES 8
#define EIGHT 9
#define SHIFT 10
#define INPUT 11
#define LOG 3
#define ACC 3
#define H(i) (12 + (i))
#define RATE(i) (16 + (i))
#define L(i) (20 + (i))
#define T(i) (24 + (i))
#define V(i) (28 + (i))

.macro four operation, operands:vararg
  .set i, 0
  .rept 4
    \operation \operands
    .set i, i + 1
  .endr
.endm

  .option norvc
  .option norelax

  begin_function ares_scan_four_states
  load 11, TILE, S_RATES
  four load, RATE(i), 11, (4 * i)
  load 11, TILE, S_STATES
  four load, H(i), 11, (4 * i)
  load VALUES, TILE, S_LINES
  add_immediate SLOPES, VALUES, 4
  load SHIFT, TILE, S_SHIFT
  load BC, TILE, S_BC
  load STEPS, TILE, S_STEPS
  load COUNT, TILE, S_COUNT
  lui x9, 0x80  // 8 in the upper half: a segment's entry
  hardware_loop 0, COUNT, 52
    load LOG, STEPS, 4
    load INPUT, STEPS, 8
    four r_type, 0x33, 0, 0, L(i), RATE(i), LOG
    four r_type, 0x57, 0, 0x40, T(i), L(i), EIGHT  // pv.dotup.h
    four r_type, 0x03, 7, 0x10, V(i), VALUES, T(i)  // p.lw
    four r_type, 0x03, 7, 0x28, T(i), SLOPES, T(i)  // p.lhu
    four r_type, 0x5B, 0, 5, L(i), L(i), T(i)  // p.muluN: >> 5
    four r_type, 0x33, 0, 0x20, V(i), V(i), L(i)
    four load_half_next, L(i), BC
    four r_type, 0x33, 2, 1, H(i), H(i), V(i)  // mulhsu
    load ACC, STEPS, 0
    four load_half_next, T(i), BC
    four multiply_add, H(i), L(i), INPUT
    four r_type, 0x33, 5, 0x20, V(i), H(i), SHIFT  // sra
    four multiply_add, ACC, V(i), T(i)
    store_next_by ACC, STEPS, 12
  load 11, TILE, S_STATES
  four store, H(i), 11, (4 * i)
  end_function
