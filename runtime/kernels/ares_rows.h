// What cores with SIMD instructions do in place of plain C for norms, softmax, products of activations and selective
// scans; as ares_fast.h.
#ifndef ARES_ROWS_H
#define ARES_ROWS_H

#include <stdbool.h>

#include "kernels/ares_kernels.h"

#ifdef ARES_XPULP
bool ares_norm_fast(const ares_norm_args* a);
// Of sets that span all rows, in forms that ares_norm_fast() has checked.
bool ares_norm_across_fast(const ares_norm_args* a);
bool ares_softmax_fast(const ares_softmax_args* a);
bool ares_matmul_fast(const ares_matmul_args* a);
bool ares_scan_fast(const ares_scan_args* a);
#else
static inline bool ares_norm_fast(const ares_norm_args* a) {
  (void)a;
  return false;
}
static inline bool ares_softmax_fast(const ares_softmax_args* a) {
  (void)a;
  return false;
}
static inline bool ares_matmul_fast(const ares_matmul_args* a) {
  (void)a;
  return false;
}
static inline bool ares_scan_fast(const ares_scan_args* a) {
  (void)a;
  return false;
}
#endif

#endif
