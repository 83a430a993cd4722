#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

// `in`: the channel of the tile's first pixel.
static int32_t window_sum(const ares_depthwise_args* a, const uint8_t* in, int32_t pitch, int32_t row, int32_t column,
                          int32_t channel) {
  const ares_window* const w = &a->window;
  const int8_t* const weights = a->weights + channel * a->channel_bytes;
  const int32_t zero = ares_weight_zero(&a->params, channel);
  int32_t sum = 0;
  for (int32_t y = 0; y < w->kh; ++y) {
    for (int32_t x = 0; x < w->kw; ++x) {
      const int32_t at = (row * w->sh + y * w->dh) * a->in_columns + column * w->sw + x * w->dw;
      sum += in[at * pitch] * (weights[y * w->kw + x] - zero);
    }
  }
  return sum;
}

// The worker's share in plain C.
static __attribute__((noinline)) void plain_depthwise(const ares_depthwise_args* a) {
  const uint8_t* const in = ares_depthwise_in(a);
  const int32_t pitch = ares_depthwise_pitch(a);
  ares_share rows = {0, a->rows}, channels = {0, a->channels};
  if (a->parallel == ARES_ROWS) {
    rows = ares_share_of(a->rows, 1);
  } else {
    channels = ares_share_of(a->channels, 1);
  }
  for (int32_t row = rows.begin; row < rows.end; ++row) {
    for (int32_t column = 0; column < a->columns; ++column) {
      const int32_t pixel = row * a->columns + column;
      for (int32_t c = channels.begin; c < channels.end; ++c) {
        const int32_t acc = window_sum(a, in + c, pitch, row, column, c);
        ares_write_output(&a->requant, ares_params_of(&a->params, c), acc, a->out, pixel * a->out_pitch + c);
      }
    }
  }
}

static void depthwise_worker(const void* arguments) {
  const ares_depthwise_args* const a = arguments;
  if (a->padded != NULL) {
    ares_copy_padded(a->in, a->in_pitch, a->padded, a->in_rows, a->in_columns, a->channels, &a->padding,
                     a->padding_value);
  } else {
    ares_fill_border(a->in, a->in_rows, a->in_columns, a->in_pitch, &a->padding, a->padding_value);
  }
  if (!ares_depthwise_fast(a)) plain_depthwise(a);
}

void ares_depthwise(const ares_depthwise_args* a) { ares_start(depthwise_worker, a); }
