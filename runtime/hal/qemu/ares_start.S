// Entry, and the switch between the stacks of the orchestrator and the workers.
  .section .text.start, "ax"
  .globl _start
_start:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la tp, ares_tls_start
  la sp, ares_qemu_stack_end
  la t0, ares_bss_start
  la t1, ares_bss_end
1:
  sw zero, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 1b
  call main
  tail ares_exit

// void ares_qemu_switch(void** from, void* to): keeps the running stack in *from and goes on where `to` left off.
  .globl ares_qemu_switch
ares_qemu_switch:
  addi sp, sp, -64
  sw ra, 0(sp)
  sw s0, 4(sp)
  sw s1, 8(sp)
  sw s2, 12(sp)
  sw s3, 16(sp)
  sw s4, 20(sp)
  sw s5, 24(sp)
  sw s6, 28(sp)
  sw s7, 32(sp)
  sw s8, 36(sp)
  sw s9, 40(sp)
  sw s10, 44(sp)
  sw s11, 48(sp)
  sw sp, 0(a0)
  mv sp, a1
  lw ra, 0(sp)
  lw s0, 4(sp)
  lw s1, 8(sp)
  lw s2, 12(sp)
  lw s3, 16(sp)
  lw s4, 20(sp)
  lw s5, 24(sp)
  lw s6, 28(sp)
  lw s7, 32(sp)
  lw s8, 36(sp)
  lw s9, 40(sp)
  lw s10, 44(sp)
  lw s11, 48(sp)
  addi sp, sp, 64
  ret

// long ares_qemu_semihosting(long operation, const void* argument): three full instructions in one page mark the call.
  .section .text.semihosting, "ax"
  .globl ares_qemu_semihosting
  .option push
  .option norvc
  .option norelax
  .balign 16
ares_qemu_semihosting:
  slli zero, zero, 0x1f
  ebreak
  srai zero, zero, 7
  ret
  .option pop

  .bss
  .align 4
  .skip 16384
ares_qemu_stack_end:
