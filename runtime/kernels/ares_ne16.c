#include "kernels/ares_ne16.h"

#include "kernels/ares_share.h"
#include "tile/ares_trace.h"

enum { CHANNELS_IN = 16, CHANNELS_OUT = 32, PATCH = 3, STRIDED_PATCH = 2 };

static uint32_t pair(int32_t high, int32_t low) { return (uint32_t)high << 16 | (uint32_t)low; }
static int32_t ceil_div(int32_t n, int32_t by) { return (n + by - 1) / by; }
static uint32_t offset_of(const uint8_t* tile) { return (uint32_t)(tile - ares_l1()); }

static void fill(const void* arguments) {
  const ares_ne16_args* const a = arguments;
  ares_fill_border(a->in, a->in_rows, a->in_columns, a->in_pitch, &a->padding, a->padding_value);
}

// How the engine sees the tile: pixels without neighbours as rows of three.
typedef struct {
  int32_t rows, columns;
} image;

static image image_of(const ares_ne16_args* a) {
  const image tile = {a->rows, a->columns};
  if (!a->tokens) return tile;
  const int32_t pixels = a->rows * a->columns;
  const image few = {1, pixels}, folded = {ceil_div(pixels, PATCH), PATCH};
  return pixels < PATCH ? few : folded;
}

// Pixels from one row of the input to the next.
static uint32_t input_columns(const ares_ne16_args* a) {
  return (uint32_t)(a->tokens ? image_of(a).columns : a->in_columns);
}

// A tile of stride 2 under a 3x3 window takes a job per patch, of which the engine computes all and writes the corners:
// strides of the output are those of half the way.
static int32_t in_patches(const ares_ne16_args* a) { return a->stride > 1 && a->kernel > 1; }

static void measure(const ares_ne16_args* a, ares_ne16_size* s) {
  const image i = image_of(a);
  const int32_t group_out = a->depthwise ? CHANNELS_IN : CHANNELS_OUT;
  const int32_t groups_in = ceil_div(a->reduction, CHANNELS_IN), groups_out = ceil_div(a->channels, group_out);
  const int32_t taps = a->kernel * a->kernel, half = in_patches(a) ? 2 : 1;
  const int32_t patch_rows = ceil_div(i.rows, PATCH), patch_columns = ceil_div(i.columns, PATCH);
  const int32_t apart = taps > 1 ? 1 : a->stride;  // input pixels of neighbouring outputs of a 1x1 window
  s->in_pixel = (uint32_t)(a->in_pitch * apart);
  s->out_pixel = (uint32_t)(a->out_pitch / half);
  s->out_row = (uint32_t)(a->out_pitch * i.columns / half);
  s->weight_row = (uint32_t)(2 * groups_in * a->weight_bits * taps);
  s->remainders = pair(a->channels - group_out * (groups_out - 1), a->reduction - CHANNELS_IN * (groups_in - 1));
  s->rests = pair(PATCH * patch_rows == i.rows ? 0 : i.rows - PATCH * (patch_rows - 1),
                  PATCH * patch_columns == i.columns ? 0 : i.columns - PATCH * (patch_columns - 1));
  s->groups = pair(groups_out, groups_in);
  s->patches = half > 1 ? pair(1, 1) : pair(patch_rows, patch_columns);
}

static uint32_t padding_word(int32_t top, int32_t right, int32_t bottom, int32_t left) {
  return (uint32_t)top << 28 | (uint32_t)right << 24 | (uint32_t)bottom << 20 | (uint32_t)left << 16;
}

static int32_t fits(const ares_ne16_size* s, const ares_ne16_args* a) {
  return s->rows == a->rows && s->columns == a->columns && s->channels == a->channels;
}

static void describe(ares_ne16_args* a, const ares_padding* pad) {
  ares_ne16_size other;
  const ares_ne16_size* s = &a->sizes[0];
  if (!fits(s, a)) s = &a->sizes[1];
  if (!fits(s, a)) {
    measure(a, &other);
    s = &other;
  }
  const int32_t rows = (int32_t)(s->rests >> 16), columns = (int32_t)(s->rests & 0xffff), halo = a->kernel - 1;
  uint32_t* const r = a->job.registers;
  r[0] = offset_of(a->weights);
  r[1] = offset_of(a->in) + (uint32_t)a->first;
  r[2] = offset_of(a->out) + (uint32_t)a->first;
  r[3] = offset_of(a->params) + 4u * (uint32_t)a->channels;
  r[5] = offset_of(a->params);
  r[6] = s->in_pixel;
  r[7] = s->in_pixel * input_columns(a);
  r[10] = s->out_pixel;
  r[11] = s->out_row;
  r[13] = s->weight_row;
  r[15] = s->remainders;
  r[16] = s->rests;
  r[17] = pair(rows ? rows + halo - pad->bottom : 0, columns ? columns + halo - pad->right : 0);
  r[18] = s->groups;
  r[19] = s->patches;
  r[20] = padding_word(pad->top, pad->right, pad->bottom, pad->left);
}

// One side of a patch of 2x2 outputs that begins at output `at` of `outputs`.
typedef struct {
  int32_t before, after;  // padding
  int32_t rest, in_rest;  // remainder registers; 0: two outputs
} side;

static side side_of(int32_t at, int32_t outputs, int32_t before, int32_t after) {
  const int32_t single = outputs - at == 1, last = outputs - at <= STRIDED_PATCH;
  const side s = {at == 0 ? before : 0, last ? after : 0, single, single ? PATCH - (last ? after : 0) : 0};
  return s;
}

static void start_patches(ares_ne16_args* a, const ares_padding* pad) {
  const int32_t in_row = a->in_pitch * a->in_columns, out_row = a->out_pitch * a->columns;
  uint32_t* const r = a->job.registers;
  const uint32_t in = r[1], out = r[2];
  for (int32_t row = 0; row < a->rows; row += STRIDED_PATCH) {
    const side v = side_of(row, a->rows, pad->top, pad->bottom);
    for (int32_t column = 0; column < a->columns; column += STRIDED_PATCH) {
      const side h = side_of(column, a->columns, pad->left, pad->right);
      r[1] = in + (uint32_t)(2 * (row * in_row + column * a->in_pitch));
      r[2] = out + (uint32_t)(row * out_row + column * a->out_pitch);
      r[16] = pair(v.rest, h.rest);
      r[17] = pair(v.in_rest, h.in_rest);
      r[20] = padding_word(v.before, h.after, v.after, h.before);
      if (row + column == 0) {
        ares_job_start(&a->job);
      } else {
        ares_job_again(&a->job);
      }
    }
  }
}

void ares_ne16_start(ares_ne16_args* a) {
  static const ares_padding none;
  const ares_padding* const pad = a->fill ? &none : &a->padding;
  if (a->fill) ares_fork(fill, a);
  if (!a->described) describe(a, pad);
  if (in_patches(a)) {
    start_patches(a, pad);
  } else {
    ares_job_start(&a->job);
  }
}

void ares_ne16_wait(ares_ne16_args* a) {
  ares_trace_wait_for(a->operation, a->waited);
  ares_job_wait();
  ++a->waited;
  ares_perf_compute(a->since);
}
