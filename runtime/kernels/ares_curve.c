#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

static void curve_worker(const void* arguments) {
  const ares_curve_args* const a = arguments;
  if (ares_curve_fast(a)) return;
  const ares_curve_table* const t = a->curve;
  const ares_share mine = ares_share_of(a->elements, 4);
  for (int32_t i = mine.begin; i < mine.end; ++i) {
    const int32_t u = a->in[i] + 32768;
    const int32_t p = t->points[u >> 7], next = t->points[(u >> 7) + 1];
    const int32_t y = (p + (((next - p) * (u & 127)) >> 7) + 2048) >> 12;
    a->out[i] = (uint8_t)(y < t->lo ? t->lo : y > t->hi ? t->hi : y);
  }
}

void ares_curve(const ares_curve_args* a) { ares_start(curve_worker, a); }
