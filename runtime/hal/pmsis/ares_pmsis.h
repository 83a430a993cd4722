// What the parts of the port for PMSIS share. The fabric controller opens cluster, memories and L3 and then sends one
// task for the whole program to the cluster, whose first core orchestrates.
#ifndef ARES_PMSIS_H
#define ARES_PMSIS_H

#include "pmsis.h"

#include "bsp/ram.h"
#include "hal/ares_hal.h"

// Prints `ares: group NAME: message` and ends the program with status 1. On the cluster or the fabric controller.
_Noreturn void ares_pmsis_fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// ---- of the fabric controller, before the cluster's task ----

// Memories for programs that bring none; `near`: ARES_STATE_BYTES of L1 for the orchestrator, or NULL: L2 will do.
void ares_pmsis_give(uint8_t* l1, uint8_t* l2, uint8_t* near);

// The open RAM, and where in it the constants lie. A firmware with networks as libraries calls it, too: each network's
// constants (constants.bin) lie behind the ones of those opened before it, rounded up to 16 bytes.
void ares_pmsis_l3(struct pi_device* ram, uint32_t address);

// ---- copies ----

int ares_near_is_l1(void);        // ares_near() is what ares_pmsis_give() was given
uint32_t ares_pmsis_image(void);  // where the image of the program in use begins among the constants
uint32_t ares_pmsis_l3_start(const ares_command* command);
void ares_pmsis_l3_wait(uint32_t last);
void ares_pmsis_check_copies(void);

#endif
