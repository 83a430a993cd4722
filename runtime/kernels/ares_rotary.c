#include "kernels/ares_share.h"

// Heads [first, last) of a row.
static void turn(const ares_rotary_args* a, int32_t row, int32_t first, int32_t last) {
  const ares_channel_params params = a->params->requant;
  const int32_t zero = a->params->zero_a, half = a->depth / 2;
  const int32_t step = a->interleaved ? 2 : 1, apart = a->interleaved ? 1 : half;
  const int16_t* const factors = a->factors + row * a->depth;
  for (int32_t head = first; head < last; ++head) {
    const int32_t at = (row * a->heads + head) * a->depth;
    const uint8_t* const in = a->in + at;
    uint8_t* const out = a->out + at;
    for (int32_t i = 0, k = 0; i < half; ++i, k += step) {
      const int32_t x = in[k] - zero, y = in[k + apart] - zero;
      const int32_t cosine = factors[2 * i], sine = factors[2 * i + 1];
      out[k] = (uint8_t)ares_requantise(&a->requant, params, x * cosine - y * sine);
      out[k + apart] = (uint8_t)ares_requantise(&a->requant, params, y * cosine + x * sine);
    }
  }
}

static void rotary_worker(const void* arguments) {
  const ares_rotary_args* const a = arguments;
  const int32_t by_heads = a->parallel == ARES_CHANNELS_OUT;
  const ares_share all_rows = {0, a->rows}, all_heads = {0, a->heads};
  const ares_share rows = by_heads ? all_rows : ares_share_of(a->rows, 1);
  const ares_share heads = by_heads ? ares_share_of(a->heads, 1) : all_heads;
  for (int32_t row = rows.begin; row < rows.end; ++row) turn(a, row, heads.begin, heads.end);
}

void ares_rotary(const ares_rotary_args* a) { ares_start(rotary_worker, a); }
