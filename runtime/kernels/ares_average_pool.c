#include "kernels/ares_element.h"
#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

// The positions of a window inside the tensor along one axis: `count` of them, from `first` on, in the input tile.
typedef struct {
  int32_t first, count;
} taps;

// The window begins at `start` of an axis whose positions [begin, end) lie inside the tensor.
static taps taps_inside(int32_t start, int32_t kernel, int32_t dilation, int32_t begin, int32_t end) {
  const int32_t skipped = start < begin ? (begin - start + dilation - 1) / dilation : 0;
  const int32_t last = start < end ? (end - 1 - start) / dilation : -1;
  const taps t = {start + skipped * dilation, ares_min(last, kernel - 1) - skipped + 1};
  return t;
}

static void average_pixel(const ares_average_pool_args* a, int32_t pixel, ares_share channels) {
  const ares_window* const w = &a->window;
  const taps rows =
      taps_inside(pixel / a->columns * w->sh, w->kh, w->dh, a->padding.top, a->in_rows - a->padding.bottom);
  const taps columns =
      taps_inside(pixel % a->columns * w->sw, w->kw, w->dw, a->padding.left, a->in_columns - a->padding.right);
  const ares_channel_params params = a->params[a->counts == 1 ? 0 : rows.count * columns.count - 1];
  for (int32_t c = channels.begin; c < channels.end; ++c) {
    int32_t sum = 0;
    for (int32_t y = 0; y < rows.count; ++y) {
      const int32_t row = (rows.first + y * w->dh) * a->in_columns;
      for (int32_t x = 0; x < columns.count; ++x) {
        sum += ares_element(a->in, a->in_type, (row + columns.first + x * w->dw) * a->channels + c);
      }
    }
    a->out[pixel * a->channels + c] = (uint8_t)ares_requantise(&a->requant, params, sum);
  }
}

static void average_pool_worker(const void* arguments) {
  const ares_average_pool_args* const a = arguments;
  if (a->in_type == ARES_U8 && ares_average_pool_fast(a)) return;
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
  for (int32_t pixel = pixels.begin; pixel < pixels.end; ++pixel) average_pixel(a, pixel, channels);
}

void ares_average_pool(const ares_average_pool_args* a) { ares_start(average_pool_worker, a); }
