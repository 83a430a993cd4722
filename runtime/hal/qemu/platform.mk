# Runs on Debian's qemu-system-riscv32 (package qemu-system-misc). Counted are instructions.
QEMU ?= qemu-system-riscv32
REGIONS := -DARES_L2_BASE=0x80000000 -DARES_L2_BYTES=$(L2_BYTES) -DARES_L1_BASE=0x82000000 \
           -DARES_HOST_BASE=0x83000000 -DARES_HOST_BYTES=0x4000000
include runtime/hal/bare/bare.mk
FLAGS += -DARES_STATE_BYTES=3328
RUNNER := $(QEMU)
RUNNER_FROM := Debian's qemu-system-misc has it
RUN = $(QEMU) -M virt -m 112M -bios none -display none -monitor none -serial none -icount shift=0 \
      -chardev stdio,id=out -semihosting-config enable=on,target=native,chardev=out -kernel $(PROGRAM) < /dev/null
