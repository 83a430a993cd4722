// Bytes one by one, as the elementwise kernels take them; counts are in elements, multiples of what a loop takes at once,
// and not 0.
//
//   void ares_add_bytes(ares_add_bytes_args* args);         // four at once
//   void ares_add_mapped_bytes(ares_add_bytes_args* args);  // four at once, in words
//   void ares_table_bytes(ares_table_bytes_args* args);  // eight at once
#include "kernels/xpulp/ares_instructions.inc"

#define COUNT 1
#define IN 5
#define IN2 6
#define OUT 7

// ---- out = clip((a * m_a + b * m_b + B) >> shift) ----
#define A_IN 0
#define A_IN2 4
#define A_OUT 8
#define A_FOURS 12
#define A_M 16
#define A_M2 20
#define A_BIAS 24
#define A_SHIFT 28
#define A_HIGH 32
#define A_MAP 36

#define M 8
#define M2 9
#define BIAS 10
#define SHIFT 11
#define HIGH 12
#define SUM(i) (16 + (i))
#define OTHER(i) (20 + (i))

.macro for_four operation, operands:vararg
  .set i, 0
  .rept 4
    \operation \operands
    .set i, i + 1
  .endr
.endm

  .option norvc
  .option norelax

.macro begin_sums name
  begin_function \name
  load IN, TILE, A_IN
  load IN2, TILE, A_IN2
  load OUT, TILE, A_OUT
  load M, TILE, A_M
  load M2, TILE, A_M2
  load BIAS, TILE, A_BIAS
  load SHIFT, TILE, A_SHIFT
  load HIGH, TILE, A_HIGH
  load COUNT, TILE, A_FOURS
.endm

// Of four pairs of elements.
.macro four_sums
  for_four multiply, SUM(i), M
  for_four multiply_add, SUM(i), OTHER(i), M2
  for_four add_and_shift, SUM(i), BIAS, SHIFT
  for_four clip, SUM(i), HIGH
  pack_low SUM(0), SUM(1), SUM(0)
  pack_high SUM(0), SUM(3), SUM(2)
  store_next SUM(0), OUT
.endm

  begin_sums ares_add_bytes
  hardware_loop 0, COUNT, 27
    for_four load_next_byte, SUM(i), IN
    for_four load_next_byte, OTHER(i), IN2
    four_sums
  end_function

#define SUM_MAP 13
#define SUM_WORD 14

  begin_sums ares_add_mapped_bytes
  load SUM_MAP, TILE, A_MAP
  hardware_loop 0, COUNT, 32
    load_next SUM_WORD, IN
    for_four load_next_byte, OTHER(i), IN2
    for_four byte_of, SUM(i), SUM_WORD, i
    for_four load_byte_at, SUM(i), SUM_MAP, SUM(i)
    four_sums
  end_function

// ---- out = map[in] ----
// Inputs come as words: the workers' accesses to L1 are what bounds this loop.
#define L_IN 0
#define L_OUT 4
#define L_MAP 8
#define L_EIGHTS 12

#define MAP 8
#define WORD 9

  begin_function ares_table_bytes
  load IN, TILE, L_IN
  load OUT, TILE, L_OUT
  load MAP, TILE, L_MAP
  load COUNT, TILE, L_EIGHTS
  hardware_loop 0, COUNT, 24
    load_next WORD, IN
    load_next (WORD + 1), IN
    for_four byte_of, SUM(i), WORD, i
    for_four byte_of, OTHER(i), (WORD + 1), i
    for_four load_byte_at, SUM(i), MAP, SUM(i)
    for_four load_byte_at, OTHER(i), MAP, OTHER(i)
    pack_low SUM(0), SUM(1), SUM(0)
    pack_high SUM(0), SUM(3), SUM(2)
    pack_low OTHER(0), OTHER(1), OTHER(0)
    pack_high OTHER(0), OTHER(3), OTHER(2)
    store_next SUM(0), OUT
    store_next OTHER(0), OUT
  end_function
