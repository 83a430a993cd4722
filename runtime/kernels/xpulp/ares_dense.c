#include "kernels/ares_dense.h"

#include <stddef.h>

#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_tiles.h"

// What becomes of the sums: requantised in registers, or kept for C to finish.
typedef enum { NARROW, WIDE, SUMS, FORMS } form;

typedef struct {
  int32_t channels, pixels;
  ares_tile_function runs[FORMS], line[FORMS];  // for several runs, for one
} tiling;

#define FORMS_OF(name) \
  { name##_narrow, name##_wide, name##_sums }
#define TILING(channels, pixels, name) \
  { channels, pixels, FORMS_OF(ares_tile_##name), FORMS_OF(ares_line_##name) }
static const tiling tilings[] = {
    TILING(4, 4, 4x4), TILING(2, 4, 2x4), TILING(1, 4, 1x4), TILING(4, 2, 4x2), TILING(2, 2, 2x2),
    TILING(1, 2, 1x2), TILING(8, 1, 8x1), TILING(4, 1, 4x1), TILING(2, 1, 2x1), TILING(1, 1, 1x1),
};
enum { TILINGS = sizeof tilings / sizeof tilings[0], LARGEST = 16 };

static form form_of(const ares_dense* d) {
  const ares_requant* const r = d->requant;
  if (d->sums != NULL || ares_output_bytes(r) != 1 || r->rounding == ARES_HALF_EVEN || r->lo != 0) return SUMS;
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

// The same with sums that C finishes, group by group.
static void run_sums(const ares_dense* d, const tiling* t, ares_tile* tile, int32_t pixel, int32_t channel,
                     int32_t groups) {
  int32_t sums[LARGEST];
  for (int32_t group = 0; group < groups; ++group, channel += t->channels) {
    tile->weights = d->weights + channel * d->channel_bytes;
    tile->out = sums;
    tile->groups = 1;
    (tile->runs == 1 ? t->line : t->runs)[SUMS](tile);
    finish(d, t, sums, pixel, channel);
  }
}

// `blocks` blocks of the tiling's pixels from `pixel` on, for the `groups` groups of its channels from `channel` on.
static void run_tiling(const ares_dense* d, const tiling* t, form f, int32_t pixel, int32_t blocks, int32_t channel,
                       int32_t groups) {
  const int32_t words = (d->run_bytes + 3) / 4;
  const int8_t* const weights = d->weights + channel * d->channel_bytes;
  const int32_t* const params = d->params.records + channel * d->params.words;
  const uint8_t* in = d->in + pixel * d->pixel_pitch;
  uint8_t* out = (uint8_t*)d->out + pixel * d->out_pitch + channel;
  ares_tile tile = {
      .pixel_step = d->pixel_pitch,
      .pixel_back = 4 - (t->pixels - 1) * d->pixel_pitch,
      .run_skip = d->run_pitch - words * 4,
      .words = words,
      .runs = d->runs,
      .weight_step = d->channel_bytes,
      .weight_back = 4 - (t->channels - 1) * d->channel_bytes,
      .group_skip = t->channels * d->channel_bytes - d->used_bytes,
      .out_step = d->out_pitch,
      .shift = d->requant->shift,
      .high = d->requant->hi,
      .pre_shift = d->requant->pre_shift,
  };
  for (int32_t block = 0; block < blocks; ++block) {
    tile.pixels = in;
    tile.weights = weights;
    if (f == SUMS) {
      run_sums(d, t, &tile, pixel + block * t->pixels, channel, groups);
    } else {
      tile.params = params;
      tile.out = out;
      tile.groups = groups;
      (d->runs == 1 ? t->line : t->runs)[f](&tile);
    }
    in += t->pixels * d->pixel_pitch;
    out += t->pixels * d->out_pitch;
  }
}

// ---- sliding windows ----

static const ares_slide_entry* find_slide(const ares_dense* d, form f) {
  const bool three_columns = d->columns == 3 && d->blocking.style == ARES_SLIDE && d->pixel_pitch * 3 == d->run_bytes;
  if (!three_columns || f == WIDE || d->pixels < ARES_SLIDE_LEAST || d->channel_bytes != 9 * d->pixel_pitch)
    return NULL;
  for (const ares_slide_entry* e = ares_slides; e->input_channels != 0; ++e) {
    if (e->input_channels == d->pixel_pitch) return e;
  }
  return NULL;
}

// All whole groups of channels; the number of channels done.
static int32_t slide(const ares_dense* d, const ares_slide_entry* entry, form f) {
  const int32_t groups = d->channels / ARES_SLIDE_CHANNELS_AT_ONCE;
  const int32_t blocks = (d->pixels + ARES_SLIDE_MOST - 1) / ARES_SLIDE_MOST;
  // A run of this loop is one pixel's channels: the other columns are the instance's own.
  ares_dense word_by_word = *d;
  word_by_word.run_bytes = d->pixel_pitch;
  int32_t pixel = 0;
  for (int32_t block = 0; groups > 0 && block < blocks; ++block) {
    const int32_t pixels = (d->pixels - pixel + blocks - block - 1) / (blocks - block);
    const tiling t = {
        ARES_SLIDE_CHANNELS_AT_ONCE,
        pixels,
        {entry->pixels[pixels - ARES_SLIDE_LEAST].narrow, NULL, entry->pixels[pixels - ARES_SLIDE_LEAST].sums},
        {NULL, NULL, NULL}};
    run_tiling(&word_by_word, &t, f, pixel, 1, 0, groups);
    pixel += pixels;
  }
  return groups * ARES_SLIDE_CHANNELS_AT_ONCE;
}

bool ares_dense_fast(const ares_dense* d) {
  // A last word that is not full meets the zeros behind a channel's weights.
  const bool padded = d->runs == 1 && d->sums == NULL && d->channel_bytes == (d->run_bytes + 3) / 4 * 4;
  const bool words = d->channel_bytes % 4 == 0 && (d->run_bytes % 4 == 0 || padded);
  if (!words || d->params.words != 2) return false;
  if (d->channels <= 0) return true;
  const form f = form_of(d);
  const ares_slide_entry* const entry = find_slide(d, f);
  const int32_t slid = entry == NULL ? 0 : slide(d, entry, f);
  if (slid == d->channels) return true;
  for (int32_t pixel = 0; pixel < d->pixels;) {
    // The first tiling decides how many pixels a block has; the rest of the channels keeps to that.
    const int32_t size = choose(d, d->channels - slid, d->pixels - pixel)->pixels;
    const int32_t blocks = (d->pixels - pixel) / size;
    for (int32_t channel = slid; channel < d->channels;) {
      const tiling* const t = choose(d, d->channels - channel, size);
      const int32_t groups = (d->channels - channel) / t->channels;
      run_tiling(d, t, f, pixel, blocks * size / t->pixels, channel, groups);
      channel += groups * t->channels;
    }
    pixel += blocks * size;
  }
  return true;
}
