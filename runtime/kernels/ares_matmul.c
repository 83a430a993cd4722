#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"

// One row of one head.
static void matmul_row(const ares_matmul_args* a, int32_t sequence, int32_t head, int32_t row) {
  const ares_product_params p = *a->params;
  const int32_t second_rows = a->transposed ? a->columns : a->depth;
  const int32_t second_row = a->heads * (a->transposed ? a->depth : a->columns);
  const int32_t column_step = a->transposed ? second_row : 1, depth_step = a->transposed ? 1 : second_row;
  const uint8_t* const in = a->a + ((sequence * a->rows + row) * a->heads + head) * a->depth;
  const uint8_t* const b = a->b + sequence * second_rows * second_row + head * (a->transposed ? a->depth : a->columns);
  const int32_t first = ((sequence * a->rows + row) * a->heads + head) * a->columns;
  for (int32_t c = 0; c < a->columns; ++c) {
    int32_t acc = 0;
    for (int32_t d = 0; d < a->depth; ++d) {
      acc += (in[d] - p.zero_a) * (b[c * column_step + d * depth_step] - p.zero_b);
    }
    ares_write_output(&a->requant, p.requant, acc, a->out, first + c);
  }
}

static void matmul_worker(const void* arguments) {
  const ares_matmul_args* const a = arguments;
  if (ares_matmul_fast(a)) return;
  const ares_share mine = ares_share_of(a->sequences * a->heads * a->rows, 1);
  for (int32_t i = mine.begin; i < mine.end; ++i) {
    const int32_t head = i / a->rows;
    matmul_row(a, head / a->heads, head % a->heads, i % a->rows);
  }
}

void ares_matmul(const ares_matmul_args* a) { ares_start(matmul_worker, a); }
