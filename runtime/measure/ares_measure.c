#include "measure/ares_measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tile/ares_perf.h"

typedef struct {
  uint32_t wrong, first;
  uint8_t got, want;
} difference;

static void put_operands(const ares_measure_batch* batch, const ares_measure_layer* layer) {
  for (int32_t i = 0; i < layer->operand_count; ++i) {
    const ares_measure_operand* const o = &layer->operands[i];
    memcpy(ares_l2() + o->offset, batch->data + o->data, o->bytes);
  }
}

static void add_differences(const uint8_t* got, const uint8_t* want, uint32_t begin, uint32_t end, difference* d) {
  for (uint32_t i = begin; i < end; ++i) {
    if (got[i] == want[i]) continue;
    if (d->wrong++ == 0) d->first = i, d->got = got[i], d->want = want[i];
  }
}

// Word by word, as long as words are equal.
static void check(const ares_measure_batch* batch, const ares_measure_layer* layer, difference* d) {
  const uint8_t* const got = ares_l2() + layer->output;
  const uint8_t* const want = batch->data + layer->expected;
  const uint32_t words = layer->output_bytes / 4;
  for (uint32_t w = 0; w < words; ++w) {
    uint32_t a, b;
    memcpy(&a, __builtin_assume_aligned(got + 4 * w, 4), 4);
    memcpy(&b, __builtin_assume_aligned(want + 4 * w, 4), 4);
    if (a != b) add_differences(got, want, 4 * w, 4 * w + 4, d);
  }
  add_differences(got, want, 4 * words, layer->output_bytes, d);
}

static uint64_t timed_run(const ares_measure_batch* batch, const ares_measure_candidate* c, difference* d) {
  const ares_measure_layer* const layer = &batch->layers[c->layer];
  memset(ares_l2() + layer->output, ARES_MEASURE_UNWRITTEN, layer->output_bytes);
  ares_perf_running = (ares_perf_sums){0, 0, 0};
  const uint64_t begin = ares_time();
  c->run();
  const uint64_t cycles = ares_time() - begin;
  check(batch, layer, d);
  return cycles;
}

// Where the warm run's time went, where that is measured.
static void print_parts(void) {
#ifdef ENABLE_PERF
  const ares_perf_sums* const s = &ares_perf_running;
  printf(" compute=%" PRIu64 " load=%" PRIu64 " store=%" PRIu64, (uint64_t)s->compute, (uint64_t)s->dma_load,
         (uint64_t)s->dma_store);
#endif
  printf("\n");
}

int ares_measure_main(const ares_measure_batch* batch) {
  enum { NO_LAYER = -1 };
  ares_open(&batch->platform);
  printf("MEASURE PROPERTIES unit=%s", ares_time_unit());
  ares_measure_properties();
  printf("\n");
  int32_t present = NO_LAYER;
  int failed = 0;
  for (int32_t i = 0; i < batch->candidate_count; ++i) {
    const ares_measure_candidate* const c = &batch->candidates[i];
    printf("MEASURE BEGIN %" PRId32 "\n", c->number);
    if (c->layer != present) put_operands(batch, &batch->layers[c->layer]);
    present = c->layer;
    difference d = {0};
    ares_measure_flush();
    const uint64_t cold = timed_run(batch, c, &d), warm = timed_run(batch, c, &d);
    printf("MEASURE RESULT %" PRId32 " cold=%" PRIu64 " warm=%" PRIu64 " wrong=%" PRIu32 " first=%" PRIu32
           " got=%u want=%u",
           c->number, cold, warm, d.wrong, d.first, (unsigned)d.got, (unsigned)d.want);
    print_parts();
    if (d.wrong == 0) continue;
    failed = 1;
    present = NO_LAYER;  // what it has overwritten besides is not known
  }
  printf("MEASURE END %" PRId32 "\n", batch->candidate_count);
  ares_close();
  return failed;
}
