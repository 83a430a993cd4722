// CostModel: predicts the cycles of configs without running them. Batch-shaped: one call scores many configs of one
// group. Implementations are one file each, registered by name in registry.cpp; tests/conformance holds the suite that
// every model must pass: deterministic; a batch equals its configs one by one; finite; the lower bound below every
// estimate; at a fixed config never slower with more DMA bandwidth, lower L1 latency or more cores.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/group/space.hpp"
#include "core/target/target.hpp"
#include "core/tile/program.hpp"

namespace ares {

enum class Bottleneck : uint8_t { compute, dma_in, dma_out, l3, accelerator, overhead };

const char* name_of(Bottleneck b);

/// Cycles of one warm run of a group, by resource. The parts overlap, so they add up to more than `cycles`; `stall` is
/// the time in which the orchestrating core waits for transfers.
struct Estimate {
  bool feasible = false;
  double cycles = 0;
  double compute = 0, dma_in = 0, dma_out = 0, l3 = 0, accelerator = 0, stall = 0, overhead = 0;
  Bottleneck bottleneck = Bottleneck::compute;
  uint32_t l1_bytes = 0;
};

/// The resource that was busy longest; the first of equals.
Bottleneck bottleneck_of(const Estimate& e);

/// One group as the plan sees it, on one target.
struct Query {
  const GroupShape& shape;
  const Context& context;
  const Target& target;
};

class CostModel {
 public:
  virtual ~CostModel() = default;
  virtual std::string name() const = 0;

  /// estimates[i] for configs[i]; both have the same length. An infeasible config gets feasible = false. Called from
  /// several threads at once.
  virtual void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const = 0;
};

/// The estimate of a single config.
Estimate estimate(const CostModel& model, const Query& query, const Config& config);

/// Cycles below which no config of the group can come, by any model: compute at the best kernel's rate on all cores
/// against the bytes each DMA direction must move.
double lower_bound(const Query& query);

/// Names of the models that --cost-model knows.
std::vector<std::string> cost_model_names();

/// The model of that name, or an error that lists the names.
Result<std::shared_ptr<const CostModel>> make_cost_model(const std::string& name);

}  // namespace ares
