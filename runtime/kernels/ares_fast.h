// What cores with SIMD instructions do in place of a worker's plain C. Each is called by every worker and takes its
// share; false: the core has nothing better for this, and nothing was done.
#ifndef ARES_FAST_H
#define ARES_FAST_H

#include <stdbool.h>

#include "kernels/ares_kernels.h"

#ifdef ARES_XPULP
bool ares_depthwise_fast(const ares_depthwise_args* a);
bool ares_max_pool_fast(const ares_max_pool_args* a);
bool ares_average_pool_fast(const ares_average_pool_args* a);
bool ares_table_fast(const ares_table_args* a);
bool ares_curve_fast(const ares_curve_args* a);
// Bytes through a table, by the calling worker alone.
void ares_map_bytes(const uint8_t* in, uint8_t* out, const uint8_t* map, int32_t bytes);
// `in`: of the first output; `jump`: input bytes to the next of an output axis.
bool ares_rearrange_fast(const ares_rearrange_args* a, const uint8_t* in, const int32_t* jump);
// Elements [begin, end) of a row.
bool ares_add_fast(const ares_add_args* a, int32_t row, int32_t begin, int32_t end);
#else
static inline bool ares_depthwise_fast(const ares_depthwise_args* a) {
  (void)a;
  return false;
}
static inline bool ares_max_pool_fast(const ares_max_pool_args* a) {
  (void)a;
  return false;
}
static inline bool ares_average_pool_fast(const ares_average_pool_args* a) {
  (void)a;
  return false;
}
static inline bool ares_table_fast(const ares_table_args* a) {
  (void)a;
  return false;
}
static inline bool ares_curve_fast(const ares_curve_args* a) {
  (void)a;
  return false;
}
static inline bool ares_rearrange_fast(const ares_rearrange_args* a, const uint8_t* in, const int32_t* jump) {
  (void)a, (void)in, (void)jump;
  return false;
}
static inline bool ares_add_fast(const ares_add_args* a, int32_t row, int32_t begin, int32_t end) {
  (void)a, (void)row, (void)begin, (void)end;
  return false;
}
#endif

#endif
