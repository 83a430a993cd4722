#include "kernels/ares_dense.h"

#include <stddef.h>

#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_halves.h"
#include "kernels/xpulp/ares_tiles.h"

// What becomes of the sums: requantised in registers, kept for a later step or for C to requantise, or stored with
// their bias.
typedef enum { NARROW, WIDE, SUMS, RAW, FORMS } form;

// Functions by the logarithms of a tile's pixels and channels: for several runs, for one (ares_line_..). They lie in
// L2, far from the workers: one word is read per use.
enum { PIXEL_SIZES = 3, CHANNEL_SIZES = 4, LARGEST = 16, SUMS_AT_ONCE = 4 * LARGEST };
#define KIND_OF(kind, name)                                                                  \
  {                                                                                          \
    ares_##kind##_##name##_narrow, ares_##kind##_##name##_wide, ares_##kind##_##name##_sums, \
        ares_##kind##_##name##_raw                                                           \
  }
#define FORMS_OF(name) \
  { KIND_OF(tile, name), KIND_OF(line, name) }
static const ares_tile_function tiles[PIXEL_SIZES][CHANNEL_SIZES][2][FORMS] = {
    {FORMS_OF(1x1), FORMS_OF(2x1), FORMS_OF(4x1), FORMS_OF(8x1)},
    {FORMS_OF(1x2), FORMS_OF(2x2), FORMS_OF(4x2)},
    {FORMS_OF(1x4), FORMS_OF(2x4), FORMS_OF(4x4)},
};

static form form_of(const ares_dense* d) {
  const ares_requant* const r = d->requant;
  if (d->sums != NULL && !d->last) return SUMS;
  if (r->form == ARES_RAW) return RAW;
  if (ares_output_bytes(r) != 1 || r->rounding == ARES_HALF_EVEN || r->lo != 0) return SUMS;
  return r->form == ARES_NARROW ? NARROW : WIDE;
}

// Sums that the tile cannot requantise, some groups at a time.
static __attribute__((noinline)) void requantise_sums(const ares_dense* d, ares_tile_function run, int32_t channels,
                                                      int32_t pixels, ares_tile* tile, int32_t pixel, int32_t channel,
                                                      int32_t groups) {
  int32_t sums[SUMS_AT_ONCE];
  const int32_t most = SUMS_AT_ONCE / (channels * pixels);
  for (const int32_t end = channel + groups * channels; channel < end;) {
    const int32_t left = (end - channel) / channels, count = (left < most ? left : most) * channels;
    tile->weights = d->weights + channel * d->channel_bytes;
    tile->out = sums;
    tile->out_step = count * 4;
    tile->groups = count / channels;
    run(tile);
    const int32_t* const params = d->params.records + channel * d->params.words;
    int16_t* const halves = (int16_t*)d->out + pixel * d->out_pitch + channel;
    if (!ares_end_halves(d->requant, params, sums, pixels, count, halves, d->out_pitch)) {
      for (int32_t c = 0; c < count; ++c) {
        const ares_channel_params own = ares_params_of(&d->params, channel + c);
        for (int32_t p = 0; p < pixels; ++p) {
          ares_write_output(d->requant, own, sums[p * count + c], d->out, (pixel + p) * d->out_pitch + channel + c);
        }
      }
    }
    channel += count;
  }
}

// A register tile and where it is used: `blocks` blocks of its pixels from `pixel` on, `groups` groups of its channels
// from `channel` on.
typedef struct {
  ares_tile_function run;
  int32_t channels, pixels;
  int32_t pixel, blocks, channel, groups;
} area;

static bool keeps_sums(const ares_dense* d) { return d->sums != NULL && !d->last; }

// What all blocks of an area share.
static ares_tile tile_of(const ares_dense* d, const area* a, int32_t run_bytes, form f) {
  const int32_t words = (run_bytes + 3) / 4;
  const ares_tile tile = {
      .pixels = d->in + a->pixel * d->pixel_pitch,
      .pixel_step = d->pixel_pitch,
      .pixel_back = 4 - (a->pixels - 1) * d->pixel_pitch,
      .run_skip = d->run_pitch - words * 4,
      .words = words,
      .runs = d->runs,
      .weights = d->weights + a->channel * d->channel_bytes,
      .weight_step = d->channel_bytes,
      .weight_back = 4 - (a->channels - 1) * d->channel_bytes,
      .group_skip = a->channels * d->channel_bytes - d->used_bytes,
      .params = d->params.records + a->channel * d->params.words,
      .out_step = f == SUMS || f == RAW ? d->out_pitch * 4 : d->out_pitch,
      .groups = a->groups,
      .sums_step = d->out_pitch * 4,
      .shift = d->requant->shift,
      .high = d->requant->hi,
      .pre_shift = d->requant->pre_shift,
  };
  return tile;
}

// Where the outputs of (pixel, channel) go that is `at` elements behind the first.
static void* output_at(const ares_dense* d, form f, int32_t at) {
  return keeps_sums(d) ? (void*)(d->sums + at) : (uint8_t*)d->out + at * (f == RAW ? 4 : 1);
}

static void run_area(const ares_dense* d, const area* a, int32_t run_bytes, form f) {
  ares_tile tile = tile_of(d, a, run_bytes, f);
  const int8_t* const weights = tile.weights;
  const int32_t* const params = tile.params;
  const bool go_on = d->sums != NULL && !d->first, ends_in_c = f == SUMS && !keeps_sums(d);
  int32_t at = a->pixel * d->out_pitch + a->channel;
  for (int32_t block = 0; block < a->blocks; ++block, at += a->pixels * d->out_pitch) {
    tile.sums = go_on ? d->sums + at : NULL;
    if (ends_in_c) {
      requantise_sums(d, a->run, a->channels, a->pixels, &tile, a->pixel + block * a->pixels, a->channel, a->groups);
    } else {
      tile.weights = weights;
      tile.params = params;
      tile.out = output_at(d, f, at);
      tile.groups = a->groups;
      a->run(&tile);
    }
    tile.pixels += a->pixels * d->pixel_pitch;
  }
}

// The same for one run, whose sums begin with 0 and do not end in C: all blocks at once. Not inlined, as its tile would
// lie on the workers' small stacks below run_area().
static __attribute__((noinline)) void run_lines(const ares_dense* d, const area* a, form f) {
  ares_tile tile = tile_of(d, a, d->run_bytes, f);
  --tile.words;
  tile.out = output_at(d, f, a->pixel * d->out_pitch + a->channel);
  tile.blocks = a->blocks;
  tile.next_pixels = a->pixels * d->pixel_pitch;
  tile.next_out = a->pixels * tile.out_step - a->groups * a->channels * (f == SUMS || f == RAW ? 4 : 1);
  a->run(&tile);
}

// The largest power of two that is at most `size` and 1 << most, as its logarithm.
static inline int32_t log_of(int32_t size, int32_t most) {
  while (most > 0 && size >> most == 0) --most;
  return most;
}

// Channels from `first` on, pixels and channels in the largest tiles that fit, pixels first.
static void run_tiles(const ares_dense* d, int32_t first, form f) {
  area a = {.pixel = 0};
  const int32_t block = log_of(d->blocking.pixels, PIXEL_SIZES - 1);
  const bool begins = d->sums == NULL || d->first, ends = f != SUMS || keeps_sums(d);
  const bool line = d->runs == 1 && d->run_bytes > 4 && begins && ends;
  while (a.pixel < d->pixels) {
    const int32_t log_pixels = log_of(d->pixels - a.pixel, block);
    a.blocks = (d->pixels - a.pixel) >> log_pixels;
    a.pixels = 1 << log_pixels;
    for (a.channel = first; a.channel < d->channels; a.channel += a.groups * a.channels) {
      const int32_t left = d->channels - a.channel;
      const int32_t log_channels = log_of(left, log_pixels == 0 ? CHANNEL_SIZES - 1 : CHANNEL_SIZES - 2);
      a.channels = 1 << log_channels;
      a.groups = left >> log_channels;
      a.run = tiles[log_pixels][log_channels][line][f];
      if (line) {
        run_lines(d, &a, f);
      } else {
        run_area(d, &a, d->run_bytes, f);
      }
    }
    a.pixel += a.blocks << log_pixels;
  }
}

// ---- sliding windows ----

static const ares_slide_entry* find_slide(const ares_dense* d, form f) {
  const bool three_columns = d->columns == 3 && d->blocking.style == ARES_SLIDE && d->pixel_pitch * 3 == d->run_bytes;
  if (!three_columns || f == WIDE || f == RAW || d->pixels < ARES_SLIDE_LEAST || d->channel_bytes != 9 * d->pixel_pitch)
    return NULL;
  for (const ares_slide_entry* e = ares_slides; e->input_channels != 0; ++e) {
    if (e->input_channels == d->pixel_pitch) return e;
  }
  return NULL;
}

// All whole groups of channels; the number of channels done.
static int32_t slide(const ares_dense* d, const ares_slide_entry* entry, form f) {
  area a = {.channels = ARES_SLIDE_CHANNELS_AT_ONCE, .blocks = 1, .groups = d->channels / ARES_SLIDE_CHANNELS_AT_ONCE};
  int32_t blocks = (d->pixels + ARES_SLIDE_MOST - 1) / ARES_SLIDE_MOST;
  if (a.groups == 0) return 0;
  for (; blocks > 0; --blocks, a.pixel += a.pixels) {
    const int32_t left = d->pixels - a.pixel;
    a.pixels = left == blocks * ARES_SLIDE_MOST ? ARES_SLIDE_MOST : (left + blocks - 1) / blocks;
    a.run =
        f == SUMS ? entry->pixels[a.pixels - ARES_SLIDE_LEAST].sums : entry->pixels[a.pixels - ARES_SLIDE_LEAST].narrow;
    // A run of this loop is one pixel's channels: the other columns are the instance's own.
    run_area(d, &a, d->pixel_pitch, f);
  }
  return a.groups * ARES_SLIDE_CHANNELS_AT_ONCE;
}

// ---- pixels held in registers ----

static void (*const held_functions[ARES_HELD_WORDS + 1])(ares_held*) = {
    NULL, ares_held_1, ares_held_2, ares_held_3, ares_held_4, ares_held_5, ares_held_6, ares_held_7, ares_held_8};

// false: this is not for it. The last block may overlap the one before.
static bool hold(const ares_dense* d, form f) {
  const int32_t words = (d->run_bytes + 3) / 4, pixels = words <= 3 ? 4 : words == 4 ? 3 : 2;
  if (f != NARROW || d->runs != 1 || d->sums != NULL || d->pixels < pixels) return false;
  if (words > ARES_HELD_WORDS || d->channel_bytes != words * 4) return false;
  const int32_t blocks = d->pixels / pixels, last = d->pixels - pixels;
  ares_held held = {
      .pixels = d->in,
      .pixel_step = d->pixel_pitch,
      .weights = d->weights,
      .params = d->params.records,
      .out = d->out,
      .out_step = d->out_pitch,
      .out_back = 1 - (pixels - 1) * d->out_pitch,
      .block_step = pixels * d->out_pitch - d->channels,
      .channels = d->channels,
      .blocks = blocks,
      .shift = d->requant->shift,
      .high = d->requant->hi,
  };
  held_functions[words](&held);
  if (blocks * pixels == d->pixels) return true;
  held.pixels = d->in + last * d->pixel_pitch;
  held.out = (uint8_t*)d->out + last * d->out_pitch;
  held.blocks = 1;
  held_functions[words](&held);
  return true;
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
  if (slid == d->channels || (slid == 0 && hold(d, f))) return true;
  run_tiles(d, slid, f);
  return true;
}
