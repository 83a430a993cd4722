#include "kernels/ares_element.h"
#include "kernels/ares_share.h"

static void lookup_worker(const void* arguments) {
  const ares_lookup_args* const a = arguments;
  const int32_t by_columns = a->parallel == ARES_CHANNELS_OUT;
  const ares_share all_rows = {0, a->rows}, all_columns = {0, a->columns};
  const ares_share rows = by_columns ? all_rows : ares_share_of(a->rows, 1);
  const ares_share columns = by_columns ? ares_share_of(a->columns, 1) : all_columns;
  for (int32_t row = rows.begin; row < rows.end; ++row) {
    const uint8_t* const from = a->table + ares_element(a->numbers, a->type, row) * a->columns;
    uint8_t* const to = a->out + row * a->columns;
    for (int32_t i = columns.begin; i < columns.end; ++i) to[i] = from[i];
  }
}

void ares_lookup(const ares_lookup_args* a) { ares_start(lookup_worker, a); }
