#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"

// The order of the fields is known to ares_bytes.S.
typedef struct {
  const uint8_t* in;
  uint8_t* out;
  const uint8_t* map;
  int32_t eights;
} ares_table_bytes_args;

void ares_table_bytes(ares_table_bytes_args* args);

void ares_map_bytes(const uint8_t* in, uint8_t* out, const uint8_t* map, int32_t bytes) {
  enum { AT_ONCE = 8 };
  ares_table_bytes_args args = {in, out, map, bytes / AT_ONCE};
  int32_t i = 0;
  if (args.eights > 0) {
    ares_table_bytes(&args);
    i += args.eights * AT_ONCE;
  }
  for (; i < bytes; ++i) out[i] = map[in[i]];
}

bool ares_table_fast(const ares_table_args* a) {
  const ares_share mine = ares_share_of(a->bytes, 4);
  ares_map_bytes(a->in + mine.begin, a->out + mine.begin, a->map, mine.end - mine.begin);
  return true;
}
