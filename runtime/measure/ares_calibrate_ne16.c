// Jobs of the accelerator NE16, their results compared with plain C: whether it is there, whether its bits are right,
// and what a job takes, programming included. Registers and layouts: the simulator's model.
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "hal/gvsoc/ares_gvsoc.h"
#include "measure/ares_calibrate.h"

enum {
  NE16 = 0x10201000,
  TRIGGER = NE16 + 0x00,
  ACQUIRE = NE16 + 0x04,
  STATUS = NE16 + 0x0C,
  SOFT_CLEAR = NE16 + 0x14,
  JOB = NE16 + 0x20,
  CLUSTER_CONTROL = 0x10200018,
  CLOCK_AND_PRIORITY = 0x800 | 0x100,
  JOB_WORDS = 24,
  PATCH = 3,
  CHANNELS_IN = 16,
  CHANNELS_OUT = 32,
  WEIGHT_OFFSET = -128,
  TAPS = 9,
  LONGEST = 1000000,  // cycles to wait for a job that never ends
  WARM = 2,
};

enum { OUTPUT_QUANTISED = 1 << 4, MODE_1X1 = 2 << 5, LAYER_OFFSET = 1 << 15, BIAS = 1 << 25, SHIFT_AT = 16 };

typedef struct {
  const char* name;
  int32_t side, in, out, taps, bits;  // square images; 9 taps with a padding of 1, or 1
} job;

typedef struct {
  uint8_t *input, *weights, *output, *scale;
  int32_t* bias;
} places;

static uint32_t pair(int32_t high, int32_t low) { return (uint32_t)high << 16 | (uint32_t)low; }
static int32_t tiles(int32_t n, int32_t tile) { return (n + tile - 1) / tile; }
static int32_t last_tile(int32_t n, int32_t tile) { return n % tile == 0 ? tile : n % tile; }

static int32_t weight_of(const job* j, int32_t out, int32_t in, int32_t tap) {
  const int32_t range = 1 << j->bits;
  return (out * 31 + in * 17 + tap * 7 + out * in) % range;  // as it is stored; less half the range it is the weight
}

static void put_weights(const job* j, uint8_t* at) {
  const int32_t groups = tiles(j->in, CHANNELS_IN);
  for (int32_t out = 0; out < j->out; ++out)
    for (int32_t group = 0; group < groups; ++group)
      for (int32_t bit = 0; bit < j->bits; ++bit)
        for (int32_t tap = 0; tap < j->taps; ++tap, at += 2) {
          uint32_t word = 0;
          for (int32_t k = 0; k < CHANNELS_IN; ++k) {
            const int32_t in = group * CHANNELS_IN + k;
            if (in < j->in) word |= (uint32_t)(weight_of(j, out, in, tap) >> bit & 1) << k;
          }
          at[0] = (uint8_t)word, at[1] = (uint8_t)(word >> 8);
        }
}

static int32_t shift_of(const job* j) { return j->bits + (j->taps > 1 ? 3 : 0) + 2; }

static void fill(const job* j, const places* p) {
  for (int32_t i = 0; i < j->side * j->side * j->in; ++i) p->input[i] = (uint8_t)(i * 13 + i / 7);
  for (int32_t i = 0; i < j->out; ++i) p->scale[i] = (uint8_t)(1 + i % 3), p->bias[i] = i * 100;
  put_weights(j, p->weights);
}

static int32_t expected(const job* j, const places* p, int32_t row, int32_t column, int32_t out) {
  const int32_t pad = j->taps > 1 ? 1 : 0, width = 1 + 2 * pad, half = 1 << (j->bits - 1);
  int32_t sum = 0;
  for (int32_t tap = 0; tap < j->taps; ++tap) {
    const int32_t y = row + tap / width - pad, x = column + tap % width - pad;
    if (y < 0 || y >= j->side || x < 0 || x >= j->side) continue;
    for (int32_t in = 0; in < j->in; ++in)
      sum += p->input[(y * j->side + x) * j->in + in] * (weight_of(j, out, in, tap) - half);
  }
  const int32_t y = (sum * p->scale[out] + p->bias[out]) >> shift_of(j);
  return y < 0 ? 0 : y > 255 ? 255 : y;
}

static uint32_t wrong(const job* j, const places* p) {
  uint32_t count = 0;
  for (int32_t row = 0; row < j->side; ++row)
    for (int32_t column = 0; column < j->side; ++column)
      for (int32_t out = row % 3; out < j->out; out += 5)
        count += expected(j, p, row, column, out) != p->output[(row * j->side + column) * j->out + out];
  return count;
}

static void describe(const job* j, const places* p, uint32_t* word) {
  const int32_t pad = j->taps > 1 ? 1 : 0, groups = tiles(j->in, CHANNELS_IN);
  const int32_t in_pixel = j->in, in_row = j->side * j->in, out_pixel = j->out, out_row = j->side * j->out;
  const uint32_t step = (uint32_t)(j->taps > 1 ? TAPS * 2 : 2 * j->bits);
  const int32_t edge = last_tile(j->side, PATCH), halo = j->taps > 1 ? 2 : 0;
  const uint32_t words[JOB_WORDS] = {
      (uint32_t)(uintptr_t)p->weights,
      (uint32_t)(uintptr_t)p->input - (uint32_t)(pad * in_row + pad * in_pixel),
      (uint32_t)(uintptr_t)p->output,
      (uint32_t)(uintptr_t)p->scale,
      0,
      (uint32_t)(uintptr_t)p->bias,
      (uint32_t)in_pixel,
      (uint32_t)in_row,
      0,
      CHANNELS_OUT,
      (uint32_t)out_pixel,
      (uint32_t)out_row,
      step,
      (uint32_t)(j->taps > 1 ? TAPS * 2 * j->bits * groups : 2 * j->bits * groups),
      0,
      pair(last_tile(j->out, CHANNELS_OUT), last_tile(j->in, CHANNELS_IN)),
      pair(edge, edge),
      pair(edge + halo - pad, edge + halo - pad),
      pair(tiles(j->out, CHANNELS_OUT), groups),
      pair(tiles(j->side, PATCH), tiles(j->side, PATCH)),
      pad ? 0x11110000u : 0,
      (uint32_t) - (1 << (j->bits - 1)),
      0,
      (uint32_t)(j->bits - 1) | OUTPUT_QUANTISED | (j->taps > 1 ? 0 : MODE_1X1) | LAYER_OFFSET | BIAS |
          (uint32_t)shift_of(j) << SHIFT_AT,
  };
  for (int i = 0; i < JOB_WORDS; ++i) word[i] = words[i];
}

// Nonzero: it ended.
static int run(const uint32_t* word) {
  const uint32_t begin = ares_calibrate_clock();
  while ((int32_t)*ares_register(ACQUIRE) < 0)
    if (ares_calibrate_since(begin) > LONGEST) return 0;
  for (uint32_t i = 0; i < JOB_WORDS; ++i) *ares_register(JOB + 4 * i) = word[i];
  *ares_register(TRIGGER) = 0;
  while (*ares_register(STATUS) != 0)
    if (ares_calibrate_since(begin) > LONGEST) return 0;
  return 1;
}

static int measure(const job* j) {
  uint8_t* const l1 = ares_l1() + 2048;  // below the input the engine reads what it then pads
  const uint32_t input_bytes = (uint32_t)(j->side * j->side * j->in + 1023) & ~1023u;
  const uint32_t output_bytes = (uint32_t)(j->side * j->side * j->out + 1023) & ~1023u;
  const places p = {l1, l1 + input_bytes + output_bytes + 1024, l1 + input_bytes, l1 + input_bytes + output_bytes,
                    (int32_t*)(void*)(l1 + input_bytes + output_bytes + 512)};
  fill(j, &p);
  uint32_t word[JOB_WORDS], cycles = 0;
  describe(j, &p, word);
  for (int i = 0; i < WARM; ++i) {
    const uint32_t begin = ares_calibrate_clock();
    if (!run(word)) return 0;
    cycles = ares_calibrate_since(begin);
  }
  ares_calibrate_tell(j->name, cycles);
  const uint32_t errors = wrong(j, &p);
  if (errors > 0) printf("CALIBRATE ne16_wrong_values_of_%s %" PRIu32 "\n", j->name, errors);
  return 1;
}

void ares_calibrate_ne16(void) {
  static const job jobs[] = {
      {"ne16_3x3_8_bit", 16, 64, 64, TAPS, 8}, {"ne16_3x3_4_bit", 16, 64, 64, TAPS, 4},
      {"ne16_3x3_2_bit", 16, 64, 64, TAPS, 2}, {"ne16_3x3_15", 15, 64, 64, TAPS, 8},
      {"ne16_3x3_12_32", 12, 32, 64, TAPS, 8}, {"ne16_1x1_16", 16, 64, 64, 1, 8},
      {"ne16_1x1_15", 15, 64, 64, 1, 8},       {"ne16_3x3_8_24_40", 8, 24, 40, TAPS, 8},
      {"ne16_1x1_8_24_40", 8, 24, 40, 1, 8},
  };
  *ares_register(CLUSTER_CONTROL) |= CLOCK_AND_PRIORITY;
  *ares_register(SOFT_CLEAR) = 0;
  int present = 1;
  for (size_t i = 0; present && i < sizeof jobs / sizeof jobs[0]; ++i) present = measure(&jobs[i]);
  ares_calibrate_tell("ne16_present", (uint32_t)present);
}
