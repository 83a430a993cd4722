# Runs on the public GVSOC (GVSOC_HOME: where it is installed), target hal/gvsoc/target/ares_gap9.py.
REGIONS := -DARES_L2_BASE=0x1C010000 -DARES_L2_BYTES=$(L2_BYTES) -DARES_L1_BASE=0x10000000 \
           -DARES_HOST_BASE=0x80000000 -DARES_HOST_BYTES=0x4000000
include runtime/hal/bare/bare.mk
# The cores have XpulpV2, which the compiler need not know.
FLAGS += -DARES_XPULP
# The cluster's timer; its cores 0 to 7 are the workers.
FLAGS += -DARES_CLOCK=0x10200408 -DARES_HART_IS_WORKER
# In L1, where the plan leaves room: the orchestrator's stack, and what it uses all the time, groups' states among that.
FLAGS += -DARES_STACK_BYTES=768 -DARES_NEAR_BYTES=3584 -DARES_STATE_BYTES=3328
FLAGS += -DARES_HAS_COPIES $(if $(LIBRARY),,-DARES_L1_AT=0x10000000)
# CODE_IN_L1=1: the orchestrator's code, too, as far as there is room. Not the default: see the runtime's README.
FLAGS += $(if $(filter 1,$(CODE_IN_L1)),-DARES_CODE_IN_L1)
FLAGS += $(if $(SLIDE_CHANNELS),-DARES_SLIDE_CHANNELS='$(SLIDE_CHANNELS)')
SOURCES += $(wildcard runtime/kernels/xpulp/*.[cS]) $(wildcard runtime/hal/pulp/*.c)

GVSOC_TARGET := $(CURDIR)/runtime/hal/gvsoc/target
GVSOC := $(if $(GVSOC_HOME),$(GVSOC_HOME)/bin/gvsoc,gvsoc)
RUNNER := $(GVSOC)
RUNNER_FROM := set GVSOC_HOME to where GVSOC is installed (runtime's README)
RUN = $(GVSOC) --target=ares_gap9 --target-dir=$(GVSOC_TARGET) --work-dir=$(CURDIR)/$(BUILD)/gvsoc --binary=$(CURDIR)/$(PROGRAM) run
