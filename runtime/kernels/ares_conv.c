#include <stddef.h>
#include <string.h>

#include "kernels/ares_dense.h"
#include "kernels/ares_dot.h"
#include "kernels/ares_gather.h"
#include "kernels/ares_share.h"

// The first input byte under the window of output pixel (row, column).
static const uint8_t* window_at(const ares_conv_args* a, int32_t row, int32_t column) {
  return a->in + (row * a->window.sh * a->in_columns + column * a->window.sw) * a->in_channels;
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

// What a core with dot product instructions is asked for, but for the pixels; their inputs are `in_pitch` apart.
static ares_dense dense_of(const ares_conv_args* a, int32_t in_pitch, ares_share channels) {
  const ares_window* const w = &a->window;
  const bool slides = a->blocking.style == ARES_SLIDE;
  const int32_t run = a->blocking.style == ARES_IM2COL ? a->channel_bytes : a->in_channels;
  const ares_dense d = {
      .pixel_pitch = in_pitch,
      .runs = slides ? w->kh : 1,
      .run_bytes = slides ? w->kw * a->in_channels : run,
      .columns = slides ? w->kw : 0,
      .run_pitch = slides ? w->dh * a->in_columns * a->in_channels : 0,
      .weights = a->weights + channels.begin * a->channel_bytes,
      .channels = channels.end - channels.begin,
      .channel_bytes = a->channel_bytes,
      .used_bytes = a->blocking.style == ARES_GEMM ? (run + 3) / 4 * 4 : a->channel_bytes,
      .params = {a->params.records + channels.begin * a->params.words, a->params.words},
      .requant = &a->requant,
      .out_pitch = a->channels,
      .blocking = a->blocking,
  };
  return d;
}

// `pixels` pixels from `pixel` on, whose inputs begin at `in`.
static bool fast_pixels(const ares_conv_args* a, ares_dense* d, int32_t pixel, int32_t pixels, const uint8_t* in,
                        ares_share channels) {
  if (a->blocking.style == ARES_SLIDE && a->window.dw != 1) return false;
  d->in = in;
  d->pixels = pixels;
  d->out = (uint8_t*)a->out + (pixel * a->channels + channels.begin) * ares_output_bytes(&a->requant);
  return ares_dense_fast(d);
}

// Pixels [begin, end) in plain C, `gathered` already.
static __attribute__((noinline)) void plain_pixels(const ares_conv_args* a, ares_share pixels, const uint8_t* gathered,
                                                   ares_share channels) {
  ares_block b;
  b.sums_inputs = a->params.words == 3;
  b.pixels = pixels.end - pixels.begin;
  for (int32_t p = 0; p < b.pixels; ++p) {
    const int32_t pixel = pixels.begin + p;
    b.pixel[p] =
        gathered != NULL ? gathered + p * a->channel_bytes : window_at(a, pixel / a->columns, pixel % a->columns);
  }
  block_of_pixels(a, &b, pixels.begin, channels);
}

// Of a pixel in the output tile.
typedef struct {
  int32_t row, column;
} position;

// What gather() does, for windows of three rows of nine bytes.
static __attribute__((noinline)) void gather_windows(const ares_conv_args* a, int32_t count, position* at,
                                                     uint8_t* to) {
  const int32_t row_step = a->window.dh * a->in_columns * a->in_channels, step = a->window.sw * a->in_channels;
  while (count > 0) {
    const int32_t pixels = ares_min(count, a->columns - at->column);
    const uint8_t* from = window_at(a, at->row, at->column);
    const uint8_t* const end = to + pixels * a->channel_bytes;
    for (; to != end; to += a->channel_bytes, from += step) ares_copy_window(to, from, row_step);
    count -= pixels;
    at->column += pixels;
    if (at->column == a->columns) {
      at->column = 0;
      ++at->row;
    }
  }
}

// Copies the windows of `count` pixels into dense rows, from `at` on, which moves on behind them. Behind a window are
// zeros where something but weights of zero meets them; up to three bytes behind the last row may be overwritten.
static void gather(const ares_conv_args* a, int32_t count, position* at, uint8_t* to) {
  const int32_t runs = a->window.dw == 1 ? 1 : a->window.kw, kh = a->window.kh, channel_bytes = a->channel_bytes;
  const int32_t run = runs == 1 ? a->window.kw * a->in_channels : a->in_channels;
  const int32_t row_step = a->window.dh * a->in_columns * a->in_channels, step = a->window.sw * a->in_channels;
  const int32_t run_step = a->window.dw * a->in_channels, behind = channel_bytes - kh * runs * run;
  const bool zeros = a->params.words == 3;
  if (kh == ARES_WINDOW_ROWS && runs == 1 && run == ARES_WINDOW_RUN) {
    gather_windows(a, count, at, to);
    return;
  }
  const uint8_t* from = window_at(a, at->row, at->column);
  for (; count > 0; --count) {
    const uint8_t* row = from;
    if (runs == 1 && run <= ARES_SHORT_RUN && count > 1 && !zeros) {
      // What is copied too much the next row or window overwrites.
      if (run <= ARES_WORD_RUN) {
        for (int32_t y = kh; y > 0; --y, row += row_step, to += run) ares_store_word(to, ares_load_word(row));
      } else {
        for (int32_t y = kh; y > 0; --y, row += row_step, to += run) ares_copy_short(to, row);
      }
    } else {
      for (int32_t y = 0; y < kh; ++y, row += row_step) {
        for (int32_t x = 0; x < runs; ++x, to += run) ares_copy_run(to, row + x * run_step, run);
      }
      if (zeros) memset(to, 0, (size_t)behind);
    }
    to += behind;
    from += step;
    if (++at->column == a->columns) {
      at->column = 0;
      ++at->row;
      from = window_at(a, at->row, 0);
    }
  }
}

// Blocks whose windows are gathered first, as many pixels as there is room for; a block may go on in the next row.
static void gathered_pixels(const ares_conv_args* a, ares_share pixels, ares_share channels) {
  uint8_t* const gathered = a->scratch + ares_worker() * a->scratch_pitch;
  ares_dense d = dense_of(a, a->channel_bytes, channels);
  position at = {pixels.begin / a->columns, 0};
  at.column = pixels.begin - at.row * a->columns;
  for (ares_share block = {pixels.begin, 0}; block.begin < pixels.end; block.begin = block.end) {
    block.end = ares_min(block.begin + a->scratch_pixels, pixels.end);
    gather(a, block.end - block.begin, &at, gathered);
    if (fast_pixels(a, &d, block.begin, block.end - block.begin, gathered, channels)) continue;
    for (ares_share part = {block.begin, 0}; part.begin < block.end; part.begin = part.end) {
      part.end = ares_min(part.begin + a->blocking.pixels, block.end);
      plain_pixels(a, part, gathered + (part.begin - block.begin) * a->channel_bytes, channels);
    }
  }
}

// Pixels whose inputs follow each other at once: those of a row, or all where rows follow each other in the same way.
static void pixels_in_place(const ares_conv_args* a, ares_share pixels, ares_share channels) {
  const bool one_row = a->window.sw == 1 && a->window.sh == 1 && a->in_columns == a->columns;
  const int32_t columns = one_row ? a->rows * a->columns : a->columns;
  ares_dense d = dense_of(a, a->window.sw * a->in_channels, channels);
  int32_t row = one_row ? 0 : pixels.begin / columns, column = pixels.begin - row * columns;
  for (int32_t pixel = pixels.begin; pixel < pixels.end; ++row, column = 0) {
    const ares_share line = {pixel, pixel + ares_min(pixels.end - pixel, columns - column)};
    if (!fast_pixels(a, &d, pixel, line.end - pixel, window_at(a, row, column), channels)) {
      for (ares_share block = line; block.begin < line.end; block.begin = block.end) {
        block.end = ares_min(block.begin + a->blocking.pixels, line.end);
        if (a->blocking.style == ARES_SLIDE) {
          block.end = ares_min(block.end, block.begin + a->columns - block.begin % a->columns);
        }
        plain_pixels(a, block, NULL, channels);
      }
    }
    pixel = line.end;
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
  if (a->blocking.style == ARES_IM2COL) {
    gathered_pixels(a, pixels, channels);
  } else {
    pixels_in_place(a, pixels, channels);
  }
}

void ares_conv(const ares_conv_args* a) { ares_start(conv_worker, a); }
