// Depthwise 3x3 on four channels at a time. With stride 1 in strips of four columns, in assembler. Else pixel by pixel:
// a column of the window is three words of four channels; transposed, it is one word of three rows per channel, which
// serves the three outputs that see the column.
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

// ---- four columns at a time, down a strip of rows ----

enum { STRIP_COLUMNS = 4, MOST_ROWS = 9, WORDS_OF_ROW = 2 * CHANNELS };

// The order of the fields is known to ares_depthwise_strip.S. Of a channel: per window row its weights as
// (w0, w1, w2, 0) and (0, w0, w1, w2).
typedef struct {
  uint32_t weights[2 * COLUMNS];
  int32_t m, B;
  const uint32_t* row;
  uint8_t* out;
} ares_depthwise_record;

typedef struct {
  const uint8_t* in;                  // window of the first output
  int32_t in_step, in_back, in_rows;  // to the next pixel, from the last of six to the next row's first
  uint32_t* scratch;                  // WORDS_OF_ROW words a row
  int32_t out_step, out_back;         // to the next pixel, from the last of four to the next row's first
  int32_t triples, rest;              // of output rows
  int32_t shift, high, pre_shift;
  int32_t channels;
  const ares_depthwise_record* records;
} ares_depthwise_strip_args;

void ares_depthwise_strip_narrow(ares_depthwise_strip_args* strip);
void ares_depthwise_strip_wide(ares_depthwise_strip_args* strip);

static void load_records(const ares_depthwise_args* a, int32_t channel, const uint32_t* scratch,
                         ares_depthwise_record* to) {
  for (int32_t i = 0; i < CHANNELS; ++i, ++to) {
    const uint8_t* w = (const uint8_t*)a->weights + (channel + i) * a->channel_bytes;
    for (int32_t row = 0; row < COLUMNS; ++row, w += COLUMNS) {
      const uint32_t word = w[0] | (uint32_t)w[1] << 8 | (uint32_t)w[2] << 16;
      to->weights[2 * row] = word;
      to->weights[2 * row + 1] = word << 8;
    }
    const ares_channel_params p = ares_params_of(&a->params, channel + i);
    to->m = p.m;
    to->B = p.B;
    to->row = scratch + 2 * i;
  }
}

// Rows of the chunks that rows are cut into, in threes: a chunk costs some rows more, and the busiest worker counts.
static int32_t rows_of_chunk(int32_t rows, int32_t strips) {
  enum { AT_ONCE = 3, MORE_ROWS = 5 };
  int32_t best = AT_ONCE, least = INT32_MAX;
  for (int32_t each = AT_ONCE; each <= MOST_ROWS; each += AT_ONCE) {
    const int32_t chunks = (rows + each - 1) / each;
    const int32_t time = (strips * chunks + ares_team() - 1) / ares_team() * (ares_min(each, rows) + MORE_ROWS);
    if (time < least) best = each, least = time;
    if (each >= rows) break;
  }
  return best;
}

// Strips of all groups of channels; columns that do not fill a strip are part of two.
static __attribute__((noinline)) void run_strips(const ares_depthwise_args* a) {
  uint32_t scratch[(MOST_ROWS + 2) * WORDS_OF_ROW];
  ares_depthwise_record records[CHANNELS];
  const int32_t pixel = a->channels, in_row = a->in_columns * pixel, out_row = a->columns * pixel;
  const int32_t across = (a->columns + STRIP_COLUMNS - 1) / STRIP_COLUMNS;
  const int32_t each = rows_of_chunk(a->rows, pixel / CHANNELS * across), chunks = (a->rows + each - 1) / each;
  const int32_t strips = chunks * across;
  const ares_share mine = ares_share_of(pixel / CHANNELS * strips, 1);
  int32_t channel = mine.begin / strips * CHANNELS, strip = mine.begin - channel / CHANNELS * strips;
  int32_t column = strip / chunks, chunk = strip - column * chunks;
  ares_depthwise_strip_args s = {.in_step = pixel,
                                 .in_back = in_row - (STRIP_COLUMNS + 1) * pixel,
                                 .scratch = scratch,
                                 .out_step = pixel,
                                 .out_back = out_row - (STRIP_COLUMNS - 1) * pixel,
                                 .shift = a->requant.shift,
                                 .high = a->requant.hi,
                                 .pre_shift = a->requant.pre_shift};
  bool loaded = false;
  for (int32_t i = mine.begin; i < mine.end; ++i) {
    if (!loaded) load_records(a, channel, scratch, records);
    loaded = true;
    const int32_t x = ares_min(column * STRIP_COLUMNS, a->columns - STRIP_COLUMNS), y = chunk * each;
    const int32_t rows = ares_min(each, a->rows - y);
    s.in = a->in + y * in_row + x * pixel + channel;
    s.in_rows = rows + 2;
    s.scratch = scratch;
    uint8_t* const out = (uint8_t*)a->out + y * out_row + x * pixel + channel;
    for (int32_t c = 0; c < CHANNELS; ++c) records[c].out = out + c;
    s.triples = rows / 3;
    s.rest = rows - 3 * s.triples;
    s.channels = CHANNELS;
    s.records = records;
    if (a->requant.form == ARES_NARROW) {
      ares_depthwise_strip_narrow(&s);
    } else {
      ares_depthwise_strip_wide(&s);
    }
    if (++chunk < chunks) continue;
    chunk = 0;
    if (++column < across) continue;
    column = 0;
    channel += CHANNELS;
    loaded = false;
  }
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
      run_row(a, &g, a->in + y * a->window.sh * a->in_columns * a->channels + c,
              (uint8_t*)a->out + y * a->columns * a->channels + c);
    }
  }
}

bool ares_depthwise_fast(const ares_depthwise_args* a) {
  const ares_window* const w = &a->window;
  const ares_requant* const r = &a->requant;
  if (w->kh != 3 || w->kw != COLUMNS || w->dh != 1 || w->dw != 1) return false;
  if (a->channels % CHANNELS != 0 || a->params.words != 2 || ares_output_bytes(r) != 1) return false;
  const bool plain = r->form != ARES_RAW && r->rounding == ARES_HALF_UP && r->lo == 0;
  if (plain && w->sh == 1 && w->sw == 1 && a->columns >= STRIP_COLUMNS) {
    run_strips(a);
    return true;
  }
  run_lines(a);
  return true;
}
