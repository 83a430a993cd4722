#include "kernels/ares_norm.h"

#include "kernels/ares_element.h"
#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"

// A set: `width` channels from `channel` on in `rows` rows from `row` on.
typedef struct {
  int32_t row, rows, channel;
} set;

static ares_norm_scale scale_of(const ares_norm_args* a, set s) {
  const int32_t zero = a->terms->zero;
  int32_t sum = 0;
  uint64_t squares = 0;
  for (int32_t row = s.row; row < s.row + s.rows; ++row) {
    const int32_t first = row * a->sets * a->width + s.channel;
    for (int32_t i = 0; i < a->width; ++i) {
      const int32_t x = ares_element(a->in, a->in_type, first + i) - zero;
      const uint32_t size = (uint32_t)(x < 0 ? -x : x);
      sum += x;
      squares += (uint64_t)size * size;
    }
  }
  return ares_norm_scale_of(a->terms, a->centred ? sum : 0, squares);
}

static void normalise(const ares_norm_args* a, set s) {
  const ares_norm_scale scale = scale_of(a, s);
  const int32_t count = a->terms->count, zero = a->terms->zero, shift = a->terms->shift;
  for (int32_t row = s.row; row < s.row + s.rows; ++row) {
    const int32_t first = row * a->sets * a->width + s.channel;
    for (int32_t i = 0; i < a->width; ++i) {
      const int32_t x = ares_element(a->in, a->in_type, first + i);
      const int32_t u = shift > 0 ? (int32_t)((uint32_t)x * scale.multiplier + scale.offset) >> shift
                                  : ares_mulh((count * (x - zero) - scale.sum) * (1 << scale.left), scale.factor);
      ares_write_output(&a->requant, a->params[s.channel + i], u, a->out, first + i);
    }
  }
}

static void norm_worker(const void* arguments) {
  const ares_norm_args* const a = arguments;
  if (ares_norm_fast(a)) return;
  const ares_share mine = ares_share_of(a->across ? a->sets : a->rows * a->sets, 1);
  for (int32_t i = mine.begin; i < mine.end; ++i) {
    const set whole = {0, a->rows, i * a->width};
    const set one = {i / a->sets, 1, i % a->sets * a->width};
    normalise(a, a->across ? whole : one);
  }
}

void ares_norm(const ares_norm_args* a) { ares_start(norm_worker, a); }
