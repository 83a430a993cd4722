// Register tiles: what ares_tiles.S generates.
#ifndef ARES_TILES_H
#define ARES_TILES_H

#include <stdint.h>

// C channels x P pixels at a time, for `groups` groups of C channels. The order of the fields is known to ares_tiles.S.
typedef struct {
  const uint8_t* pixels;  // of the first pixel
  int32_t pixel_step;     // bytes to the next pixel
  int32_t pixel_back;     // from the last pixel to the next word of the first
  int32_t run_skip;       // from the end of a run to the beginning of the next
  int32_t words;          // of a run
  int32_t runs;
  const int8_t* weights;  // of the first channel
  int32_t weight_step, weight_back;
  int32_t group_skip;     // from the end of a channel's weights to the next group's
  const int32_t* params;  // (m, B) per channel; not for sums
  void* out;              // of the first pixel and channel: u8, for sums and raw int32
  int32_t out_step;       // bytes to the next pixel's output
  int32_t groups;
  int32_t shift, high, pre_shift;  // narrow: min(max((acc * m + B) >> shift, 0), high); wide: with pre_shift and mulh
  const int32_t* sums;             // NULL, or what sums begin with, of the first pixel and channel
  int32_t sums_step;               // bytes to the next pixel's
  int32_t blocks;                  // of pixels: this and what follows for ares_line_.. alone
  int32_t next_pixels, next_out;   // bytes to the next block's pixels; from behind the last channel to its output
  void* stack;                     // for the function itself
} ares_tile;

typedef void (*ares_tile_function)(ares_tile* tile);

// `line`: the same for one run, of one word more than `words`.
#define ARES_TILE(name)                       \
  void ares_tile_##name##_narrow(ares_tile*); \
  void ares_tile_##name##_wide(ares_tile*);   \
  void ares_tile_##name##_sums(ares_tile*);   \
  void ares_tile_##name##_raw(ares_tile*);    \
  void ares_line_##name##_narrow(ares_tile*); \
  void ares_line_##name##_wide(ares_tile*);   \
  void ares_line_##name##_sums(ares_tile*);   \
  void ares_line_##name##_raw(ares_tile*);
ARES_TILE(4x4)
ARES_TILE(4x2)
ARES_TILE(4x1)
ARES_TILE(2x4)
ARES_TILE(2x2)
ARES_TILE(2x1)
ARES_TILE(1x4)
ARES_TILE(1x2)
ARES_TILE(1x1)
ARES_TILE(8x1)
#undef ARES_TILE

// Sliding windows of three columns with stride 1: `words` is input channels / 4, `run_skip` the way from a row's last
// word to the next row's first, 2 channels at a time. Steps are not used. One entry per number of input channels that
// the project has such layers for, 0 at the end.
enum { ARES_SLIDE_LEAST = 4, ARES_SLIDE_MOST = 8, ARES_SLIDE_CHANNELS_AT_ONCE = 2 };
typedef struct {
  int32_t input_channels;
  struct {
    ares_tile_function narrow, sums;
  } pixels[ARES_SLIDE_MOST - ARES_SLIDE_LEAST + 1];
} ares_slide_entry;

extern const ares_slide_entry ares_slides[];

// Pixels whose inputs stay in registers while all channels pass by: what ares_held.S generates. `blocks` blocks of
// 4 pixels of up to 3 words, 3 of 4 words, 2 of more; weights and (m, B) of all channels follow each other. Narrow
// form, as above.
typedef struct {
  const uint8_t* pixels;
  int32_t pixel_step;  // bytes to the next pixel
  const int8_t* weights;
  const int32_t* params;
  uint8_t* out;
  int32_t out_step, out_back;  // bytes to the next pixel's output, from a block's last to its first one's next channel
  int32_t block_step;          // bytes from behind a block's last channel to the next block
  int32_t channels, blocks;
  int32_t shift, high;
} ares_held;

enum { ARES_HELD_WORDS = 8 };
void ares_held_1(ares_held*);
void ares_held_2(ares_held*);
void ares_held_3(ares_held*);
void ares_held_4(ares_held*);
void ares_held_5(ares_held*);
void ares_held_6(ares_held*);
void ares_held_7(ares_held*);
void ares_held_8(ares_held*);

#endif
