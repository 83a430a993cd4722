// Pools on four channels at a time.
#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// What a worker does: all channels of some pixels, or some channels of all pixels.
typedef struct {
  ares_share pixels, channels;
} part;

static part part_of(ares_parallel parallel, int32_t rows, int32_t columns, int32_t channels) {
  part p = {{0, rows * columns}, {0, channels}};
  if (parallel == ARES_ROWS) {
    const ares_share mine = ares_share_of(rows, 1);
    p.pixels.begin = mine.begin * columns;
    p.pixels.end = mine.end * columns;
  } else if (parallel == ARES_PIXELS) {
    p.pixels = ares_share_of(rows * columns, 1);
  } else {
    p.channels = ares_share_of(channels, 4);
  }
  return p;
}

static uint32_t max_word(const uint8_t* in, const ares_window* w, int32_t row_step, int32_t pixel_step) {
  uint32_t best = 0;
  for (int32_t y = 0; y < w->kh; ++y) {
    const uint8_t* at = in + y * row_step;
    for (int32_t x = 0; x < w->kw; ++x, at += pixel_step) best = ares_max_u8(best, ares_load_word(at));
  }
  return best;
}

// The window of 2x2, `bytes` channels.
static void max_of_four(const uint8_t* in, int32_t row_step, int32_t pixel_step, uint8_t* out, int32_t bytes) {
  const uint8_t *a = in, *b = in + pixel_step, *c = in + row_step, *d = in + row_step + pixel_step;
  const uint8_t* const end = out + bytes;
  for (; out + 8 <= end; a += 8, b += 8, c += 8, d += 8, out += 8) {
    const uint32_t a0 = ares_load_word(a), b0 = ares_load_word(b), c0 = ares_load_word(c), d0 = ares_load_word(d);
    const uint32_t a1 = ares_load_word(a + 4), b1 = ares_load_word(b + 4), c1 = ares_load_word(c + 4);
    const uint32_t d1 = ares_load_word(d + 4);
    ares_store_word(out, ares_max_u8(ares_max_u8(a0, b0), ares_max_u8(c0, d0)));
    ares_store_word(out + 4, ares_max_u8(ares_max_u8(a1, b1), ares_max_u8(c1, d1)));
  }
  if (out == end) return;
  const uint32_t top = ares_max_u8(ares_load_word(a), ares_load_word(b));
  ares_store_word(out, ares_max_u8(top, ares_max_u8(ares_load_word(c), ares_load_word(d))));
}

bool ares_max_pool_fast(const ares_max_pool_args* a) {
  if (a->channels % 4 != 0) return false;
  const ares_window* const w = &a->window;
  const part p = part_of(a->parallel, a->rows, a->columns, a->channels);
  const int32_t row_bytes = a->in_columns * a->channels;
  const int32_t row_step = w->dh * row_bytes, pixel_step = w->dw * a->channels;
  int32_t row = p.pixels.begin / a->columns, column = p.pixels.begin % a->columns;
  for (int32_t pixel = p.pixels.begin; pixel < p.pixels.end; ++pixel) {
    const uint8_t* const in = a->in + row * w->sh * row_bytes + column * w->sw * a->channels;
    uint8_t* const out = a->out + pixel * a->channels;
    if (++column == a->columns) {
      column = 0;
      ++row;
    }
    if (w->kh == 2 && w->kw == 2) {
      max_of_four(in + p.channels.begin, row_step, pixel_step, out + p.channels.begin,
                  p.channels.end - p.channels.begin);
      continue;
    }
    for (int32_t c = p.channels.begin; c < p.channels.end; c += 4) {
      ares_store_word(out + c, max_word(in + c, w, row_step, pixel_step));
    }
  }
  return true;
}

// Adds the four bytes of a word to four sums.
static inline __attribute__((always_inline)) void add_bytes(int32_t* sums, uint32_t word) {
#pragma GCC unroll 4
  for (int32_t i = 0; i < 4; ++i) sums[i] = ares_dot_u8s8(sums[i], word, 1u << (8 * i));
}

// Sums of four channels over a window that lies inside the tensor. Four columns at a time, loads ahead of their uses.
static void sum_window(const ares_average_pool_args* a, const uint8_t* in, int32_t* result) {
  const int32_t step = a->window.dw * a->channels, row_step = a->window.dh * a->in_columns * a->channels;
  const int32_t columns = a->window.kw;
  int32_t sums[4] = {0, 0, 0, 0};
  for (int32_t y = a->window.kh; y > 0; --y, in += row_step) {
    const uint8_t* at = in;
    int32_t x = columns;
    for (; x >= 4; x -= 4) {
      const uint32_t w0 = ares_load_word(at), w1 = ares_load_word(at + step);
      const uint32_t w2 = ares_load_word(at + 2 * step), w3 = ares_load_word(at + 3 * step);
      add_bytes(sums, w0);
      add_bytes(sums, w1);
      add_bytes(sums, w2);
      add_bytes(sums, w3);
      at += 4 * step;
    }
    for (; x > 0; --x, at += step) add_bytes(sums, ares_load_word(at));
  }
#pragma GCC unroll 4
  for (int32_t i = 0; i < 4; ++i) result[i] = sums[i];
}

bool ares_average_pool_fast(const ares_average_pool_args* a) {
  if (a->channels % 4 != 0 || a->counts != 1) return false;
  const part p = part_of(a->parallel, a->rows, a->columns, a->channels);
  for (int32_t pixel = p.pixels.begin; pixel < p.pixels.end; ++pixel) {
    const int32_t row = pixel / a->columns * a->window.sh, column = pixel % a->columns * a->window.sw;
    const uint8_t* const in = a->in + (row * a->in_columns + column) * a->channels;
    uint8_t* const out = a->out + pixel * a->channels;
    for (int32_t c = p.channels.begin; c < p.channels.end; c += 4) {
      int32_t sums[4];
      sum_window(a, in + c, sums);
#pragma GCC unroll 8
      for (int32_t i = 0; i < 4; ++i) out[c + i] = (uint8_t)ares_requantise(&a->requant, a->params[0], sums[i]);
    }
  }
  return true;
}
