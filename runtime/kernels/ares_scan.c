#include "kernels/ares_reciprocal.h"
#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"

enum { SEGMENT_BITS = 12, SLOPE_BITS = 5, INPUT_BITS = 23, LAST_SEGMENT = 416 };

// What all channels share, and the channels of a tile.
typedef struct {
  const ares_scan_line* lines;
  int32_t zero_b, zero_c, input_shift, state_shift, half;
} scan_constants;

static inline int32_t mulhsu(int32_t a, uint32_t b) { return (int32_t)(((int64_t)a * (int64_t)b) >> 32); }

// exp(-v) in 2^-32; log: log2(v).
static inline uint32_t decay_of(const ares_scan_line* lines, int32_t log) {
  int32_t l = log;
  if (__builtin_expect(l > LAST_SEGMENT << SEGMENT_BITS, 0)) l = LAST_SEGMENT << SEGMENT_BITS;
  const ares_scan_line* const line = lines + (l >> SEGMENT_BITS);
  const uint32_t f = (uint32_t)l & ((1u << SEGMENT_BITS) - 1u);
  return line->value - ((line->slope * f) >> SLOPE_BITS);
}

// One state over one time step: returns the new state.
static inline int32_t next_state(const scan_constants* k, int32_t h, int32_t log, int32_t b, int32_t u) {
  return mulhsu(h, decay_of(k->lines, log)) + (((b - k->zero_b) * u) >> k->input_shift);
}

static inline int32_t state_output(const scan_constants* k, int32_t h, int32_t c) {
  return ((h + k->half) >> k->state_shift) * (c - k->zero_c);
}

// Pairs of states: their chains of products overlap.
static inline int32_t states_of(scan_constants k, const int32_t* restrict rates, int32_t* restrict h, int32_t states,
                                int32_t log, int32_t u, const uint8_t* restrict b) {
  const uint8_t* const c = b + states;
  int32_t acc = 0, n = 0;
  for (; n + 2 <= states; n += 2) {
    const int32_t h0 = next_state(&k, h[n], log + rates[n], b[n], u);
    const int32_t h1 = next_state(&k, h[n + 1], log + rates[n + 1], b[n + 1], u);
    h[n] = h0;
    h[n + 1] = h1;
    acc += state_output(&k, h0, c[n]) + state_output(&k, h1, c[n + 1]);
  }
  for (; n < states; ++n) {
    h[n] = next_state(&k, h[n], log + rates[n], b[n], u);
    acc += state_output(&k, h[n], c[n]);
  }
  return acc;
}

// What the steps of one channel take.
typedef struct {
  const uint8_t *x, *delta, *bc;
  uint8_t* out;
  const int32_t* rates;  // and the skip weight behind them
  int32_t* h;
} scan_row;

static void any_states(const ares_scan_args* a, const scan_constants* k, scan_row s) {
  const ares_scan_params* const p = a->params;
  const int32_t states = a->states, zero_x = p->zero_x, skip = s.rates[states];
  const ares_requant r = a->requant;
  for (int32_t t = 0, at = 0; t < a->steps; ++t, at += a->channels, s.bc += 2 * states) {
    const int32_t x = s.x[at] - zero_x, delta = s.delta[at];
    const int32_t u = ares_mulh(x * (1 << INPUT_BITS), p->steps[delta].input);
    const int32_t sum = states_of(*k, s.rates, s.h, states, p->steps[delta].log, u, s.bc);
    s.out[at] = (uint8_t)ares_requantise(&r, p->requant, sum + x * skip);
  }
}

// Four states stay in registers from step to step.
static void four_states(const ares_scan_args* a, const scan_constants* constants, scan_row s) {
  const ares_scan_params* const p = a->params;
  const scan_constants k = *constants;
  const ares_requant r = a->requant;
  const ares_channel_params params = p->requant;
  const int32_t zero_x = p->zero_x, channels = a->channels, last = a->steps * channels;
  const int32_t r0 = s.rates[0], r1 = s.rates[1], r2 = s.rates[2], r3 = s.rates[3], skip = s.rates[4];
  int32_t h0 = s.h[0], h1 = s.h[1], h2 = s.h[2], h3 = s.h[3];
  for (int32_t at = 0; at < last; at += channels, s.bc += 8) {
    const int32_t x = s.x[at] - zero_x, delta = s.delta[at], log = p->steps[delta].log;
    const int32_t u = ares_mulh(x * (1 << INPUT_BITS), p->steps[delta].input);
    h0 = next_state(&k, h0, log + r0, s.bc[0], u);
    h1 = next_state(&k, h1, log + r1, s.bc[1], u);
    h2 = next_state(&k, h2, log + r2, s.bc[2], u);
    h3 = next_state(&k, h3, log + r3, s.bc[3], u);
    const int32_t low = state_output(&k, h0, s.bc[4]) + state_output(&k, h1, s.bc[5]);
    const int32_t high = state_output(&k, h2, s.bc[6]) + state_output(&k, h3, s.bc[7]);
    s.out[at] = (uint8_t)ares_requantise(&r, params, x * skip + low + high);
  }
  s.h[0] = h0, s.h[1] = h1, s.h[2] = h2, s.h[3] = h3;
}

static void scan_worker(const void* arguments) {
  const ares_scan_args* const a = arguments;
  const ares_scan_params* const p = a->params;
  const int32_t half = p->state_shift > 0 ? 1 << (p->state_shift - 1) : 0, states = a->states;
  const scan_constants k = {p->decay, p->zero_b, p->zero_c, p->input_shift, p->state_shift, half};
  const ares_share channels = ares_share_of(a->channels, 1);
  for (int32_t c = channels.begin; c < channels.end; ++c) {
    const scan_row row = {
        a->x + c, a->delta + c, a->bc, a->out + c, a->rates + c * (states + 1), a->state + c * states};
    for (int32_t n = 0; n < states && a->first; ++n) row.h[n] = 0;
    if (states == 4) {
      four_states(a, &k, row);
    } else {
      any_states(a, &k, row);
    }
  }
}

void ares_scan(const ares_scan_args* a) { ares_start(scan_worker, a); }
