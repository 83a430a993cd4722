// Compares tensors with their golden values and keeps the errors of all of them.
#ifndef ARES_CHECK_H
#define ARES_CHECK_H

#include "network/ares_network.h"

typedef struct {
  uint64_t values, differing;
  uint64_t sum;  // of absolute differences, in stored values
  uint64_t max;
} ares_errors;

// The group's output, wherever it is.
ares_errors ares_compare(const ares_group* group);

// Prints the tensor as lines "DUMP name[first]: values", 16 values each, in device order.
void ares_dump(const ares_group* group);

// Adds the errors of one tensor to those of several.
void ares_errors_add(ares_errors* all, const ares_errors* one);

#endif
