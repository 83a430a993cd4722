#include "tile/ares_trace.h"

#ifdef ARES_TRACE

#include <stdio.h>

static void print_position(int32_t depth, const ares_position* at) {
  for (int32_t i = 0; i < depth; ++i) printf(" %d+%d", (int)at[i].begin, (int)at[i].size);
  putchar('\n');
}

void ares_trace_issue(const ares_transfer* transfer, int32_t instance, int32_t slot, int32_t staged_slot,
                      const ares_position* at) {
  printf("STEP issue %d instance %d slot %d staged %d at", (int)transfer->operation, (int)instance, (int)slot,
         (int)staged_slot);
  print_position(transfer->depth, at);
}

void ares_trace_once(int32_t operation) { printf("STEP issue %d instance 0 slot 0 staged 0 at\n", (int)operation); }

void ares_trace_group(const char* name) { printf("GROUP %s\n", name); }

void ares_trace_copy(int32_t commands, const ares_command* first) {
  printf("STEP copy near %u far %u commands %d rows %d bytes %d\n", (unsigned)first->near, (unsigned)first->far,
         (int)commands, (int)first->rows, (int)first->row_bytes);
}

void ares_trace_wait_for(int32_t operation, int32_t instance) {
  printf("STEP wait %d instance %d\n", (int)operation, (int)instance);
}

void ares_trace_wait(const ares_transfer* transfer, int32_t instance) {
  ares_trace_wait_for(transfer->operation, instance);
}

void ares_trace_run(int32_t operation, int32_t depth, const ares_position* at, const void* const* tiles,
                    int32_t count) {
  printf("STEP run %d tiles", (int)operation);
  for (int32_t i = 0; i < count; ++i) printf(" %d", (int)((const uint8_t*)tiles[i] - ares_l1()));
  printf(" at");
  print_position(depth, at);
}

#endif
