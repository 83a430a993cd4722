// Prints each step of a group's walk; nothing unless ARES_TRACE is defined.
#ifndef ARES_TRACE_H
#define ARES_TRACE_H

#include "tile/ares_tile.h"

#ifdef ARES_TRACE
void ares_trace_issue(const ares_transfer* transfer, int32_t instance, int32_t slot, int32_t staged_slot,
                      const ares_position* at);
void ares_trace_once(int32_t operation);
void ares_trace_group(const char* name);
void ares_trace_copy(int32_t commands, const ares_command* first);
void ares_trace_wait(const ares_transfer* transfer, int32_t instance);
void ares_trace_wait_for(int32_t operation, int32_t instance);
void ares_trace_run(int32_t operation, int32_t depth, const ares_position* at, const void* const* tiles, int32_t count);
#else
static inline void ares_trace_issue(const ares_transfer* transfer, int32_t instance, int32_t slot, int32_t staged_slot,
                                    const ares_position* at) {
  (void)transfer, (void)instance, (void)slot, (void)staged_slot, (void)at;
}
static inline void ares_trace_once(int32_t operation) { (void)operation; }
static inline void ares_trace_group(const char* name) { (void)name; }
static inline void ares_trace_copy(int32_t commands, const ares_command* first) { (void)commands, (void)first; }
static inline void ares_trace_wait(const ares_transfer* transfer, int32_t instance) { (void)transfer, (void)instance; }
static inline void ares_trace_wait_for(int32_t operation, int32_t instance) { (void)operation, (void)instance; }
static inline void ares_trace_run(int32_t operation, int32_t depth, const ares_position* at, const void* const* tiles,
                                  int32_t count) {
  (void)operation, (void)depth, (void)at, (void)tiles, (void)count;
}
#endif

#endif
