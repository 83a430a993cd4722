#include <string.h>

#include "kernels/ares_share.h"

static void fill_all(const ares_rearrange_args* a) {
  const ares_share mine = ares_share_of(a->in_rows * a->in_columns * a->in_channels, 4);
  if (mine.end > mine.begin) memset(a->in + mine.begin, a->padding_value, (size_t)(mine.end - mine.begin));
  ares_barrier();
}

static void move_pixel(const ares_rearrange_args* a, const uint8_t* in, uint8_t* out, int32_t jump, ares_share mine) {
  const int32_t repeat = a->repeat[2];
  for (int32_t c = mine.begin; c < mine.end; ++c) {
    const uint8_t v = in[c / repeat * jump];
    out[c] = a->map != NULL ? a->map[v] : v;
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
  const int32_t counts[3] = {a->rows / a->repeat[0], a->columns / a->repeat[1], a->channels / a->repeat[2]};
  const uint8_t* in = a->in;
  for (int32_t i = 0; i < 3; ++i) {
    jump[i] = a->step[i] * pitch[a->source[i]];
    if (jump[i] < 0) in -= (counts[i] - 1) * jump[i];
  }
  ares_share pixels = {0, a->rows * a->columns}, channels = {0, a->channels};
  if (a->parallel == ARES_CHANNELS_OUT) {
    channels = ares_share_of(a->channels, 4);
  } else {
    pixels = ares_share_of(pixels.end, 1);
  }
  for (int32_t pixel = pixels.begin; pixel < pixels.end; ++pixel) {
    const int32_t row = pixel / a->columns / a->repeat[0], column = pixel % a->columns / a->repeat[1];
    move_pixel(a, in + row * jump[0] + column * jump[1], a->out + pixel * a->channels, jump[2], channels);
  }
}

void ares_rearrange(const ares_rearrange_args* a) { ares_start(rearrange_worker, a); }
