#include "kernels/ares_element.h"
#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

// The calling worker's rows and elements of a row.
typedef struct {
  ares_share rows, elements;
} part;

static part part_of(int32_t rows, int32_t elements, ares_parallel parallel) {
  part p = {{0, rows}, {0, elements}};
  if (parallel == ARES_CHANNELS_OUT) {
    p.elements = ares_share_of(elements, 4);
  } else {
    p.rows = ares_share_of(rows, 1);
  }
  return p;
}

static void add_worker(const void* arguments) {
  const ares_add_args* const a = arguments;
  const part mine = part_of(a->rows, a->elements, a->parallel);
  const ares_channel_params first = a->params[0];
  const int32_t m = a->params[1].m;
  for (int32_t row = mine.rows.begin; row < mine.rows.end; ++row) {
    if (ares_add_fast(a, row, mine.elements.begin, mine.elements.end)) continue;
    for (int32_t i = mine.elements.begin; i < mine.elements.end; ++i) {
      const ares_channel_params params = {first.m, first.B + ares_element(a->b, a->b_type, i) * m};
      const int32_t at = row * a->elements + i;
      const int32_t value = ares_element(a->a, a->a_type, at);
      ares_write_output(&a->requant, params, a->map == NULL ? value : a->map[value], a->out, at);
    }
  }
}

static void multiply_worker(const void* arguments) {
  const ares_multiply_args* const a = arguments;
  const part mine = part_of(a->rows, a->elements, a->parallel);
  const ares_product_params p = *a->params;
  for (int32_t row = mine.rows.begin; row < mine.rows.end; ++row) {
    const uint8_t* const in = a->a + row * a->elements;
    uint8_t* const out = a->out + row * a->elements;
    for (int32_t i = mine.elements.begin; i < mine.elements.end; ++i) {
      out[i] = (uint8_t)ares_requantise(&a->requant, p.requant, (in[i] - p.zero_a) * (a->b[i] - p.zero_b));
    }
  }
}

void ares_add(const ares_add_args* a) { ares_start(add_worker, a); }

void ares_multiply(const ares_multiply_args* a) { ares_start(multiply_worker, a); }
