#include "network/ares_check.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t value_at(const void* tensor, int32_t element_bytes, uint32_t i) {
  if (element_bytes == 4) return ((const int32_t*)tensor)[i];
  return element_bytes == 2 ? ((const int16_t*)tensor)[i] : ((const uint8_t*)tensor)[i];
}

ares_errors ares_compare(const ares_group* group) {
  const ares_tensor* const tensor = &group->output;
  ares_errors e = {.values = tensor->elements};
  const uint8_t* const actual = ares_group_output(group);
  for (uint32_t i = 0; i < tensor->elements; ++i) {
    const int64_t difference =
        value_at(actual, tensor->element_bytes, i) - value_at(tensor->golden, tensor->element_bytes, i);
    const uint64_t size = (uint64_t)(difference < 0 ? -difference : difference);
    e.differing += size != 0;
    e.sum += size;
    if (size > e.max) e.max = size;
  }
  return e;
}

void ares_dump(const ares_group* group) {
  enum { PER_LINE = 16 };
  const ares_tensor* const tensor = &group->output;
  const uint8_t* const values = ares_group_output(group);
  for (uint32_t i = 0; i < tensor->elements; ++i) {
    if (i % PER_LINE == 0) printf("DUMP %s[%" PRIu32 "]:", tensor->name, i);
    const int last = i % PER_LINE == PER_LINE - 1 || i + 1 == tensor->elements;
    printf(" %" PRId64 "%s", value_at(values, tensor->element_bytes, i), last ? "\n" : "");
  }
}

void ares_errors_add(ares_errors* all, const ares_errors* one) {
  all->values += one->values;
  all->differing += one->differing;
  all->sum += one->sum;
  if (one->max > all->max) all->max = one->max;
}
