#include <stddef.h>

#include "kernels/ares_dense.h"
#include "kernels/ares_dot.h"
#include "kernels/ares_share.h"

// Takes the block's sums from the accumulators of earlier steps, or clears them in the first.
static void begin_sums(const ares_linear_args* a, ares_block* b, int32_t token, int32_t channel) {
  ares_clear(b);
  if (a->sums == NULL || a->first) return;
  for (int32_t p = 0; p < b->pixels; ++p) {
    for (int32_t i = 0; i < b->channels; ++i) b->sum[i][p] = a->sums[(token + p) * a->channels + channel + i];
  }
}

// Keeps the block's sums for the next step, or requantises them in the last.
static void end_sums(const ares_linear_args* a, const ares_block* b, int32_t token, int32_t channel) {
  for (int32_t p = 0; p < b->pixels; ++p) {
    for (int32_t i = 0; i < b->channels; ++i) {
      const int32_t at = (token + p) * a->channels + channel + i;
      const int32_t acc = ares_accumulator(b, i, p, ares_weight_zero(&a->params, channel + i));
      if (a->sums != NULL && !a->last) {
        a->sums[at] = acc;
      } else {
        ares_write_output(&a->requant, ares_params_of(&a->params, channel + i), acc, a->out, at);
      }
    }
  }
}

// The same by a core's dot product instructions, if it has some for this.
static bool fast_tokens(const ares_linear_args* a, ares_share tokens, ares_share channels) {
  const int32_t at = tokens.begin * a->channels + channels.begin;
  const ares_dense d = {
      .in = a->in + tokens.begin * a->in_pitch,
      .pixels = tokens.end - tokens.begin,
      .pixel_pitch = a->in_pitch,
      .runs = 1,
      .run_bytes = a->reduction,
      .weights = a->weights + channels.begin * a->channel_bytes,
      .channels = channels.end - channels.begin,
      .channel_bytes = a->channel_bytes,
      .used_bytes = (a->reduction + 3) / 4 * 4,
      .params = {a->params.records + channels.begin * a->params.words, a->params.words},
      .requant = &a->requant,
      .out = (uint8_t*)a->out + at * ares_output_bytes(&a->requant),
      .out_pitch = a->channels,
      .sums = a->sums == NULL ? NULL : a->sums + at,
      .first = a->first,
      .last = a->last,
      .blocking = a->blocking,
  };
  return ares_dense_fast(&d);
}

static __attribute__((noinline)) void plain_tokens(const ares_linear_args* a, ares_share tokens, ares_share channels) {
  ares_block b;
  b.sums_inputs = a->params.words == 3;
  for (int32_t token = tokens.begin; token < tokens.end; token += b.pixels) {
    b.pixels = ares_min(a->blocking.pixels, tokens.end - token);
    for (int32_t p = 0; p < b.pixels; ++p) b.pixel[p] = a->in + (token + p) * a->in_pitch;
    for (int32_t c = channels.begin; c < channels.end; c += b.channels) {
      b.channels = ares_min(a->blocking.channels, channels.end - c);
      begin_sums(a, &b, token, c);
      ares_dot(&b, 0, a->weights + c * a->channel_bytes, a->channel_bytes, a->reduction);
      end_sums(a, &b, token, c);
    }
  }
}

static void linear_worker(const void* arguments) {
  const ares_linear_args* const a = arguments;
  ares_share tokens = {0, a->tokens}, channels = {0, a->channels};
  if (a->parallel == ARES_CHANNELS_OUT) {
    channels = ares_share_of(a->channels, a->blocking.channels);
  } else {
    tokens = ares_share_of(a->tokens, a->parallel == ARES_PIXELS ? a->blocking.pixels : 1);
  }
  if (!fast_tokens(a, tokens, channels)) plain_tokens(a, tokens, channels);
}

void ares_linear(const ares_linear_args* a) { ares_start(linear_worker, a); }
