#include "cost_models/event.hpp"

#include <tbb/parallel_for.h>

#include <limits>

#include "core/group/versions.hpp"
#include "core/lower/lower.hpp"
#include "search/measurer.hpp"

namespace ares {
namespace {

/// Of one lowering and play; rounded up from 9 us over the spaces of the tutorial's convolutions.
constexpr double seconds_per_play = 12e-6;
/// Large enough for all cores to share, small enough to end within milliseconds.
constexpr std::size_t configs_per_round = 256;
/// Plays per task of the thread pool.
constexpr std::size_t grain = 8;

void play_all(const Query& query, std::span<const Config> configs, std::span<Measurement> results,
              const std::atomic<bool>& stop) {
  const tbb::blocked_range<std::size_t> all(0, configs.size(), grain);
  tbb::parallel_for(all, [&](const tbb::blocked_range<std::size_t>& range) {
    TileProgram program;
    for (std::size_t i = range.begin(); i < range.end() && !stop.load(std::memory_order_relaxed); ++i) {
      const bool feasible = lower_into(query.shape, configs[i], query.context, program);
      if (feasible)
        results[i].cycles = play(program, query.target).cycles;
      else
        results[i].failure = kb::FailureReason{kb::FailureKind::does_not_fit, "the config cannot be lowered"};
    }
  });
}

}  // namespace

Measurer event_measurer() {
  return {"event", configs_per_round, seconds_per_play, play_all, std::string(event_simulator_version)};
}

}  // namespace ares
