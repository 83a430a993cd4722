// Requantisation: the only place in the runtime where an accumulator becomes a stored output. The same formulas as
// core/arithmetic/requant.hpp, whose README has the derivation and the proof that no 32-bit step overflows.
#ifndef ARES_REQUANT_H
#define ARES_REQUANT_H

#include <stdint.h>

// Parameters of one output channel.
typedef struct {
  int32_t m, B;
} ares_channel_params;

// The same with the zero point of the channel's weights: acc = sum of a * w - zero * sum of a.
typedef struct {
  int32_t m, B, zero;
} ares_asymmetric_params;

// Parameters of consecutive output channels: records of `words` words, 2 (ares_channel_params) or 3
// (ares_asymmetric_params).
typedef struct {
  const int32_t* records;
  int32_t words;
} ares_params;

static inline ares_channel_params ares_params_of(const ares_params* p, int32_t channel) {
  const int32_t* const record = p->records + channel * p->words;
  const ares_channel_params params = {record[0], record[1]};
  return params;
}

static inline int32_t ares_weight_zero(const ares_params* p, int32_t channel) {
  return p->words == 3 ? p->records[3 * channel + 2] : 0;
}

typedef enum { ARES_NARROW, ARES_WIDE, ARES_RAW } ares_form;
typedef enum { ARES_HALF_UP, ARES_HALF_EVEN } ares_rounding;

// Parameters of a layer. narrow: clip((acc * m + B) >> shift); wide: clip((mulh(acc << pre_shift, m) + B) >> shift);
// raw: acc + B, an int32 output.
typedef enum { ARES_U8, ARES_S16, ARES_S32 } ares_type;

typedef struct {
  ares_form form;
  ares_rounding rounding;
  int32_t shift, pre_shift;
  int32_t lo, hi;      // clip range in stored values
  uint32_t tie_width;  // half_even: the low bits of a tie are at most this
  ares_type type;      // of the output, except in raw form
} ares_requant;

// High 32 bits of the signed 64-bit product, rounded down.
static inline int32_t ares_mulh(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b) >> 32); }

// half_even: B contains the half, so a tie is a sum whose low bits are (nearly) zero, and clearing bit 0 takes the even
// one.
static inline int32_t ares_requantise(const ares_requant* r, ares_channel_params c, int32_t acc) {
  if (r->form == ARES_RAW) return acc + c.B;
  const int32_t product = r->form == ARES_WIDE ? ares_mulh(acc * (1 << r->pre_shift), c.m) : acc * c.m;
  const int32_t sum = product + c.B;
  int32_t y = sum >> r->shift;
  if (r->rounding == ARES_HALF_EVEN && ((uint32_t)sum & ((1u << r->shift) - 1u)) <= r->tie_width) y &= ~1;
  return y < r->lo ? r->lo : y > r->hi ? r->hi : y;
}

// Bytes of an output element.
static inline int32_t ares_output_bytes(const ares_requant* r) {
  return r->form == ARES_RAW || r->type == ARES_S32 ? 4 : r->type == ARES_S16 ? 2 : 1;
}

// Stores an output of element `at`: int32 in raw form, else of its type.
static inline void ares_write_output(const ares_requant* r, ares_channel_params c, int32_t acc, void* out, int32_t at) {
  const int32_t y = ares_requantise(r, c, acc);
  if (r->form == ARES_RAW || r->type == ARES_S32) {
    ((int32_t*)out)[at] = y;
  } else if (r->type == ARES_S16) {
    ((int16_t*)out)[at] = (int16_t)y;
  } else {
    ((uint8_t*)out)[at] = (uint8_t)y;
  }
}

#endif
