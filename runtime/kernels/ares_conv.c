#include <string.h>

#include "kernels/ares_dense.h"
#include "kernels/ares_dot.h"
#include "kernels/ares_share.h"

// The first input byte under the window of output pixel (row, column).
static const uint8_t* window_at(const ares_conv_args* a, int32_t row, int32_t column) {
  return a->in + (row * a->window.sh * a->in_columns + column * a->window.sw) * a->in_channels;
}

// Copies the window at `from` into one dense scratch row, zeros behind it.
static void gather(const ares_conv_args* a, const uint8_t* from, uint8_t* row) {
  const ares_window* const w = &a->window;
  const int32_t run = (w->dw == 1 ? w->kw : 1) * a->in_channels, runs = w->dw == 1 ? 1 : w->kw;
  uint8_t* to = row;
  for (int32_t y = 0; y < w->kh; ++y) {
    for (int32_t x = 0; x < runs; ++x) {
      memcpy(to, from + (y * w->dh * a->in_columns + x * w->dw) * a->in_channels, (size_t)run);
      to += run;
    }
  }
  memset(to, 0, (size_t)(a->channel_bytes - (int32_t)(to - row)));
}

// Adds the whole window where it lies: one run of bytes per window row, or per window position where columns are
// dilated.
static void slide(const ares_conv_args* a, ares_block* b, const int8_t* weights) {
  const ares_window* const w = &a->window;
  const int32_t run = (w->dw == 1 ? w->kw : 1) * a->in_channels, runs = w->dw == 1 ? 1 : w->kw;
  for (int32_t y = 0; y < w->kh; ++y) {
    for (int32_t x = 0; x < runs; ++x) {
      const int32_t offset = (y * w->dh * a->in_columns + x * w->dw) * a->in_channels;
      ares_dot(b, offset, weights + (y * runs + x) * run, a->channel_bytes, run);
    }
  }
}

// All channels of [first, last) for the pixels of one block, which begin at `pixel` of the output tile.
static void block_of_pixels(const ares_conv_args* a, ares_block* b, int32_t pixel, ares_share channels) {
  const int32_t run = a->blocking.style == ARES_IM2COL ? a->channel_bytes : a->in_channels;
  for (int32_t c = channels.begin; c < channels.end; c += a->blocking.channels) {
    b->channels = ares_min(a->blocking.channels, channels.end - c);
    const int8_t* const weights = a->weights + c * a->channel_bytes;
    ares_clear(b);
    if (a->blocking.style == ARES_SLIDE) {
      slide(a, b, weights);
    } else {
      ares_dot(b, 0, weights, a->channel_bytes, run);
    }
    for (int32_t p = 0; p < b->pixels; ++p) {
      for (int32_t i = 0; i < b->channels; ++i) {
        const int32_t acc = ares_accumulator(b, i, p, ares_weight_zero(&a->params, c + i));
        ares_write_output(&a->requant, ares_params_of(&a->params, c + i), acc, a->out,
                          (pixel + p) * a->channels + c + i);
      }
    }
  }
}

// What a core with dot product instructions does for `pixels` pixels from `pixel` on, whose inputs are `in_pitch`
// apart.
static bool fast_pixels(const ares_conv_args* a, int32_t pixel, int32_t pixels, const uint8_t* in, int32_t in_pitch,
                        ares_share channels) {
  const ares_window* const w = &a->window;
  const bool slides = a->blocking.style == ARES_SLIDE;
  const int32_t run = a->blocking.style == ARES_IM2COL ? a->channel_bytes : a->in_channels;
  const int32_t element = a->requant.form == ARES_RAW ? 4 : 1;
  const ares_dense d = {
      .in = in,
      .pixels = pixels,
      .pixel_pitch = in_pitch,
      .runs = slides ? w->kh : 1,
      .run_bytes = slides ? w->kw * a->in_channels : run,
      .run_pitch = slides ? w->dh * a->in_columns * a->in_channels : 0,
      .weights = a->weights + channels.begin * a->channel_bytes,
      .channels = channels.end - channels.begin,
      .channel_bytes = a->channel_bytes,
      .params = {a->params.records + channels.begin * a->params.words, a->params.words},
      .requant = &a->requant,
      .out = (uint8_t*)a->out + (pixel * a->channels + channels.begin) * element,
      .out_pitch = a->channels,
      .blocking = a->blocking,
  };
  return (!slides || w->dw == 1) && ares_dense_fast(&d);
}

// Pixels [pixel, end) of one block, or as many as lie side by side in a row: their inputs follow each other.
static void conv_pixels(const ares_conv_args* a, ares_share pixels, ares_share channels) {
  uint8_t* const scratch = a->scratch + ares_core() * a->scratch_pitch;
  const bool gathers = a->blocking.style == ARES_IM2COL;
  ares_block b;
  b.sums_inputs = a->params.words == 3;
  for (int32_t pixel = pixels.begin; pixel < pixels.end;) {
    const int32_t row = pixel / a->columns, column = pixel % a->columns;
    if (!gathers) {
      const int32_t side_by_side = ares_min(pixels.end - pixel, a->columns - column);
      if (fast_pixels(a, pixel, side_by_side, window_at(a, row, column), a->window.sw * a->in_channels, channels)) {
        pixel += side_by_side;
        continue;
      }
    }
    b.pixels = ares_min(a->blocking.pixels, pixels.end - pixel);
    if (a->blocking.style == ARES_SLIDE) b.pixels = ares_min(b.pixels, a->columns - column);
    for (int32_t p = 0; p < b.pixels; ++p) {
      const uint8_t* const from = window_at(a, (pixel + p) / a->columns, (pixel + p) % a->columns);
      b.pixel[p] = from;
      if (gathers) {
        gather(a, from, scratch + p * a->channel_bytes);
        b.pixel[p] = scratch + p * a->channel_bytes;
      }
    }
    if (!gathers || !fast_pixels(a, pixel, b.pixels, scratch, a->channel_bytes, channels)) {
      block_of_pixels(a, &b, pixel, channels);
    }
    pixel += b.pixels;
  }
}

static void conv_worker(const void* arguments) {
  const ares_conv_args* const a = arguments;
  ares_fill_border(a->in, a->in_rows, a->in_columns, a->in_channels, &a->padding, a->padding_value);

  ares_share pixels = {0, a->rows * a->columns}, channels = {0, a->channels};
  if (a->parallel == ARES_ROWS) {
    const ares_share rows = ares_share_of(a->rows, 1);
    pixels.begin = rows.begin * a->columns;
    pixels.end = rows.end * a->columns;
  } else if (a->parallel == ARES_PIXELS) {
    pixels = ares_share_of(a->rows * a->columns, a->blocking.pixels);
  } else {
    channels = ares_share_of(a->channels, a->blocking.channels);
  }
  conv_pixels(a, pixels, channels);
}

void ares_conv(const ares_conv_args* a) { ares_fork(conv_worker, a); }
