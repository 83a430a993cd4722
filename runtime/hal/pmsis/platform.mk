# platform=board: PMSIS of an SDK whose configuration has been sourced. The GAP SDK and pulp-sdk set RULES_DIR, where their
# make rules are; SDK_PLATFORM is the SDK's own platform (board, or gvsoc for its simulator).
ifeq ($(wildcard $(RULES_DIR)/pmsis_rules.mk),)
$(error platform=$(platform) needs an SDK with PMSIS: source the configuration of the GAP SDK or of pulp-sdk, which sets GAP_SDK_HOME and RULES_DIR)
endif
SDK_PLATFORM ?= board
SOURCES += $(wildcard runtime/hal/pulp/*.c)
# The SDK compiles its own sources with these flags, too.
FLAGS := $(filter-out -std=% -W%,$(FLAGS)) -std=gnu11
# The port has main(), for the fabric controller.
FLAGS += -DARES_NETWORK=$(if $(PREFIX),$(PREFIX)_)network
FLAGS += -DARES_STATE_BYTES=3328 -DARES_PLANNED_L1=$(PLANNED_L1) -DARES_PLANNED_L2=$(PLANNED_L2) -DARES_PLANNED_L3=$(PLANNED_L3)
# Cores have XpulpV2, whether the compiler knows it or not, unless ARES_XPULP=0.
ifneq ($(ARES_XPULP),0)
FLAGS += -DARES_XPULP $(if $(SLIDE_CHANNELS),-DARES_SLIDE_CHANNELS='$(SLIDE_CHANNELS)')
SOURCES += $(wildcard runtime/kernels/xpulp/*.[cS])
endif

# Constants are a file in flash, not a part of the binary.
CONSTANTS := $(if $(filter-out 0,$(PLANNED_L3)),$(BUILD)/constants.bin)
SOURCES := $(filter-out src/weights.c src/main.c,$(SOURCES))
HOST_CC ?= gcc
HOST_OBJCOPY ?= objcopy

.PHONY: all run clean
.NOTPARALLEL:
all run: $(CONSTANTS)
	@$(MAKE) --no-print-directory -f runtime/hal/pmsis/application.mk $@ platform=$(SDK_PLATFORM) ARES_NAME='$(NAME)' \
	  ARES_SOURCES='$(SOURCES)' ARES_FLAGS="$(FLAGS)" ARES_CONSTANTS='$(CONSTANTS)' ARES_PREFIX='$(PREFIX)'

clean:
	@rm -rf build

# The image by the computer's own compiler: the same bytes on any little-endian machine, as weights.c asserts.
$(BUILD)/constants.bin: src/weights.c src/network.h
	@mkdir -p $(@D)
	@$(HOST_CC) -std=c11 -Iruntime -Isrc $(DEFINES) -c -o $(BUILD)/constants.o $<
	@$(HOST_OBJCOPY) -O binary --only-section=.rodata $(BUILD)/constants.o $@
