// Entry of all cores. The fabric controller (hart 0x3E0) comes first and starts the cluster; cluster cores 0 to 7 are
// workers, core 8 is the orchestrator.
  .section .text.start, "ax"
  .globl _start
_start:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la tp, ares_tls_start
  csrr a0, mhartid
  li t0, 8
  bgtu a0, t0, fabric_controller
  beq a0, t0, orchestrator

  // Worker n: the n-th stack from the end of L1.
  li t0, PI_CL_SLAVE_STACK_SIZE
  la sp, ares_l1_end
  beqz a0, 2f
  mv t1, a0
1:
  sub sp, sp, t0
  addi t1, t1, -1
  bnez t1, 1b
2:
  tail ares_gvsoc_worker

orchestrator:
  la sp, ares_gvsoc_orchestrator_stack
  lw sp, 0(sp)
  tail ares_gvsoc_orchestrator

fabric_controller:
  la sp, ares_gvsoc_fc_stack_end
  la t0, ares_bss_start
  la t1, ares_bss_end
3:
  sw zero, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 3b
  la t0, ares_near_start
  la t1, ares_near_end
  bgeu t0, t1, 5f
4:
  sw zero, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 4b
5:
  la t0, ares_fast_code_start
  la t1, ares_fast_code_end
  la t2, ares_fast_code_load
  bgeu t0, t1, 7f
6:
  lw t3, 0(t2)
  sw t3, 0(t0)
  addi t2, t2, 4
  addi t0, t0, 4
  bltu t0, t1, 6b
7:
  tail ares_gvsoc_fabric_controller

  .bss
  .align 4
  .skip 2048
ares_gvsoc_fc_stack_end:

  // Used where L1 has no room for it.
  .section .bss.l2_stack, "aw", @nobits
  .align 4
  .skip ARES_STACK_BYTES
  .globl ares_gvsoc_l2_stack_end
ares_gvsoc_l2_stack_end:
