// What the ports without an operating system share: console, failing, memory regions. The linker script is link.ld.in.
#ifndef ARES_BARE_H
#define ARES_BARE_H

#include <stdint.h>

// Prints `ares: group NAME: message` and ends the program with status 1.
_Noreturn void ares_bare_fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// What ares_enter() was told last.
void ares_bare_enter(const char* group);

// ---- of the port ----

void ares_console(char c);
_Noreturn void ares_exit(int status);

// ---- of the linker script ----

extern uint8_t ares_l1_start[], ares_l1_end[];  // all of L1
extern uint8_t ares_l2_start[], ares_l2_end[];  // what program and data leave of L2

#endif
