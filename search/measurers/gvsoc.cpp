#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"
#include "cost_models/gvsoc/batch_runner.hpp"
#include "cost_models/gvsoc/slice.hpp"
#include "search/measurer.hpp"

namespace ares {
namespace {

/// Programs of 16 configs for two cores; larger rounds would propose more without knowing the last results.
constexpr std::size_t configs_per_round = 32;
/// Of one measurement on one core, builds included (experiments/README.md).
constexpr double seconds_each = 0.3;

kb::FailureReason reason(const gvsoc::Failure& f) {
  switch (f.kind) {
    case gvsoc::FailureClass::does_not_fit:
      return {kb::FailureKind::does_not_fit, f.message};
    case gvsoc::FailureClass::build_failed:
      return {kb::FailureKind::build_failed, f.message};
    case gvsoc::FailureClass::wrong_output:
      return {kb::FailureKind::wrong_output, f.message};
    case gvsoc::FailureClass::timeout:
      return {kb::FailureKind::timeout, f.message};
    case gvsoc::FailureClass::crashed:
      return {kb::FailureKind::crashed, f.message};
  }
  return {kb::FailureKind::crashed, f.message};
}

/// What the configs are measured on: the group itself, or slices of it.
struct Plan {
  std::vector<gvsoc::MeasuredLayer> layers;
  std::vector<gvsoc::BatchCandidate> candidates;
  std::vector<std::size_t> config;  ///< per candidate
  std::vector<double> scale;        ///< per candidate
};

Plan plan(const Query& query, std::span<const Config> configs, std::span<Measurement> results) {
  Plan p;
  std::vector<GroupShape> shapes;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const auto slice = gvsoc::slice_for(query, configs[i]);
    if (!slice) {
      results[i].failure = kb::FailureReason{kb::FailureKind::does_not_fit, slice.error().what};
      continue;
    }
    const auto known = std::find(shapes.begin(), shapes.end(), slice->shape);
    const auto layer = static_cast<std::size_t>(known - shapes.begin());
    if (known == shapes.end()) {
      auto made = gvsoc::sample_layer(slice->shape, query.context);
      if (!made) {
        results[i].failure = kb::FailureReason{kb::FailureKind::build_failed, made.error().what};
        continue;
      }
      shapes.push_back(slice->shape);
      p.layers.push_back(std::move(*made));
    }
    p.candidates.push_back({layer, configs[i]});
    p.config.push_back(i);
    p.scale.push_back(slice->scale);
  }
  return p;
}

void measure(gvsoc::BatchRunner& runner, const Query& query, std::span<const Config> configs,
             std::span<Measurement> results, const std::atomic<bool>& stop) {
  const Plan p = plan(query, configs, results);
  const auto outcomes = runner.run(p.layers, p.candidates, stop);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    Measurement& m = results[p.config[i]];
    const gvsoc::Outcome& o = outcomes[i];
    if (o.failure) {
      m.failure = reason(*o.failure);
      continue;
    }
    m.cycles = o.cycles * p.scale[i];
    m.cold_cycles = o.cold_cycles * p.scale[i];
    m.sliced = p.scale[i] != 1;
  }
}

}  // namespace

Result<Measurer> gvsoc_measurer(const std::string& home, const Target& target) {
  const auto simulator = gvsoc::find_simulator(home);
  if (!simulator) return tl::unexpected(simulator.error());
  if (target.accelerator.kind != AcceleratorKind::ne16)
    return fail(fmt::format("GVSOC: its target {} is no {}", simulator->target, target.name));
  auto runner = std::make_shared<gvsoc::BatchRunner>(*simulator, target);
  const auto properties = runner->probe();
  if (!properties) return tl::unexpected(properties.error());
  Measurer m{"gvsoc", configs_per_round, seconds_each};
  m.measure = [runner](const Query& query, std::span<const Config> configs, std::span<Measurement> results,
                       const std::atomic<bool>& stop) { measure(*runner, query, configs, results, stop); };
  m.simulator = gvsoc::environment(*simulator, *properties);
  m.description = gvsoc::describe(*simulator);
  return m;
}

}  // namespace ares
