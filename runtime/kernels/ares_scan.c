#include "kernels/ares_scan.h"

#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"

// All steps of one channel.
static void scan_channel(const ares_scan_args* a, int32_t channel) {
  const ares_scan_params* const p = a->params;
  const int32_t states = a->states;
  const int32_t* const rates = a->rates + channel * (states + 1);
  int32_t* const h = a->state + channel * states;
  for (int32_t n = 0; n < states && a->first; ++n) h[n] = 0;
  for (int32_t t = 0; t < a->steps; ++t) {
    const uint8_t* const b = a->bc + 2 * states * t;
    const int32_t at = t * a->channels + channel, x = a->x[at], delta = a->delta[at];
    const int32_t u = ares_scan_input(p, x, delta), log = p->steps[delta].log;
    int32_t acc = (x - p->zero_x) * rates[states];
    for (int32_t n = 0; n < states; ++n) {
      acc += ares_scan_state(p, h + n, log + rates[n], u, b[n] - p->zero_b, b[states + n] - p->zero_c);
    }
    a->out[at] = (uint8_t)ares_requantise(&a->requant, p->requant, acc);
  }
}

static void scan_worker(const void* arguments) {
  const ares_scan_args* const a = arguments;
  if (ares_scan_fast(a)) return;
  const ares_share channels = ares_share_of(a->channels, 1);
  for (int32_t c = channels.begin; c < channels.end; ++c) scan_channel(a, c);
}

void ares_scan(const ares_scan_args* a) { ares_start(scan_worker, a); }
