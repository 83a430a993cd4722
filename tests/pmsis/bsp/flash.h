// Stand-in, as pmsis.h.
#ifndef BSP_FLASH_H
#define BSP_FLASH_H

#include "pmsis.h"

int pi_flash_open(struct pi_device* device);

#endif
