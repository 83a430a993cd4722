#include "tile/ares_perf.h"

#include <stddef.h>

#include "hal/ares_hal.h"

#ifdef ENABLE_PERF

static ares_perf* current;  // NULL: this run is not measured
static ares_perf sums;      // of the group, until it ends

static uint64_t channels_busy(void) {
  uint64_t sum = 0;
  for (int channel = 0; channel < ARES_CHANNELS; ++channel) sum += ares_channel_busy((ares_channel)channel);
  return sum;
}

uint64_t ares_perf_now(void) { return current == NULL ? 0 : ares_time(); }

void ares_perf_begin(ares_perf* perf) {
  const ares_perf none = {0};
  sums = none;
  sums.busy = channels_busy();
  current = perf;
  sums.total = ares_time();
}

void ares_perf_end(void) {
  sums.total = ares_time() - sums.total;
  sums.busy = channels_busy() - sums.busy;
  *current = sums;
  current = NULL;
}

void ares_perf_compute(uint64_t since) {
  if (current != NULL) sums.compute += ares_time() - since;
}

void ares_perf_load(uint64_t since) {
  if (current != NULL) sums.dma_load += ares_time() - since;
}

void ares_perf_store(uint64_t since) {
  if (current != NULL) sums.dma_store += ares_time() - since;
}

#else

uint64_t ares_perf_now(void) { return 0; }
void ares_perf_begin(ares_perf* perf) { (void)perf; }
void ares_perf_end(void) {}
void ares_perf_compute(uint64_t since) { (void)since; }
void ares_perf_load(uint64_t since) { (void)since; }
void ares_perf_store(uint64_t since) { (void)since; }

#endif

uint64_t ares_perf_idle(const ares_perf* perf) {
  const uint64_t counted = perf->compute + perf->dma_load + perf->dma_store;
  return perf->total > counted ? perf->total - counted : 0;
}

uint32_t ares_perf_overlap(const ares_perf* perf) {
  const uint64_t waited = perf->dma_load + perf->dma_store;
  return perf->busy > waited ? (uint32_t)((perf->busy - waited) * 100 / perf->busy) : 0;
}
