#include "tile/ares_perf.h"

#include <stddef.h>

ares_perf_sums ares_perf_running;

static ares_perf* current;

static uint64_t channels_busy(void) {
  uint64_t sum = 0;
  for (int channel = 0; channel < ARES_CHANNELS; ++channel) sum += ares_channel_busy((ares_channel)channel);
  return sum;
}

void ares_perf_begin(ares_perf* perf) {
  const ares_perf_sums none = {0, 0, 0};
  current = perf;
  current->busy = channels_busy();
  ares_perf_running = none;
  current->total = ares_time();
}

void ares_perf_end(void) {
  current->total = ares_time() - current->total;
  current->busy = channels_busy() - current->busy;
  current->compute = ares_perf_running.compute;
  current->dma_load = ares_perf_running.dma_load;
  current->dma_store = ares_perf_running.dma_store;
}

uint64_t ares_perf_idle(const ares_perf* perf) {
  const uint64_t counted = perf->compute + perf->dma_load + perf->dma_store;
  return perf->total > counted ? perf->total - counted : 0;
}

uint32_t ares_perf_overlap(const ares_perf* perf) {
  const uint64_t waited = perf->dma_load + perf->dma_store;
  return perf->busy > waited ? (uint32_t)((perf->busy - waited) * 100 / perf->busy) : 0;
}
