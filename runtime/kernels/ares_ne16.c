#include "kernels/ares_ne16.h"

#include "kernels/ares_share.h"
#include "tile/ares_trace.h"

enum {
  CHANNELS_IN = 16,
  CHANNELS_OUT = 32,
  PATCH = 3,
  STRIDED_PATCH = 2,
  // Fields of the configuration word.
  OUTPUT_QUANTISED = 1 << 4,
  MODE_DEPTHWISE = 1 << 5,
  MODE_1X1 = 2 << 5,
  STRIDED = 1 << 8,
  SCALES_AT = 12,
  LAYER_OFFSET = 1 << 15,
  SHIFT_AT = 16,
  BIAS = 1 << 25,
};

static uint32_t pair(int32_t high, int32_t low) { return (uint32_t)high << 16 | (uint32_t)low; }
static int32_t ceil_div(int32_t n, int32_t by) { return (n + by - 1) / by; }
static uint32_t offset_of(const uint8_t* tile) { return (uint32_t)(tile - ares_l1()); }

static void fill(const void* arguments) {
  const ares_ne16_args* const a = arguments;
  ares_fill_border(a->in, a->in_rows, a->in_columns, a->reduction, &a->padding, a->padding_value);
}

// How the engine sees the tile: a row of tokens as rows of three.
typedef struct {
  int32_t rows, columns, in_columns;
} image;

static image image_of(const ares_ne16_args* a) {
  const image tile = {a->rows, a->columns, a->in_columns}, few = {1, a->columns, a->columns};
  const image folded = {ceil_div(a->columns, PATCH), PATCH, PATCH};
  return !a->tokens ? tile : a->columns < PATCH ? few : folded;
}

static void describe(const ares_ne16_args* a, ares_job* job) {
  const image i = image_of(a);
  const int32_t group_out = a->depthwise ? CHANNELS_IN : CHANNELS_OUT;
  const int32_t groups_in = ceil_div(a->reduction, CHANNELS_IN), groups_out = ceil_div(a->channels, group_out);
  const int32_t taps = a->kernel * a->kernel, halo = a->kernel - 1;
  const int32_t patch_rows = ceil_div(i.rows, PATCH), patch_columns = ceil_div(i.columns, PATCH);
  const int32_t rest_rows = PATCH * patch_rows == i.rows ? 0 : i.rows - PATCH * (patch_rows - 1);
  const int32_t rest_columns = PATCH * patch_columns == i.columns ? 0 : i.columns - PATCH * (patch_columns - 1);
  const ares_padding none = {0, 0, 0, 0}, pad = a->fill ? none : a->padding;
  const uint32_t mode = a->depthwise ? MODE_DEPTHWISE : taps > 1 ? 0 : MODE_1X1;
  const int32_t apart = taps > 1 ? 1 : a->stride;  // input pixels of neighbouring outputs of a 1x1 window
  uint32_t* const r = job->registers;
  r[0] = offset_of(a->weights);
  r[1] = offset_of(a->in);
  r[2] = offset_of(a->out);
  r[3] = offset_of(a->params) + 4u * (uint32_t)a->channels;
  r[4] = 0;
  r[5] = offset_of(a->params);
  r[6] = (uint32_t)(a->reduction * apart);
  r[7] = (uint32_t)(a->reduction * i.in_columns * apart);
  r[8] = 0;
  r[9] = CHANNELS_OUT;
  r[10] = (uint32_t)a->channels;
  r[11] = (uint32_t)(a->channels * i.columns);
  r[12] = (uint32_t)(2 * (taps > 1 ? taps : a->weight_bits));
  r[13] = (uint32_t)(2 * groups_in * a->weight_bits * taps);
  r[14] = 0;
  r[15] = pair(a->channels - group_out * (groups_out - 1), a->reduction - CHANNELS_IN * (groups_in - 1));
  r[16] = pair(rest_rows, rest_columns);
  r[17] = pair(rest_rows ? rest_rows + halo - pad.bottom : 0, rest_columns ? rest_columns + halo - pad.right : 0);
  r[18] = pair(groups_out, groups_in);
  r[19] = pair(patch_rows, patch_columns);
  r[20] = (uint32_t)pad.top << 28 | (uint32_t)pad.right << 24 | (uint32_t)pad.bottom << 20 | (uint32_t)pad.left << 16;
  r[21] = (uint32_t)a->weight_offset;
  r[22] = 0;
  r[23] = (uint32_t)(a->weight_bits - 1) | OUTPUT_QUANTISED | mode | (uint32_t)(a->scale_bits >> 4) << SCALES_AT |
          LAYER_OFFSET | (uint32_t)a->shift << SHIFT_AT | BIAS;
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

// The engine computes a whole patch and writes its corners: strides of the output are those of half the way.
static void start_strided(const ares_ne16_args* a, ares_job* job) {
  const ares_padding none = {0, 0, 0, 0}, pad = a->fill ? none : a->padding;
  const int32_t in_row = a->reduction * a->in_columns, out_row = a->channels * a->columns;
  uint32_t* const r = job->registers;
  const uint32_t in = r[1], out = r[2];
  r[10] = (uint32_t)(a->channels / 2);
  r[11] = (uint32_t)(out_row / 2);
  r[19] = pair(1, 1);
  r[23] |= STRIDED;
  for (int32_t row = 0; row < a->rows; row += STRIDED_PATCH) {
    const side v = side_of(row, a->rows, pad.top, pad.bottom);
    for (int32_t column = 0; column < a->columns; column += STRIDED_PATCH) {
      const side h = side_of(column, a->columns, pad.left, pad.right);
      r[1] = in + (uint32_t)(2 * (row * in_row + column * a->reduction));
      r[2] = out + (uint32_t)(row * out_row + column * a->channels);
      r[16] = pair(v.rest, h.rest);
      r[17] = pair(v.in_rest, h.in_rest);
      r[20] = (uint32_t)v.before << 28 | (uint32_t)h.after << 24 | (uint32_t)v.after << 20 | (uint32_t)h.before << 16;
      if (row + column == 0) {
        ares_job_start(job);
      } else {
        ares_job_again(job);
      }
    }
  }
}

void ares_ne16_start(ares_ne16_args* a) {
  if (a->fill) ares_fork(fill, a);
  ares_job job;
  describe(a, &job);
  if (a->stride > 1 && a->kernel > 1) {
    start_strided(a, &job);
  } else {
    ares_job_start(&job);
  }
}

void ares_ne16_wait(ares_ne16_args* a) {
  ares_trace_wait_for(a->operation, a->waited);
  ares_job_wait();
  ++a->waited;
  ares_perf_compute(a->since);
}
