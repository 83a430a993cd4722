#include "hal/twin/ares_ne16_twin.h"

#include <stddef.h>
#include <string.h>

enum { CHANNELS_IN = 16, PATCH = 3, MOST_TAPS = 9, PIXELS = 64 };

// What the registers say.
typedef struct {
  uint32_t weights, in, out, scale, bias;
  int32_t in_pixel, in_row, out_pixel, out_row;
  int32_t rows, columns, channels, reduction, kernel, weight_bits, scale_bytes, weight_offset, shift;
  int32_t top, right, bottom, left;
  int32_t depthwise, strided;
} engine;

static int32_t high(uint32_t word) { return (int32_t)(word >> 16); }
static int32_t low(uint32_t word) { return (int32_t)(word & 0xffff); }
// `count` patches or groups, of which the last one has `rest` units (0: all).
static int32_t extent(int32_t count, int32_t rest, int32_t whole) {
  return (count - 1) * whole + (rest == 0 ? whole : rest);
}

static engine read(const uint32_t* r) {
  const uint32_t c = r[23];
  const engine e = {
      .weights = r[0],
      .in = r[1],
      .out = r[2],
      .scale = r[3],
      .bias = r[5],
      .in_pixel = (int32_t)r[6],
      .in_row = (int32_t)r[7],
      .out_pixel = (int32_t)r[10],
      .out_row = (int32_t)r[11],
      .rows = extent(high(r[19]), high(r[16]), PATCH),
      .columns = extent(low(r[19]), low(r[16]), PATCH),
      .channels = extent(high(r[18]), high(r[15]), (c >> 5 & 3) == 1 ? CHANNELS_IN : 2 * CHANNELS_IN),
      .reduction = extent(low(r[18]), low(r[15]), CHANNELS_IN),
      .kernel = (c >> 5 & 3) == 2 ? 1 : 3,
      .weight_bits = (int32_t)(c & 7) + 1,
      .scale_bytes = 1 << (c >> 12 & 3),
      .weight_offset = (int32_t)r[21],
      .shift = (int32_t)(c >> 16 & 31),
      .top = (int32_t)(r[20] >> 28 & 15),
      .right = (int32_t)(r[20] >> 24 & 15),
      .bottom = (int32_t)(r[20] >> 20 & 15),
      .left = (int32_t)(r[20] >> 16 & 15),
      .depthwise = (c >> 5 & 3) == 1,
      .strided = (int32_t)(c >> 8 & 1),
  };
  return e;
}

static int32_t weight(const engine* e, const uint8_t* l1, int32_t k, int32_t tap, int32_t channel) {
  const int32_t taps = e->kernel * e->kernel, groups = (e->reduction + CHANNELS_IN - 1) / CHANNELS_IN;
  const int32_t first = (e->depthwise ? k / CHANNELS_IN : k * groups + channel / CHANNELS_IN) * e->weight_bits;
  int32_t value = 0;
  for (int32_t bit = 0; bit < e->weight_bits; ++bit) {
    const int32_t byte = 2 * ((first + bit) * taps + tap) + channel % CHANNELS_IN / 8;
    value |= (l1[e->weights + (uint32_t)byte] >> (channel % 8) & 1) << bit;
  }
  return value + e->weight_offset;
}

static int32_t inside(const engine* e, int32_t row, int32_t column) {
  return row >= e->top && row < e->rows + e->kernel - 1 - e->bottom && column >= e->left &&
         column < e->columns + e->kernel - 1 - e->right;
}

// An output that the engine writes: with stride 2 those in the corners of a patch.
static int32_t written(const engine* e, int32_t row, int32_t column) {
  return !e->strided || (row % PATCH != 1 && column % PATCH != 1);
}

// Adds a group of input channels to the sums of `count` pixels from `first` on.
static void add_group(const engine* e, const uint8_t* l1, int32_t k, int32_t group, int32_t first, int32_t count,
                      uint32_t* sums) {
  int32_t weights[MOST_TAPS][CHANNELS_IN];
  const int32_t taps = e->kernel * e->kernel, from = group * CHANNELS_IN;
  const int32_t channels = e->reduction - from < CHANNELS_IN ? e->reduction - from : CHANNELS_IN;
  for (int32_t t = 0; t < taps; ++t)
    for (int32_t i = 0; i < channels; ++i)
      weights[t][i] = e->depthwise && from + i != k ? 0 : weight(e, l1, k, t, from + i);
  for (int32_t p = 0; p < count; ++p) {
    for (int32_t t = 0; t < taps; ++t) {
      const int32_t row = (first + p) / e->columns + t / e->kernel, column = (first + p) % e->columns + t % e->kernel;
      if (!inside(e, row, column)) continue;
      const uint8_t* const a = l1 + e->in + row * e->in_row + column * e->in_pixel + from;
      for (int32_t i = 0; i < channels; ++i) sums[p] += (uint32_t)(a[i] * weights[t][i]);
    }
  }
}

static uint8_t normalised(const engine* e, const uint8_t* l1, int32_t k, uint32_t sum) {
  int32_t bias;
  uint32_t scale = 0;
  memcpy(&bias, l1 + e->bias + 4 * k, sizeof bias);
  memcpy(&scale, l1 + e->scale + e->scale_bytes * k, (size_t)e->scale_bytes);
  int64_t y = (int64_t)(int32_t)(sum * scale) + bias;
  y = y < 0 ? 0 : y > INT32_MAX ? INT32_MAX : y;
  y >>= e->shift;
  return (uint8_t)(y > 255 ? 255 : y);
}

uint32_t ares_twin_outputs(const ares_job* job, uint32_t bytes) {
  const engine e = read(job->registers);
  const int64_t in_end = e.in + (int64_t)(e.rows + e.kernel - 2) * e.in_row +
                         (int64_t)(e.columns + e.kernel - 2) * e.in_pixel + e.reduction;
  const int64_t out_end =
      e.out + (int64_t)(e.rows - 1) * e.out_row + (int64_t)(e.columns - 1) * e.out_pixel + e.channels;
  return in_end > bytes || out_end > bytes ? 0 : (uint32_t)(e.rows * e.columns * e.channels);
}

void ares_twin_compute(const ares_job* job, uint8_t* l1, uint8_t* apart) {
  const engine e = read(job->registers);
  const int32_t pixels = e.rows * e.columns, groups = (e.reduction + CHANNELS_IN - 1) / CHANNELS_IN;
  for (int32_t k = 0; k < e.channels; ++k) {
    for (int32_t first = 0; first < pixels; first += PIXELS) {
      uint32_t sums[PIXELS] = {0};
      const int32_t count = pixels - first < PIXELS ? pixels - first : PIXELS;
      const int32_t own = k / CHANNELS_IN, from = e.depthwise ? own : 0, to_group = e.depthwise ? own + 1 : groups;
      for (int32_t g = from; g < to_group; ++g) add_group(&e, l1, k, g, first, count, sums);
      for (int32_t p = 0; p < count; ++p) {
        const int32_t pixel = first + p, row = pixel / e.columns, column = pixel % e.columns;
        if (!written(&e, row, column)) continue;
        uint8_t* const to =
            apart != NULL ? apart + pixel * e.channels : l1 + e.out + row * e.out_row + column * e.out_pixel;
        to[k] = normalised(&e, l1, k, sums[p]);
      }
    }
  }
}

void ares_twin_store(const ares_job* job, uint8_t* l1, const uint8_t* apart) {
  const engine e = read(job->registers);
  for (int32_t row = 0; row < e.rows; ++row) {
    for (int32_t column = 0; column < e.columns; ++column, apart += e.channels)
      if (written(&e, row, column))
        memcpy(l1 + e.out + row * e.out_row + column * e.out_pixel, apart, (size_t)e.channels);
  }
}
