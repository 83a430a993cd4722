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

static void copy_words(const uint8_t* from, uint8_t* to, int32_t bytes) {
  for (const uint8_t* const end = from + bytes; from < end; from += 4, to += 4)
    ares_store_word(to, ares_load_word(from));
}

void ares_copy_padded(const uint8_t* tile, int32_t pitch, uint8_t* padded, int32_t rows, int32_t columns,
                      int32_t channels, const ares_padding* padding, uint8_t value) {
  const int32_t inside_columns = columns - padding->left - padding->right;
  const int32_t pixels = (rows - padding->top - padding->bottom) * inside_columns;
  const ares_share mine = ares_share_of(pixels, 1);
  const int32_t row = mine.begin / inside_columns;
  int32_t column = mine.begin - row * inside_columns;
  const uint8_t* from = tile + (padding->top * inside_columns + padding->left + mine.begin) * pitch;
  uint8_t* to = padded + ((padding->top + row) * columns + padding->left + column) * channels;
  ares_fill_border(padded, rows, columns, channels, padding, value);
  for (int32_t i = mine.begin; i < mine.end; ++i, from += pitch) {
    copy_words(from, to, channels);
    to += channels;
    if (++column < inside_columns) continue;
    column = 0;
    to += (columns - inside_columns) * channels;
  }
  ares_barrier();
}
