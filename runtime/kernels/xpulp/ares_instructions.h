// For assembler sources: instructions of XpulpV2 cores by register numbers, written as numbers where the assembler does not
// know them (encodings as in GVSOC's decoder), and functions that use all registers but x2, with x4 for their argument.
#define TILE 4

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
// rd = four u8 of pixel times four s8 of weight
.macro first_dot_product rd, pixel, weight
  r_type 0x57, 1, 0x44, \rd, \pixel, \weight
.endm
.macro shift_right rd, rs, by
  .word 0x13 | (\rd) << 7 | 5 << 12 | (\rs) << 15 | (\by) << 20
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
.endm

.macro end_function
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
