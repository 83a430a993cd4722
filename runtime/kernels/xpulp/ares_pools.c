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

// The order of the fields is known to ares_pool_loops.S.
typedef struct {
  const uint8_t *in, *right, *below, *below_right;  // of the first window
  uint8_t* out;
  int32_t words, pixels;  // of channels; windows side by side
  int32_t in_skip, out_skip;
} ares_max_pixels_args;

void ares_max_pixels(ares_max_pixels_args* args);

// Windows of 2x2, row by row of outputs.
static void max_of_four(const ares_max_pool_args* a, const part* p) {
  const ares_window* const w = &a->window;
  const int32_t pixel = a->channels, row_bytes = a->in_columns * pixel, bytes = p->channels.end - p->channels.begin;
  ares_max_pixels_args args = {.words = bytes / 4, .in_skip = w->sw * pixel - bytes, .out_skip = pixel - bytes};
  if (bytes <= 0) return;
  int32_t row = p->pixels.begin / a->columns, column = p->pixels.begin - row * a->columns;
  for (int32_t done = p->pixels.begin; done < p->pixels.end; done += args.pixels, ++row, column = 0) {
    args.pixels = ares_min(a->columns - column, p->pixels.end - done);
    args.in = a->in + row * w->sh * row_bytes + column * w->sw * pixel + p->channels.begin;
    args.right = args.in + w->dw * pixel;
    args.below = args.in + w->dh * row_bytes;
    args.below_right = args.right + w->dh * row_bytes;
    args.out = a->out + done * pixel + p->channels.begin;
    ares_max_pixels(&args);
  }
}

bool ares_max_pool_fast(const ares_max_pool_args* a) {
  if (a->channels % 4 != 0) return false;
  const ares_window* const w = &a->window;
  const part p = part_of(a->parallel, a->rows, a->columns, a->channels);
  if (w->kh == 2 && w->kw == 2) {
    max_of_four(a, &p);
    return true;
  }
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
    for (int32_t c = p.channels.begin; c < p.channels.end; c += 4) {
      ares_store_word(out + c, max_word(in + c, w, row_step, pixel_step));
    }
  }
  return true;
}

enum { AT_ONCE = 256 };  // bytes of which a sum fits into 16 bits
enum { FEW = 16 };       // pixels of a window that are summed without the loop's set-up

// The order of the fields is known to ares_pool_loops.S.
typedef struct {
  const uint8_t* in;
  int32_t step, row_skip;  // to the next word of a row; from one step behind it to the next row
  int32_t columns, rows;
  uint32_t halves, upper;  // result: sums modulo 2^16 of the words' halves, of their upper bytes
} ares_sum_pixels_args;

void ares_sum_pixels(ares_sum_pixels_args* args);

// Adds sums of four channels over `rows` rows of `columns` words, of which args->in is the first.
static void add_pixels(ares_sum_pixels_args* args, int32_t columns, int32_t rows, int32_t row_step, int32_t* sums) {
  args->columns = columns;
  args->row_skip = row_step - (columns + 1) * args->step;
  const int32_t most = columns == AT_ONCE ? 1 : AT_ONCE / columns;
  for (; rows > 0; rows -= args->rows) {
    args->rows = ares_min(rows, most);
    ares_sum_pixels(args);
    args->in += args->rows * row_step;
    const uint32_t lower = args->halves - (args->upper << 8);
    sums[0] += (int32_t)(lower & 0xFFFF);
    sums[1] += (int32_t)(args->upper & 0xFFFF);
    sums[2] += (int32_t)(((args->halves >> 16) - (args->upper >> 16 << 8)) & 0xFFFF);
    sums[3] += (int32_t)(args->upper >> 16);
  }
}

// Sums of four channels over a window that lies inside the tensor.
static void sum_window(const ares_average_pool_args* a, const uint8_t* in, int32_t* sums) {
  const ares_window* const w = &a->window;
  const int32_t row_step = w->dh * a->in_columns * a->channels;
  int32_t columns = w->kw, rows = w->kh;
  ares_sum_pixels_args args = {.step = w->dw * a->channels};
  if (columns * args.step == row_step) {
    columns *= rows;
    rows = 1;
  }
  sums[0] = sums[1] = sums[2] = sums[3] = 0;
  for (; columns > 0; columns -= AT_ONCE, in += AT_ONCE * args.step) {
    args.in = in;
    add_pixels(&args, ares_min(columns, AT_ONCE), rows, row_step, sums);
  }
}

// The same over a few pixels: bytes of even and of odd places as halves of two words.
static inline void sum_few(int32_t rows, int32_t columns, const uint8_t* in, int32_t row_step, int32_t pixel_step,
                           int32_t* sums) {
  const uint32_t low = 0x00FF00FF;
  uint32_t even = 0, odd = 0;
  for (int32_t y = rows; y > 0; --y, in += row_step) {
    const uint8_t* at = in;
    for (int32_t x = columns; x > 0; --x, at += pixel_step) {
      const uint32_t four = ares_load_word(at);
      even += four & low;
      odd += four >> 8 & low;
    }
  }
  sums[0] = (int32_t)(even & 0xFFFF);
  sums[1] = (int32_t)(odd & 0xFFFF);
  sums[2] = (int32_t)(even >> 16);
  sums[3] = (int32_t)(odd >> 16);
}

// Requantised and packed.
static inline uint32_t four_outputs(const ares_requant* r, ares_channel_params params, bool plain,
                                    const int32_t* sums) {
  uint32_t word = 0;
#pragma GCC unroll 4
  for (int32_t i = 0; i < 4; ++i) {
    const int32_t y = plain ? ares_clip(ares_add_shift(sums[i] * params.m, params.B, r->shift), r->hi)
                            : ares_requantise(r, params, sums[i]);
    word |= (uint32_t)y << 8 * i;
  }
  return word;
}

bool ares_average_pool_fast(const ares_average_pool_args* a) {
  if (a->channels % 4 != 0 || a->counts != 1) return false;
  const ares_window* const w = &a->window;
  const ares_requant requant = a->requant;
  const ares_channel_params params = a->params[0];
  const bool plain = requant.form == ARES_NARROW && requant.rounding == ARES_HALF_UP && requant.lo == 0;
  const part p = part_of(a->parallel, a->rows, a->columns, a->channels);
  const int32_t row_bytes = a->in_columns * a->channels, few = w->kh * w->kw <= FEW;
  const int32_t row_step = w->dh * row_bytes, pixel_step = w->dw * a->channels;
  int32_t row = p.pixels.begin / a->columns, column = p.pixels.begin % a->columns;
  for (int32_t pixel = p.pixels.begin; pixel < p.pixels.end; ++pixel) {
    const uint8_t* const in = a->in + row * w->sh * row_bytes + column * w->sw * a->channels;
    uint8_t* const out = a->out + pixel * a->channels;
    if (++column == a->columns) {
      column = 0;
      ++row;
    }
    for (int32_t c = p.channels.begin; c < p.channels.end; c += 4) {
      int32_t sums[4];
      if (w->kh == 2 && w->kw == 2) {
        sum_few(2, 2, in + c, row_step, pixel_step, sums);
      } else if (few) {
        sum_few(w->kh, w->kw, in + c, row_step, pixel_step, sums);
      } else {
        sum_window(a, in + c, sums);
      }
      ares_store_word(out + c, four_outputs(&requant, params, plain, sums));
    }
  }
  return true;
}
