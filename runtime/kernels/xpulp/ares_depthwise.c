// Depthwise 3x3 on four channels at a time. A column of the window is three words of four channels; transposed, it is
// one word of three rows per channel, which serves the three outputs that see the column.
#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

enum { CHANNELS = 4, COLUMNS = 3 };

typedef struct {
  uint32_t channel[CHANNELS];  // rows 0, 1, 2 of a column; the fourth byte meets a zero weight
} column;

static inline __attribute__((always_inline)) column load_column(const uint8_t* at, int32_t row_bytes) {
  const uint32_t r0 = ares_load_word(at), r1 = ares_load_word(at + row_bytes), r2 = ares_load_word(at + 2 * row_bytes);
  const uint32_t low = ares_shuffle(r1, r0, 0x05010400), high = ares_shuffle(r1, r0, 0x07030602);
  const column c = {{ares_shuffle(r2, low, 0x04040100), ares_shuffle(r2, low, 0x05050302),
                     ares_shuffle(r2, high, 0x06060100), ares_shuffle(r2, high, 0x07070302)}};
  return c;
}

typedef struct {
  uint32_t weights[COLUMNS][CHANNELS];
  ares_channel_params params[CHANNELS];
  const ares_requant* requant;
  int32_t plain;  // narrow, half up, lower bound 0
} group;

static __attribute__((noinline)) int32_t other_form(const group* g, int32_t i, int32_t acc) {
  return ares_requantise(g->requant, g->params[i], acc);
}

static inline __attribute__((always_inline)) uint32_t output(const group* g, const column* a, const column* b,
                                                             const column* c) {
  uint32_t word = 0;
#pragma GCC unroll 8
  for (int32_t i = 0; i < CHANNELS; ++i) {
    int32_t acc = ares_dot_u8s8(0, a->channel[i], g->weights[0][i]);
    acc = ares_dot_u8s8(acc, b->channel[i], g->weights[1][i]);
    acc = ares_dot_u8s8(acc, c->channel[i], g->weights[2][i]);
    int32_t y;
    if (g->plain) {
      y = ares_clip(ares_add_shift(acc * g->params[i].m, g->params[i].B, g->requant->shift), g->requant->hi);
    } else {
      y = other_form(g, i, acc);
    }
    word |= (uint32_t)(uint8_t)y << (8 * i);
  }
  return word;
}

static void run_row(const ares_depthwise_args* a, const group* g, const uint8_t* in, uint8_t* out) {
  const int32_t pixel = a->channels, row = a->in_columns * a->channels, step = a->window.sw * pixel;
  if (a->window.sw != 1) {
    for (int32_t x = 0; x < a->columns; ++x, in += step, out += pixel) {
      const column c0 = load_column(in, row), c1 = load_column(in + pixel, row), c2 = load_column(in + 2 * pixel, row);
      ares_store_word(out, output(g, &c0, &c1, &c2));
    }
    return;
  }
  column c0 = load_column(in, row), c1 = load_column(in + pixel, row);
  in += 2 * pixel;
  for (int32_t x = 0; x < a->columns; ++x, in += pixel, out += pixel) {
    const column c2 = load_column(in, row);
    ares_store_word(out, output(g, &c0, &c1, &c2));
    c0 = c1;
    c1 = c2;
  }
}

#ifdef ARES_XPULP
// The order of the fields is known to ares_depthwise_row.S.
typedef struct {
  const uint8_t* in;  // window of the first output
  int32_t row_bytes;
  int32_t back;  // from a column's last row to the next column's first
  uint8_t* out;
  int32_t step;  // bytes to the next output
  int32_t count;
  int32_t shift, high;
  uint32_t weights[COLUMNS][CHANNELS];
  int32_t m[CHANNELS], B[CHANNELS];
} ares_depthwise_strip;

void ares_depthwise_row(ares_depthwise_strip* strip);

static void run_rows(const ares_depthwise_args* a, const group* g, ares_share rows, int32_t channel) {
  const int32_t row = a->in_columns * a->channels;
  ares_depthwise_strip strip = {.row_bytes = row,
                                .back = a->channels - 2 * row,
                                .step = a->channels,
                                .count = a->columns,
                                .shift = a->requant.shift,
                                .high = a->requant.hi};
  for (int32_t i = 0; i < CHANNELS; ++i) {
    for (int32_t x = 0; x < COLUMNS; ++x) strip.weights[x][i] = g->weights[x][i];
    strip.m[i] = g->params[i].m;
    strip.B[i] = g->params[i].B;
  }
  for (int32_t y = rows.begin; y < rows.end; ++y) {
    strip.in = a->in + y * a->window.sh * row + channel;
    strip.out = (uint8_t*)a->out + y * a->columns * a->channels + channel;
    ares_depthwise_row(&strip);
  }
}
#endif

static group load_group(const ares_depthwise_args* a, int32_t channel) {
  group g = {.requant = &a->requant};
  g.plain = a->requant.form == ARES_NARROW && a->requant.rounding == ARES_HALF_UP && a->requant.lo == 0;
#pragma GCC unroll 8
  for (int32_t i = 0; i < CHANNELS; ++i) {
    const uint8_t* const w = (const uint8_t*)a->weights + (channel + i) * a->channel_bytes;
#pragma GCC unroll 8
    for (int32_t x = 0; x < COLUMNS; ++x) {
      g.weights[x][i] = w[x] | (uint32_t)w[COLUMNS + x] << 8 | (uint32_t)w[2 * COLUMNS + x] << 16;
    }
    g.params[i] = ares_params_of(&a->params, channel + i);
  }
  return g;
}

bool ares_depthwise_fast(const ares_depthwise_args* a) {
  const ares_window* const w = &a->window;
  if (w->kh != 3 || w->kw != COLUMNS || w->dh != 1 || w->dw != 1) return false;
  if (a->channels % CHANNELS != 0 || a->params.words != 2 || ares_output_bytes(&a->requant) != 1) return false;
  // Rows of four channels, one after the other: even shares whatever the numbers of rows and channels are, and workers
  // that begin in different channels, which often lie in different banks.
  const ares_share mine = ares_share_of(a->channels / CHANNELS * a->rows, 1);
  for (int32_t i = mine.begin; i < mine.end;) {
    const int32_t c = i / a->rows * CHANNELS, row = i % a->rows;
    const ares_share rows = {row, ares_min(a->rows, row + mine.end - i)};
    const group g = load_group(a, c);
    i += rows.end - rows.begin;
#ifdef ARES_XPULP
    if (g.plain && w->sw == 1) {
      run_rows(a, &g, rows, c);
      continue;
    }
#endif
    for (int32_t y = rows.begin; y < rows.end; ++y) {
      run_row(a, &g, a->in + y * w->sh * a->in_columns * a->channels + c,
              (uint8_t*)a->out + y * a->columns * a->channels + c);
    }
  }
  return true;
}
