// memcpy and memset by words: Debian's picolibc has them byte by byte for RV32.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint32_t __attribute__((may_alias)) word;

// Without the attribute the compiler finds the functions in their own loops.
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void* memcpy(void* restrict to, const void* restrict from,
                                                                           size_t bytes) {
  uint8_t* out = to;
  const uint8_t* in = from;
  if (((uintptr_t)out | (uintptr_t)in) % sizeof(word) == 0) {
    for (; bytes >= 4 * sizeof(word); bytes -= 4 * sizeof(word), in += 4 * sizeof(word), out += 4 * sizeof(word)) {
      const word a = ((const word*)in)[0], b = ((const word*)in)[1], c = ((const word*)in)[2], d = ((const word*)in)[3];
      ((word*)out)[0] = a, ((word*)out)[1] = b, ((word*)out)[2] = c, ((word*)out)[3] = d;
    }
    for (; bytes >= sizeof(word); bytes -= sizeof(word), in += sizeof(word), out += sizeof(word)) {
      *(word*)out = *(const word*)in;
    }
  }
  for (; bytes > 0; --bytes) *out++ = *in++;
  return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void* memset(void* to, int value, size_t bytes) {
  uint8_t* out = to;
  const word all = (uint8_t)value * 0x01010101u;
  for (; bytes > 0 && (uintptr_t)out % sizeof(word) != 0; --bytes) *out++ = (uint8_t)value;
  for (; bytes >= 4 * sizeof(word); bytes -= 4 * sizeof(word), out += 4 * sizeof(word)) {
    ((word*)out)[0] = all, ((word*)out)[1] = all, ((word*)out)[2] = all, ((word*)out)[3] = all;
  }
  for (; bytes >= sizeof(word); bytes -= sizeof(word), out += sizeof(word)) *(word*)out = all;
  for (; bytes > 0; --bytes) *out++ = (uint8_t)value;
  return to;
}
