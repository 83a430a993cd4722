#include "cost_models/cost_model.hpp"

namespace ares {

const char* name_of(Bottleneck b) {
  constexpr std::array<const char*, 6> names{"compute", "DMA in", "DMA out", "L3", "accelerator", "overhead"};
  return names[static_cast<size_t>(b)];
}

Bottleneck bottleneck_of(const Estimate& e) {
  const std::array<double, 6> parts{e.compute, e.dma_in, e.dma_out, e.l3, e.accelerator, e.overhead};
  size_t most = 0;
  for (size_t i = 1; i < parts.size(); ++i)
    if (parts[i] > parts[most]) most = i;
  return static_cast<Bottleneck>(most);
}

Estimate estimate(const CostModel& model, const Query& query, const Config& config) {
  Estimate e;
  model.estimate(query, {&config, 1}, {&e, 1});
  return e;
}

}  // namespace ares
