#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// Words at any address, four at a time.
static void fill(uint8_t* at, uint8_t value, int32_t bytes) {
  uint8_t* const end = at + bytes;
  const uint32_t word = value * 0x01010101u;
  for (; end - at >= 16; at += 16) {
    ares_store_word(at, word);
    ares_store_word(at + 4, word);
    ares_store_word(at + 8, word);
    ares_store_word(at + 12, word);
  }
  for (; end - at >= 4; at += 4) ares_store_word(at, word);
  while (at < end) *at++ = value;
}

// The calling worker's part of whole rows.
static void fill_rows(uint8_t* at, uint8_t value, int32_t bytes) {
  if (bytes == 0) return;
  const ares_share mine = ares_share_of(bytes, 8);
  fill(at + mine.begin, value, mine.end - mine.begin);
}

void ares_fill_border(uint8_t* tile, int32_t rows, int32_t columns, int32_t channels, const ares_padding* padding,
                      uint8_t value) {
  const int32_t left = padding->left * channels, right = padding->right * channels;
  if (padding->top + padding->bottom + left + right == 0) return;
  const int32_t row_bytes = columns * channels, bottom = rows - padding->bottom;
  fill_rows(tile, value, padding->top * row_bytes);
  fill_rows(tile + bottom * row_bytes, value, padding->bottom * row_bytes);
  if (left + right > 0) {
    const ares_share mine = ares_share_of(bottom - padding->top, 1);
    uint8_t* row = tile + (padding->top + mine.begin) * row_bytes;
    for (int32_t i = mine.begin; i < mine.end; ++i, row += row_bytes) {
      fill(row, value, left);
      fill(row + row_bytes - right, value, right);
    }
  }
  ares_barrier();
}

// Whole words, four at a time: what was loaded last cannot be stored at once.
static inline __attribute__((always_inline)) void copy_words(const uint8_t* from, uint8_t* to, int32_t bytes) {
  const uint8_t* const end = from + bytes;
  for (; end - from >= 16; from += 16, to += 16) {
    const uint32_t a = ares_load_word(from), b = ares_load_word(from + 4);
    const uint32_t c = ares_load_word(from + 8), d = ares_load_word(from + 12);
    ares_store_word(to, a);
    ares_store_word(to + 4, b);
    ares_store_word(to + 8, c);
    ares_store_word(to + 12, d);
  }
  for (; from < end; from += 4, to += 4) ares_store_word(to, ares_load_word(from));
}

void ares_copy_padded(const uint8_t* tile, int32_t pitch, uint8_t* padded, int32_t rows, int32_t columns,
                      int32_t channels, const ares_padding* padding, uint8_t value) {
  const int32_t left = padding->left, inside = columns - left - padding->right, bottom = rows - padding->bottom;
  const ares_share mine = ares_share_of(rows, 1);
  uint8_t* to = padded + mine.begin * columns * channels;
  const uint8_t* from = tile + (mine.begin < padding->top ? padding->top : mine.begin) * inside * pitch + left * pitch;
  for (int32_t row = mine.begin; row < mine.end; ++row) {
    if (row < padding->top || row >= bottom) {
      fill(to, value, columns * channels);
      to += columns * channels;
      continue;
    }
    fill(to, value, left * channels);
    to += left * channels;
    for (int32_t i = 0; i < inside; ++i, from += pitch, to += channels) copy_words(from, to, channels);
    fill(to, value, padding->right * channels);
    to += padding->right * channels;
  }
  ares_barrier();
}
