#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

static void table_worker(const void* arguments) {
  const ares_table_args* const a = arguments;
  if (ares_table_fast(a)) return;
  const ares_share mine = ares_share_of(a->bytes, 4);
  for (int32_t i = mine.begin; i < mine.end; ++i) a->out[i] = a->map[a->in[i]];
}

void ares_table(const ares_table_args* a) { ares_start(table_worker, a); }
