#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// Eight at a time, loads ahead of their uses.
static inline void look_up_eight(const uint8_t* map, const uint8_t* in, uint8_t* out) {
  uint32_t value[8];
#pragma GCC unroll 8
  for (int32_t i = 0; i < 8; ++i) value[i] = in[i];
#pragma GCC unroll 8
  for (int32_t i = 0; i < 8; ++i) value[i] = ares_load_u8(map, value[i]);
#pragma GCC unroll 8
  for (int32_t i = 0; i < 8; ++i) out[i] = (uint8_t)value[i];
}

bool ares_table_fast(const ares_table_args* a) {
  const ares_share mine = ares_share_of(a->bytes, 4);
  int32_t i = mine.begin;
  const uint8_t* const map = a->map;
  for (; i + 8 <= mine.end; i += 8) look_up_eight(map, a->in + i, a->out + i);
  for (; i < mine.end; ++i) a->out[i] = a->map[a->in[i]];
  return true;
}
