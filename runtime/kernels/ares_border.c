#include <string.h>

#include "kernels/ares_share.h"

void ares_fill_border(uint8_t* tile, int32_t rows, int32_t columns, int32_t channels, const ares_padding* padding,
                      uint8_t value) {
  if (padding->top + padding->left + padding->bottom + padding->right == 0) return;
  const int32_t row_bytes = columns * channels;
  const ares_share mine = ares_share_of(rows, 1);
  for (int32_t row = mine.begin; row < mine.end; ++row) {
    uint8_t* const at = tile + row * row_bytes;
    if (row < padding->top || row >= rows - padding->bottom) {
      memset(at, value, (size_t)row_bytes);
      continue;
    }
    const int32_t left = padding->left * channels, right = padding->right * channels;
    memset(at, value, (size_t)left);
    memset(at + row_bytes - right, value, (size_t)right);
  }
  ares_barrier();
}
