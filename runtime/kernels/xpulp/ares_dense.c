#include "kernels/ares_dense.h"

#include <stddef.h>

#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_tiles.h"

// What becomes of the sums: requantised in registers, or kept for C to finish.
typedef enum { NARROW, WIDE, SUMS, FORMS } form;

typedef struct {
  int32_t channels, pixels;
  ares_tile_function function[FORMS];
} tiling;

#define TILING(channels, pixels, name)                                                                \
  {                                                                                                   \
    channels, pixels, { ares_tile_##name##_narrow, ares_tile_##name##_wide, ares_tile_##name##_sums } \
  }
static const tiling tilings[] = {
    TILING(4, 4, 4x4), TILING(2, 4, 2x4), TILING(1, 4, 1x4), TILING(4, 2, 4x2),
    TILING(8, 1, 8x1), TILING(4, 1, 4x1), TILING(1, 1, 1x1),
};
enum { TILINGS = sizeof tilings / sizeof tilings[0], LARGEST = 16 };

static form form_of(const ares_dense* d) {
  const ares_requant* const r = d->requant;
  if (d->sums != NULL || r->form == ARES_RAW || r->rounding == ARES_HALF_EVEN || r->lo != 0) return SUMS;
  return r->form == ARES_NARROW ? NARROW : WIDE;
}

// The largest tiling that fits the block and what is left, pixels first.
static const tiling* choose(const ares_dense* d, int32_t channels, int32_t pixels) {
  const int32_t most_pixels = ares_min(d->blocking.pixels, pixels);
  for (int32_t i = 0; i < TILINGS; ++i) {
    if (tilings[i].pixels <= most_pixels && tilings[i].channels <= channels) return &tilings[i];
  }
  return &tilings[TILINGS - 1];
}

// Ends sums that were kept: adds earlier steps, requantises.
static void finish(const ares_dense* d, const tiling* t, const int32_t* sums, int32_t pixel, int32_t channel) {
  for (int32_t c = 0; c < t->channels; ++c) {
    const ares_channel_params params = ares_params_of(&d->params, channel + c);
    for (int32_t p = 0; p < t->pixels; ++p) {
      const int32_t at = (pixel + p) * d->out_pitch + channel + c;
      int32_t acc = sums[c * t->pixels + p];
      if (d->sums != NULL && !d->first) acc += d->sums[at];
      if (d->sums != NULL && !d->last) {
        d->sums[at] = acc;
      } else {
        ares_write_output(d->requant, params, acc, d->out, at);
      }
    }
  }
}

// The channels from `channel` on that whole groups of the tiling cover, for the tiling's pixels from `pixel` on.
static void run_tiling(const ares_dense* d, const tiling* t, form f, int32_t pixel, int32_t channel, int32_t groups) {
  const int32_t words = (d->run_bytes + 3) / 4, used = words * 4 * d->runs;
  ares_tile tile = {
      .pixels = d->in + pixel * d->pixel_pitch,
      .pixel_step = d->pixel_pitch,
      .pixel_back = 4 - (t->pixels - 1) * d->pixel_pitch,
      .run_skip = d->run_pitch - words * 4,
      .words = words,
      .runs = d->runs,
      .weights = d->weights + channel * d->channel_bytes,
      .weight_step = d->channel_bytes,
      .weight_back = 4 - (t->channels - 1) * d->channel_bytes,
      .group_skip = t->channels * d->channel_bytes - used,
      .params = d->params.records + channel * d->params.words,
      .out = (uint8_t*)d->out + pixel * d->out_pitch + channel,
      .out_step = d->out_pitch,
      .groups = groups,
      .shift = d->requant->shift,
      .high = d->requant->hi,
      .pre_shift = d->requant->pre_shift,
  };
  if (f != SUMS) {
    t->function[f](&tile);
    return;
  }
  int32_t sums[LARGEST];
  for (int32_t group = 0; group < groups; ++group) {
    tile.weights = d->weights + (channel + group * t->channels) * d->channel_bytes;
    tile.out = sums;
    tile.groups = 1;
    t->function[SUMS](&tile);
    finish(d, t, sums, pixel, channel + group * t->channels);
  }
}

bool ares_dense_fast(const ares_dense* d) {
  // A last word that is not full meets the zeros behind a channel's weights.
  const bool padded = d->runs == 1 && d->sums == NULL && d->channel_bytes == (d->run_bytes + 3) / 4 * 4;
  const bool words = d->channel_bytes % 4 == 0 && (d->run_bytes % 4 == 0 || padded);
  if (!words || d->params.words != 2) return false;
  if (d->channels <= 0) return true;
  const form f = form_of(d);
  for (int32_t pixel = 0; pixel < d->pixels;) {
    int32_t pixels = 0;
    for (int32_t channel = 0; channel < d->channels;) {
      // The first tiling of a pixel block decides how many pixels it has; the rest of the channels keeps to that.
      const tiling* const t = choose(d, d->channels - channel, pixels == 0 ? d->pixels - pixel : pixels);
      const int32_t groups = (d->channels - channel) / t->channels;
      if (pixels == 0) pixels = t->pixels;
      for (int32_t p = 0; p < pixels; p += t->pixels) run_tiling(d, t, f, pixel + p, channel, groups);
      channel += groups * t->channels;
    }
    pixel += pixels;
  }
  return true;
}
