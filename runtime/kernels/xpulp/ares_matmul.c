// Products of activations by the register tiles of the dense kernels. The second input, at zero point 128, is brought
// to signed bytes, a row per column, once per tile; the first input's zero point goes into each column's B.
#include <stddef.h>

#include "kernels/ares_dense.h"
#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

enum { ZERO = 128, ONES = 0x01010101 };
#define SIGNS 0x80808080u

static inline int32_t whole_words(int32_t bytes) { return (bytes + 3) / 4 * 4; }

// Of one head in one sequence: parameters, then rows of the second input.
static inline int32_t part_bytes(const ares_matmul_args* a) {
  return a->columns * ((int32_t)sizeof(ares_channel_params) + whole_words(a->depth));
}

// B takes in the first input's zero point, modulo 2^32 as the kernels compute.
static inline void set_params(const ares_matmul_args* a, ares_channel_params* params, int32_t sum) {
  const ares_product_params* const p = a->params;
  params->m = p->requant.m;
  params->B = (int32_t)((uint32_t)p->requant.B - (uint32_t)p->zero_a * (uint32_t)sum * (uint32_t)p->requant.m);
}

// A column whose elements lie `step` apart.
static void centre_column(const ares_matmul_args* a, const uint8_t* b, int32_t step, uint8_t* row,
                          ares_channel_params* params) {
  int32_t sum = 0, d = 0;
  if (step == 1) {
    for (; d + 4 <= a->depth; d += 4) {
      const uint32_t word = ares_load_word(b + d) ^ SIGNS;
      ares_store_word(row + d, word);
      sum = ares_dot_u8s8(sum, ONES, word);
    }
  }
  for (; d < a->depth; ++d) {
    row[d] = (uint8_t)(b[d * step] ^ ZERO);
    sum += b[d * step] - ZERO;
  }
  for (; d < whole_words(a->depth); ++d) row[d] = 0;
  set_params(a, params, sum);
}

// Four columns side by side, words of four depths at a time.
static void centre_four(const ares_matmul_args* a, const uint8_t* b, int32_t step, uint8_t* row,
                        ares_channel_params* params) {
  const int32_t pitch = whole_words(a->depth);
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (int32_t d = 0; d < a->depth; d += 4, row += 4) {
    const int32_t left = a->depth - d;
    uint32_t r0 = ares_load_word(b), r1 = SIGNS, r2 = SIGNS, r3 = SIGNS;
    if (left > 1) r1 = ares_load_word(b + step);
    if (left > 2) r2 = ares_load_word(b + 2 * step);
    if (left > 3) r3 = ares_load_word(b + 3 * step);
    b += 4 * step;
    const uint32_t low0 = ares_shuffle(r1, r0, 0x05010400), low2 = ares_shuffle(r3, r2, 0x05010400);
    const uint32_t high0 = ares_shuffle(r1, r0, 0x07030602), high2 = ares_shuffle(r3, r2, 0x07030602);
    const uint32_t c0 = ares_shuffle(low2, low0, 0x05040100) ^ SIGNS;
    const uint32_t c1 = ares_shuffle(low2, low0, 0x07060302) ^ SIGNS;
    const uint32_t c2 = ares_shuffle(high2, high0, 0x05040100) ^ SIGNS;
    const uint32_t c3 = ares_shuffle(high2, high0, 0x07060302) ^ SIGNS;
    ares_store_word(row, c0);
    ares_store_word(row + pitch, c1);
    ares_store_word(row + 2 * pitch, c2);
    ares_store_word(row + 3 * pitch, c3);
    s0 = ares_dot_u8s8(s0, ONES, c0), s1 = ares_dot_u8s8(s1, ONES, c1);
    s2 = ares_dot_u8s8(s2, ONES, c2), s3 = ares_dot_u8s8(s3, ONES, c3);
  }
  set_params(a, params, s0), set_params(a, params + 1, s1);
  set_params(a, params + 2, s2), set_params(a, params + 3, s3);
}

// All workers together.
static void centre(const ares_matmul_args* a) {
  const int32_t blocks = (a->columns + 3) / 4, pitch = whole_words(a->depth);
  const int32_t width = a->transposed ? a->depth : a->columns, rows = a->transposed ? a->columns : a->depth;
  const ares_share mine = ares_share_of(a->sequences * a->heads * blocks, 1);
  int32_t part = mine.begin / blocks, block = mine.begin % blocks;
  for (int32_t i = mine.begin; i < mine.end; ++i) {
    const uint8_t* const b = a->b + part / a->heads * rows * a->heads * width + part % a->heads * width;
    uint8_t* const at = a->scratch + part * part_bytes(a);
    ares_channel_params* const params = (ares_channel_params*)(void*)at + 4 * block;
    uint8_t* const row = at + a->columns * (int32_t)sizeof *params + 4 * block * pitch;
    const int32_t count = ares_min(4, a->columns - 4 * block);
    if (!a->transposed && count == 4) {
      centre_four(a, b + 4 * block, a->heads * width, row, params);
    } else {
      const int32_t next = a->transposed ? a->heads * width : 1, step = a->transposed ? 1 : a->heads * width;
      for (int32_t c = 0; c < count; ++c) {
        centre_column(a, b + (4 * block + c) * next, step, row + c * pitch, params + c);
      }
    }
    if (++block == blocks) {
      block = 0;
      ++part;
    }
  }
}

// Rows [begin, end) of one head in one sequence.
static void rows_of(const ares_matmul_args* a, int32_t part, int32_t begin, int32_t end) {
  const uint8_t* const at = a->scratch + part * part_bytes(a);
  const int32_t row = (part / a->heads * a->rows + begin) * a->heads + part % a->heads;
  const ares_dense d = {
      .in = a->a + row * a->depth,
      .pixels = end - begin,
      .pixel_pitch = a->heads * a->depth,
      .runs = 1,
      .run_bytes = a->depth,
      .weights = (const int8_t*)at + a->columns * (int32_t)sizeof(ares_channel_params),
      .channels = a->columns,
      .channel_bytes = whole_words(a->depth),
      .used_bytes = whole_words(a->depth),
      .params = {(const int32_t*)(const void*)at, 2},
      .requant = &a->requant,
      .out = (uint8_t*)a->out + row * a->columns * ares_output_bytes(&a->requant),
      .out_pitch = a->heads * a->columns,
      .blocking = {ARES_GEMM, 4, 4},
  };
  ares_dense_fast(&d);
}

// Rows that workers take at a time: four, a register tile's; or one, where the busiest worker then has a row or two
// beside whole tiles in place of one tile more, and nobody rows of two heads.
static int32_t rows_at_a_time(const ares_matmul_args* a) {
  const int32_t parts = a->sequences * a->heads, each = (parts * a->rows + ares_team() - 1) / ares_team();
  const bool few = each % 4 == 1 || each % 4 == 2;
  return few && (parts == 1 || a->rows % each == 0) ? 1 : 4;
}

bool ares_matmul_fast(const ares_matmul_args* a) {
  const ares_product_params* const p = a->params;
  const bool folds = p->zero_a == 0 || a->requant.form == ARES_NARROW;
  if (a->scratch == NULL || p->zero_b != ZERO || !folds) return false;
  if (a->prepare) {
    centre(a);
    ares_barrier();
  }
  const int32_t block = rows_at_a_time(a), blocks = (a->rows + block - 1) / block;
  const ares_share mine = ares_share_of(a->sequences * a->heads * blocks, 1);
  for (int32_t i = mine.begin; i < mine.end;) {
    const int32_t part = i / blocks, first = i % blocks, last = ares_min(blocks, first + mine.end - i);
    rows_of(a, part, block * first, ares_min(block * last, a->rows));
    i += last - first;
  }
  return true;
}
