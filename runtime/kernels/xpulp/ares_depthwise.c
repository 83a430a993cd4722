// Depthwise 3x3 on four channels at a time. With strides 1 and 2 in strips of columns, in assembler. Else pixel by
// pixel: a column of the window is three words of four channels; transposed, it is one word of three rows per channel,
// which serves the three outputs that see the column.
#include <stddef.h>

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
  const int32_t pixel = a->pitch, row = a->in_columns * pixel, step = a->window.sw * pixel;
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

// ---- some columns at a time, down a strip of rows ----

enum { MOST_IN_ROWS = 18, MOST_WORDS_OF_ROW = 2 * CHANNELS };

// Of a channel: per window row its weights as (w0, w1, w2, 0) and (0, w0, w1, w2).
typedef struct {
  uint32_t weights[2 * COLUMNS];
  int32_t m, B;
} channel_record;

// Strips side by side. The order of the fields is known to ares_depthwise_strip.S.
typedef struct {
  const uint8_t* in;         // window of the first output
  int32_t in_back, in_rows;  // from a row's last pixel to the next row's first
  int32_t in_next;           // from behind a strip's last row to the next strip
  int32_t row_back;          // from behind a channel's last row in `scratch` to the next channel's first
  uint8_t* out;
  int32_t step;                    // to the next pixel, of inputs and outputs
  int32_t out_back;                // from a row's last to the next row's first
  int32_t out_channel, out_next;   // from behind a channel's last row to the next channel; to the next strip
  int32_t pairs, rest;             // of output rows; stride 2: output rows
  int32_t shift, high, pre_shift;  // as in ares_tiles.h
  int32_t strips;                  // how many
  channel_record records[CHANNELS];
  uint32_t scratch[MOST_IN_ROWS * MOST_WORDS_OF_ROW];  // a channel's words of a row after the other's
} ares_depthwise_strips;
_Static_assert(offsetof(ares_depthwise_strips, records) == 64 && offsetof(ares_depthwise_strips, scratch) == 192,
               "known to ares_depthwise_strip.S");

typedef void (*strips_function)(ares_depthwise_strips* strips);
void ares_depthwise_strips_narrow(ares_depthwise_strips* strips);
void ares_depthwise_strips_wide(ares_depthwise_strips* strips);
void ares_depthwise_half_strips_narrow(ares_depthwise_strips* strips);
void ares_depthwise_half_strips_wide(ares_depthwise_strips* strips);
void ares_depthwise_strips2_narrow(ares_depthwise_strips* strips);
void ares_depthwise_strips2_wide(ares_depthwise_strips* strips);
void ares_depthwise_half_strips2_narrow(ares_depthwise_strips* strips);
void ares_depthwise_half_strips2_wide(ares_depthwise_strips* strips);

static strips_function strips_of(bool narrow, bool half, int32_t stride) {
  if (stride == 1) {
    if (half) return narrow ? ares_depthwise_half_strips_narrow : ares_depthwise_half_strips_wide;
    return narrow ? ares_depthwise_strips_narrow : ares_depthwise_strips_wide;
  }
  if (half) return narrow ? ares_depthwise_half_strips2_narrow : ares_depthwise_half_strips2_wide;
  return narrow ? ares_depthwise_strips2_narrow : ares_depthwise_strips2_wide;
}

// How a row's columns are cut: whole strips, then what is left, in half strips where those are enough or a whole one
// would not fit. Strips that would end behind the row begin earlier.
typedef struct {
  int32_t half_columns;    // of half a strip: 2; with stride 2 1
  int32_t wholes, across;  // strips before what is left; with it
  bool half_left;
} cut;

static inline cut cut_of(const ares_depthwise_args* a) {
  const int32_t shift = a->window.sw == 1 ? 1 : 0, wholes = a->columns >> (shift + 1);
  const int32_t halves = (a->columns - (wholes << (shift + 1)) + shift) >> shift;
  const bool half_left = wholes == 0 || halves == 1;
  const cut c = {1 << shift, wholes, wholes + (half_left ? halves : halves >> 1), half_left};
  return c;
}

static void load_records(const ares_depthwise_args* a, int32_t channel, channel_record* to) {
  for (int32_t i = 0; i < CHANNELS; ++i, ++to) {
    const uint8_t* w = (const uint8_t*)a->weights + (channel + i) * a->channel_bytes;
    for (int32_t row = 0; row < COLUMNS; ++row, w += COLUMNS) {
      const uint32_t behind_zero = ares_load_word(w) << 8;
      to->weights[2 * row] = behind_zero >> 8;
      to->weights[2 * row + 1] = behind_zero;
    }
    const ares_channel_params p = ares_params_of(&a->params, channel + i);
    to->m = p.m;
    to->B = p.B;
  }
}

// Rows of the chunks that rows are cut into: as few chunks as `most` allows, or some more where the busiest worker ends
// sooner: it has a part of the strips, and a chunk costs some rows more.
static int32_t rows_of_chunk(int32_t rows, int32_t strips, int32_t most) {
  enum { MORE_ROWS = 3, TRIED = 4 };
  const int32_t fewest = rows <= most ? 1 : (rows + most - 1) / most;
  int32_t best = 0, least = INT32_MAX;
  for (int32_t chunks = fewest; chunks < fewest + TRIED && chunks <= rows; ++chunks) {
    const int32_t busiest = (strips * chunks + ares_team() - 1) / ares_team();
    const int32_t each = chunks == 1 ? rows : (rows + chunks - 1) / chunks, time = busiest * (each + MORE_ROWS);
    if (time < least) best = each, least = time;
    if (busiest * ares_team() == strips * chunks) break;  // nobody waits
  }
  return best;
}

// The steps from pixel to pixel, row to row and strip to strip, of strips of `rows` rows and `columns` columns, each
// row of which is `words` words when it is transposed.
static void set_steps(ares_depthwise_strips* s, const ares_depthwise_args* a, int32_t columns, int32_t words,
                      int32_t rows) {
  const int32_t pixel = a->pitch, in_row = a->in_columns * pixel, out_row = a->columns * pixel;
  const int32_t stride = a->window.sw;
  s->in_back = in_row - (1 + 2 * words) * pixel;
  s->in_rows = stride * (rows - 1) + 3;
  s->in_next = stride * columns * pixel - s->in_rows * in_row;
  s->row_back = (1 - s->in_rows * CHANNELS) * words * 4;
  s->out_back = out_row - (columns - 1) * pixel;
  s->out_channel = 1 - rows * out_row;
  s->out_next = columns * pixel - CHANNELS;
  s->pairs = stride == 1 ? rows / 2 : rows;
  s->rest = rows % 2;
}

// Strips of all groups of channels. Words of pixels behind a row, which meet zeros, are read.
static __attribute__((noinline)) void run_strips(const ares_depthwise_args* a) {
  const int32_t pixel = a->pitch, stride = a->window.sw, in_row = a->in_columns * pixel;
  const int32_t most = stride == 1 ? MOST_IN_ROWS - 2 : MOST_IN_ROWS / 2 - 1;
  const cut c = cut_of(a);
  const int32_t each = rows_of_chunk(a->rows, a->channels / CHANNELS * c.across, most);
  const int32_t strips = (each == a->rows ? 1 : (a->rows + each - 1) / each) * c.across;
  const ares_share mine = ares_share_of(a->channels / CHANNELS * strips, 1);
  int32_t channel = mine.begin / strips * CHANNELS, strip = mine.begin - channel / CHANNELS * strips;
  int32_t chunk = strip / c.across, column = strip - chunk * c.across;
  ares_depthwise_strips s;
  s.step = pixel;
  s.shift = a->requant.shift;
  s.high = a->requant.hi;
  s.pre_shift = a->requant.pre_shift;
  int32_t set_rows = 0, set_columns = 0;
  bool loaded = false;
  for (int32_t left = mine.end - mine.begin; left > 0;) {
    if (!loaded) load_records(a, channel, s.records);
    loaded = true;
    const bool half = c.half_left && column >= c.wholes;
    const int32_t columns = half ? c.half_columns : 2 * c.half_columns;
    const int32_t before = half ? (c.wholes + column) * columns : column * columns;
    const int32_t x = ares_min(before, a->columns - columns), y = chunk * each, rows = ares_min(each, a->rows - y);
    if (set_rows != rows || set_columns != columns) set_steps(&s, a, columns, half ? 1 : 2, rows);
    set_rows = rows;
    set_columns = columns;
    s.in = a->in + stride * (y * in_row + x * pixel) + channel;
    s.out = (uint8_t*)a->out + (y * a->columns + x) * pixel + channel;
    const int32_t strips_now = column < c.wholes ? ares_min(c.wholes - column, left) : 1;
    s.strips = strips_now;
    strips_of(a->requant.form == ARES_NARROW, half, stride)(&s);
    left -= strips_now;
    column += strips_now;
    if (column < c.across) continue;
    column = 0;
    if (++chunk * each < a->rows) continue;
    chunk = 0;
    channel += CHANNELS;
    loaded = false;
  }
}

// Whether strips do it.
static bool strips(const ares_depthwise_args* a) {
  const ares_requant* const r = &a->requant;
  const int32_t stride = a->window.sw, narrowest = stride == 1 ? 2 : 1;
  if (r->form == ARES_RAW || r->rounding != ARES_HALF_UP || r->lo != 0) return false;
  if (stride > 2 || a->window.sh != stride || a->columns < narrowest) return false;
  run_strips(a);
  return true;
}

// Rows of four channels, one after the other: even shares whatever the numbers of rows and channels are, and workers
// that begin in different channels, which often lie in different banks.
static __attribute__((noinline)) void run_lines(const ares_depthwise_args* a) {
  const ares_share mine = ares_share_of(a->channels / CHANNELS * a->rows, 1);
  for (int32_t i = mine.begin; i < mine.end;) {
    const int32_t c = i / a->rows * CHANNELS, row = i % a->rows;
    const ares_share rows = {row, ares_min(a->rows, row + mine.end - i)};
    const group g = load_group(a, c);
    i += rows.end - rows.begin;
    for (int32_t y = rows.begin; y < rows.end; ++y) {
      run_row(a, &g, a->in + y * a->window.sh * a->in_columns * a->pitch + c,
              (uint8_t*)a->out + y * a->columns * a->pitch + c);
    }
  }
}

bool ares_depthwise_fast(const ares_depthwise_args* a) {
  const ares_window* const w = &a->window;
  const ares_requant* const r = &a->requant;
  if (w->kh != 3 || w->kw != COLUMNS || w->dh != 1 || w->dw != 1) return false;
  if (a->channels % CHANNELS != 0 || a->pitch % CHANNELS != 0 || a->params.words != 2 || ares_output_bytes(r) != 1)
    return false;
  if (!strips(a)) run_lines(a);
  return true;
}
