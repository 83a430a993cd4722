// Selective scan: each worker takes channels, and of a channel a piece of time: first what the states of a step share,
// then four states at a time, then the outputs.
#include "kernels/ares_scan.h"

#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// Steps of a piece, which lie on a worker's stack.
enum { PIECE = 48, FOUR = 4 };

// What the states of a step share; the order is known to ares_scan_states.S.
typedef struct {
  int32_t acc, log, input;
} scan_step;

// The order of the fields is known to ares_scan_states.S.
typedef struct {
  scan_step* steps;
  const int16_t* bc;  // four of B, four of C per step
  const int32_t* rates;
  int32_t* states;
  const ares_scan_line* lines;
  int32_t shift, count;
} ares_scan_four;

void ares_scan_four_states(ares_scan_four* s);

// B and C less their zero points behind the states: per four states and step four of B, four of C.
static int16_t* scratch_of(const ares_scan_args* a) { return (int16_t*)(void*)(a->state + a->channels * a->states); }

// All workers together.
static void centre(const ares_scan_args* a) {
  const int32_t states = a->states, zero_b = a->params->zero_b, zero_c = a->params->zero_c;
  const ares_share steps = ares_share_of(a->steps, 1);
  for (int32_t t = steps.begin; t < steps.end; ++t) {
    const uint8_t *b = a->bc + 2 * states * t, *c = b + states;
    int16_t* to = scratch_of(a) + 2 * FOUR * t;
    for (int32_t n = 0; n + FOUR <= states; n += FOUR, to += 2 * FOUR * a->steps) {
      for (int32_t i = 0; i < FOUR; ++i) {
        to[i] = (int16_t)(*b++ - zero_b);
        to[FOUR + i] = (int16_t)(*c++ - zero_c);
      }
    }
  }
}

static void prepare(const ares_scan_args* a, int32_t at, int32_t skip, scan_step* s, int32_t count) {
  const ares_scan_params* const p = a->params;
  const int32_t shift = p->input_shift, half = shift > 0 ? 1 << (shift - 1) : 0;
  const uint8_t *x = a->x + at, *delta = a->delta + at;
  int32_t v, d, log, acc;
  __asm__ volatile(
      ".option push\n.option norvc\n"
      ".insn i 0x7b, 4, x0, %[count], 24\n"                   // lp.setup: 12 instructions
      ".insn r 0x0b, 7, 0x20, %[d], %[delta], %[channels]\n"  // p.lbu with post-increment
      ".insn r 0x0b, 7, 0x20, %[v], %[x], %[channels]\n"
      "slli %[d], %[d], 3\n"
      "sub %[v], %[v], %[zero]\n"
      ".insn r 0x03, 7, 0x10, %[log], %[logs], %[d]\n"  // p.lw
      ".insn r 0x03, 7, 0x10, %[d], %[inputs], %[d]\n"
      "mul %[acc], %[v], %[skip]\n"
      "mul %[d], %[d], %[v]\n"
      ".insn s 0x2b, 2, %[acc], 4(%[s])\n"                // p.sw with post-increment
      ".insn r 0x5b, 2, 0x20, %[d], %[half], %[shift]\n"  // p.addN
      ".insn s 0x2b, 2, %[log], 4(%[s])\n"
      ".insn s 0x2b, 2, %[d], 4(%[s])\n"
      ".option pop\n"
      : [x] "+&r"(x), [delta] "+&r"(delta), [s] "+&r"(s), [v] "=&r"(v), [d] "=&r"(d), [log] "=&r"(log), [acc] "=&r"(acc)
      : [count] "r"(count), [channels] "r"(a->channels), [zero] "r"(p->zero_x), [logs] "r"(&p->steps[0].log),
        [inputs] "r"(&p->steps[0].input), [skip] "r"(skip), [half] "r"(half), [shift] "r"(shift)
      : "memory");
}

// States behind the last four.
static void last_states(const ares_scan_args* a, const int32_t* rates, int32_t* h, int32_t first, int32_t from,
                        scan_step* s, int32_t count) {
  const ares_scan_params* const p = a->params;
  for (int32_t t = 0; t < count; ++t) {
    const uint8_t *const b = a->bc + 2 * a->states * (from + t), *const c = b + a->states;
    for (int32_t n = first; n < a->states; ++n) {
      s[t].acc += ares_scan_state(p, h + n, s[t].log + rates[n], s[t].input, b[n] - p->zero_b, c[n] - p->zero_c);
    }
  }
}

static void finish(const ares_scan_args* a, int32_t at, const scan_step* s, int32_t count) {
  const ares_requant r = a->requant;
  const ares_channel_params params = a->params->requant;
  const int32_t channels = a->channels;
  uint8_t* out = a->out + at;
  for (const scan_step* const end = s + count; s < end; ++s, out += channels) {
    *out = (uint8_t)ares_requantise(&r, params, s->acc);
  }
}

static void finish_wide(const ares_scan_args* a, int32_t at, const scan_step* s, int32_t count) {
  const ares_requant* const r = &a->requant;
  uint8_t* out = a->out + at;
  int32_t y;
  __asm__ volatile(
      ".option push\n.option norvc\n"
      ".insn i 0x7b, 4, x0, %[count], 14\n"  // lp.setup: 7 instructions
      ".insn i 0x0b, 2, %[y], 12(%[s])\n"    // p.lw with post-increment
      "sll %[y], %[y], %[before]\n"
      "mulh %[y], %[y], %[m]\n"
      ".insn r 0x5b, 2, 0x20, %[y], %[b], %[after]\n"       // p.addN
      ".insn r 0x33, 6, 0x02, %[y], %[y], %[lo]\n"          // p.max
      ".insn r 0x33, 4, 0x02, %[y], %[y], %[hi]\n"          // p.min
      ".insn r 0x2b, 4, 0x00, %[channels], %[out], %[y]\n"  // p.sb with post-increment
      ".option pop\n"
      : [s] "+&r"(s), [out] "+&r"(out), [y] "=&r"(y)
      : [count] "r"(count), [before] "r"(r->pre_shift), [m] "r"(a->params->requant.m), [b] "r"(a->params->requant.B),
        [after] "r"(r->shift), [lo] "r"(r->lo), [hi] "r"(r->hi), [channels] "r"(a->channels)
      : "memory");
}

static void channel(const ares_scan_args* a, int32_t c) {
  const int32_t states = a->states;
  const int32_t* const rates = a->rates + c * (states + 1);
  int32_t* const h = a->state + c * states;
  const bool wide = a->requant.form == ARES_WIDE && a->requant.rounding == ARES_HALF_UP;
  scan_step steps[PIECE];
  for (int32_t n = 0; n < states && a->first; ++n) h[n] = 0;
  for (int32_t from = 0, count = 0; from < a->steps; from += count) {
    const int32_t at = from * a->channels + c;
    count = ares_min(a->steps - from, PIECE);
    prepare(a, at, rates[states], steps, count);
    ares_scan_four s = {steps, scratch_of(a) + 2 * FOUR * from, rates, h, a->params->decay, a->params->state_shift,
                        count};
    int32_t n = 0;
    for (; n + FOUR <= states; n += FOUR) {
      ares_scan_four_states(&s);
      s.bc += 2 * FOUR * a->steps;
      s.rates += FOUR;
      s.states += FOUR;
    }
    if (n < states) last_states(a, rates, h, n, from, steps, count);
    (wide ? finish_wide : finish)(a, at, steps, count);
  }
}

bool ares_scan_fast(const ares_scan_args* a) {
  if (!a->params->stays_in_table || a->states < FOUR) return false;
  centre(a);
  ares_barrier();
  const ares_share channels = ares_share_of(a->channels, 1);
  for (int32_t c = channels.begin; c < channels.end; ++c) channel(a, c);
  return true;
}
