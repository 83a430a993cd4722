# Compiler and linker script of the ports without an operating system: Debian's gcc-riscv64-unknown-elf and
# picolibc-riscv64-unknown-elf. REGIONS are the linker script's, as compiler options.
CC := $(or $(RISCV_CC),riscv64-unknown-elf-gcc)
ifeq ($(shell command -v $(CC)),)
$(error platform=$(platform) needs $(CC): Debian's gcc-riscv64-unknown-elf and picolibc-riscv64-unknown-elf, or RISCV_CC=..)
endif

AR := $(patsubst %gcc,%ar,$(CC))

# The older instruction set naming: with a newer one Debian's picolibc is not found for rv32imc.
ARCHITECTURE := -march=rv32imc -mabi=ilp32 -misa-spec=2.2
FLAGS += $(ARCHITECTURE) --specs=picolibc.specs -ffunction-sections -fdata-sections
FLAGS += -DARES_PLANNED_L1=$(PLANNED_L1) -DARES_L1_BYTES=$(L1_BYTES)

SCRIPT := $(BUILD)/link.ld
LINK += -nostartfiles -Wl,--gc-sections,--no-warn-rwx-segments,--enable-non-contiguous-regions -T $(SCRIPT)

$(SCRIPT): runtime/hal/bare/link.ld.in $(BUILD)/flags | $(filter clean,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	@$(CC) -E -P -x c $(REGIONS) $(FLAGS) -o $@ $<
