// Softmax of rows of bytes.
#include "kernels/ares_rows.h"
#include "kernels/xpulp/ares_softmax_row.h"

bool ares_softmax_fast(const ares_softmax_args* a) {
  if (a->in_type != ARES_U8 || a->requant.type != ARES_U8) return false;
  uint32_t e[ARES_SOFTMAX_PIECE / 2];
  const ares_share rows = ares_share_of(a->rows, 1);
  for (int32_t row = rows.begin; row < rows.end; ++row) {
    const int32_t first = row * a->columns;
    ares_softmax_row(a->table, a->terms, (const uint8_t*)a->in + first, (uint8_t*)a->out + first, a->columns,
                     a->requant.lo, a->requant.hi, (uint16_t*)(void*)e);
  }
  return true;
}
