#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// Whole words where the address allows; most borders are a pixel wide.
static void fill(uint8_t* at, uint8_t value, int32_t bytes) {
  uint8_t* const end = at + bytes;
  while (at < end && (uintptr_t)at % 4 != 0) *at++ = value;
  const uint32_t word = value * 0x01010101u;
  for (; end - at >= 4; at += 4) ares_store_word(at, word);
  while (at < end) *at++ = value;
}

void ares_fill_border(uint8_t* tile, int32_t rows, int32_t columns, int32_t channels, const ares_padding* padding,
                      uint8_t value) {
  if (padding->top + padding->left + padding->bottom + padding->right == 0) return;
  const int32_t row_bytes = columns * channels;
  const ares_share mine = ares_share_of(rows, 1);
  for (int32_t row = mine.begin; row < mine.end; ++row) {
    uint8_t* const at = tile + row * row_bytes;
    if (row < padding->top || row >= rows - padding->bottom) {
      fill(at, value, row_bytes);
      continue;
    }
    const int32_t left = padding->left * channels, right = padding->right * channels;
    fill(at, value, left);
    fill(at + row_bytes - right, value, right);
  }
  ares_barrier();
}
