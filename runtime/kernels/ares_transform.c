#include "kernels/ares_share.h"

// Four outputs at once share the loads of a row.
static void four_outputs(const ares_transform_args* a, int32_t row, int32_t first) {
  const uint8_t* const x = a->in + row * a->columns;
  const int16_t* const w0 = a->coefficients + first * a->row;
  const int16_t *const w1 = w0 + a->row, *const w2 = w1 + a->row, *const w3 = w2 + a->row;
  int32_t acc[4] = {0, 0, 0, 0};
  for (int32_t n = 0; n < a->columns; ++n) {
    const int32_t v = x[n];
    acc[0] += v * w0[n];
    acc[1] += v * w1[n];
    acc[2] += v * w2[n];
    acc[3] += v * w3[n];
  }
  uint8_t* const out = a->out + row * a->outputs + first;
  for (int32_t i = 0; i < 4; ++i) out[i] = (uint8_t)ares_requantise(&a->requant, a->params[first + i], acc[i]);
}

static void one_output(const ares_transform_args* a, int32_t row, int32_t o) {
  const uint8_t* const x = a->in + row * a->columns;
  const int16_t* const w = a->coefficients + o * a->row;
  int32_t acc = 0;
  for (int32_t n = 0; n < a->columns; ++n) acc += x[n] * w[n];
  a->out[row * a->outputs + o] = (uint8_t)ares_requantise(&a->requant, a->params[o], acc);
}

static void transform_worker(const void* arguments) {
  const ares_transform_args* const a = arguments;
  const int32_t by_outputs = a->parallel == ARES_CHANNELS_OUT;
  const ares_share all_rows = {0, a->rows}, all_outputs = {0, a->outputs};
  const ares_share rows = by_outputs ? all_rows : ares_share_of(a->rows, 1);
  const ares_share outputs = by_outputs ? ares_share_of(a->outputs, 1) : all_outputs;
  for (int32_t row = rows.begin; row < rows.end; ++row) {
    int32_t o = outputs.begin;
    for (; o + 4 <= outputs.end; o += 4) four_outputs(a, row, o);
    for (; o < outputs.end; ++o) one_output(a, row, o);
  }
}

void ares_transform(const ares_transform_args* a) { ares_start(transform_worker, a); }
