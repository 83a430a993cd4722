# An application of the SDK's make rules, called by platform.mk.
APP := $(ARES_NAME)
APP_SRCS := $(filter %.c,$(ARES_SOURCES))
APP_ASM_SRCS := $(filter %.S,$(ARES_SOURCES))
APP_CFLAGS += $(ARES_FLAGS)
# Code knows the image by its address in L3 alone.
APP_LDFLAGS += -Wl,--defsym=$(if $(ARES_PREFIX),$(ARES_PREFIX)_)network_constants=0
USE_PMSIS_BSP := 1
ifneq ($(ARES_CONSTANTS),)
CONFIG_HYPERRAM := 1
CONFIG_HYPERFLASH := 1
READFS_FILES := $(CURDIR)/$(ARES_CONSTANTS)
endif
include $(RULES_DIR)/pmsis_rules.mk
