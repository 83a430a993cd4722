#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

// The calling worker's rows and bytes of a row.
typedef struct {
  ares_share rows, bytes;
} part;

static part part_of(int32_t rows, int32_t bytes, ares_parallel parallel) {
  part p = {{0, rows}, {0, bytes}};
  if (parallel == ARES_CHANNELS_OUT) {
    p.bytes = ares_share_of(bytes, 4);
  } else {
    p.rows = ares_share_of(rows, 1);
  }
  return p;
}

static void add_worker(const void* arguments) {
  const ares_add_args* const a = arguments;
  const part mine = part_of(a->rows, a->bytes, a->parallel);
  const ares_channel_params first = a->params[0];
  const int32_t m = a->params[1].m;
  for (int32_t row = mine.rows.begin; row < mine.rows.end; ++row) {
    if (ares_add_fast(a, row, mine.bytes.begin, mine.bytes.end)) continue;
    const uint8_t* const in = a->a + row * a->bytes;
    uint8_t* const out = a->out + row * a->bytes;
    for (int32_t i = mine.bytes.begin; i < mine.bytes.end; ++i) {
      const ares_channel_params params = {first.m, first.B + a->b[i] * m};
      out[i] = (uint8_t)ares_requantise(&a->requant, params, in[i]);
    }
  }
}

static void multiply_worker(const void* arguments) {
  const ares_multiply_args* const a = arguments;
  const part mine = part_of(a->rows, a->bytes, a->parallel);
  const ares_product_params p = *a->params;
  for (int32_t row = mine.rows.begin; row < mine.rows.end; ++row) {
    const uint8_t* const in = a->a + row * a->bytes;
    uint8_t* const out = a->out + row * a->bytes;
    for (int32_t i = mine.bytes.begin; i < mine.bytes.end; ++i) {
      out[i] = (uint8_t)ares_requantise(&a->requant, p.requant, (in[i] - p.zero_a) * (a->b[i] - p.zero_b));
    }
  }
}

void ares_add(const ares_add_args* a) { ares_start(add_worker, a); }

void ares_multiply(const ares_multiply_args* a) { ares_start(multiply_worker, a); }
