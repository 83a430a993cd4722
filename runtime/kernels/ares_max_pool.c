#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

static uint8_t maximum_at(const ares_max_pool_args* a, int32_t row, int32_t column, int32_t channel) {
  const ares_window* const w = &a->window;
  uint8_t best = 0;
  for (int32_t y = 0; y < w->kh; ++y) {
    for (int32_t x = 0; x < w->kw; ++x) {
      const int32_t at = (row * w->sh + y * w->dh) * a->in_columns + column * w->sw + x * w->dw;
      const uint8_t value = a->in[at * a->channels + channel];
      if (value > best) best = value;
    }
  }
  return best;
}

static void max_pool_worker(const void* arguments) {
  const ares_max_pool_args* const a = arguments;
  // 0 is the lowest stored value: it never wins, and no window holds padding alone.
  ares_fill_border(a->in, a->in_rows, a->in_columns, a->channels, &a->padding, 0);

  if (ares_max_pool_fast(a)) return;
  ares_share pixels = {0, a->rows * a->columns}, channels = {0, a->channels};
  if (a->parallel == ARES_ROWS) {
    const ares_share rows = ares_share_of(a->rows, 1);
    pixels.begin = rows.begin * a->columns;
    pixels.end = rows.end * a->columns;
  } else if (a->parallel == ARES_PIXELS) {
    pixels = ares_share_of(a->rows * a->columns, 1);
  } else {
    channels = ares_share_of(a->channels, 1);
  }
  for (int32_t pixel = pixels.begin; pixel < pixels.end; ++pixel) {
    for (int32_t c = channels.begin; c < channels.end; ++c) {
      a->out[pixel * a->channels + c] = maximum_at(a, pixel / a->columns, pixel % a->columns, c);
    }
  }
}

void ares_max_pool(const ares_max_pool_args* a) { ares_start(max_pool_worker, a); }
