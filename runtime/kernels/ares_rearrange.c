#include <string.h>

#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

static void fill_all(const ares_rearrange_args* a) {
  const ares_share mine = ares_share_of(a->in_rows * a->in_columns * a->in_channels, 4);
  if (mine.end > mine.begin) memset(a->in + mine.begin, a->padding_value, (size_t)(mine.end - mine.begin));
  ares_barrier();
}

// Channels [mine.begin, mine.end) of a pixel.
static void move_pixel(const ares_rearrange_args* a, const uint8_t* in, uint8_t* out, int32_t jump, ares_share mine) {
  const int32_t repeat = a->repeat[2];
  const uint8_t* const map = a->map;
  int32_t left = 1;
  if (repeat > 1) left = repeat - mine.begin % repeat;
  in += (repeat > 1 ? mine.begin / repeat : mine.begin) * jump;
  for (int32_t c = mine.begin; c < mine.end; ++c) {
    const uint8_t v = *in;
    out[c] = map != NULL ? map[v] : v;
    if (--left == 0) {
      left = repeat;
      in += jump;
    }
  }
}

static int32_t divided(int32_t i, int32_t repeat) { return repeat > 1 ? i / repeat : i; }

static void move_pixels(const ares_rearrange_args* a, const uint8_t* in, const int32_t* jump) {
  ares_share pixels = {0, a->rows * a->columns}, channels = {0, a->channels};
  if (a->parallel == ARES_CHANNELS_OUT) {
    channels = ares_share_of(a->channels, 4);
  } else {
    pixels = ares_share_of(pixels.end, 1);
  }
  int32_t row = pixels.begin / a->columns, column = pixels.begin % a->columns;
  for (int32_t pixel = pixels.begin; pixel < pixels.end; ++pixel) {
    const uint8_t* const from = in + divided(row, a->repeat[0]) * jump[0] + divided(column, a->repeat[1]) * jump[1];
    move_pixel(a, from, a->out + pixel * a->channels, jump[2], channels);
    if (++column == a->columns) {
      column = 0;
      ++row;
    }
  }
}

static void rearrange_worker(const void* arguments) {
  const ares_rearrange_args* const a = arguments;
  if (a->outside) {
    fill_all(a);
  } else {
    ares_fill_border(a->in, a->in_rows, a->in_columns, a->in_channels, &a->padding, a->padding_value);
  }
  const int32_t pitch[3] = {a->in_columns * a->in_channels, a->in_channels, 1};
  int32_t jump[3];  // bytes of the input tile per source element along each output axis
  const int32_t counts[3] = {divided(a->rows, a->repeat[0]), divided(a->columns, a->repeat[1]),
                             divided(a->channels, a->repeat[2])};
  const uint8_t* in = a->in;
  for (int32_t i = 0; i < 3; ++i) {
    jump[i] = a->step[i] * pitch[a->source[i]];
    if (jump[i] < 0) in -= (counts[i] - 1) * jump[i];
  }
  if (!ares_rearrange_fast(a, in, jump)) move_pixels(a, in, jump);
}

void ares_rearrange(const ares_rearrange_args* a) { ares_start(rearrange_worker, a); }
