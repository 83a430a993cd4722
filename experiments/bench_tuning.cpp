// How fast the tuner's own machinery is, on one core: configs scored per second (from a config's index through lower()
// to the analytical estimate), raw configs enumerated to the feasible ones per second, event plays per second.
#include <benchmark/benchmark.h>

#include "core/lower/lower.hpp"
#include "core/tile/walker.hpp"
#include "cost_models/analytical.hpp"
#include "cost_models/event.hpp"
#include "experiments/tutorial_groups.hpp"

using namespace ares;

namespace {

/// Every n-th feasible config of a group, so that the sample has the whole space's mixture.
struct Sample {
  GroupShape shape;
  Context context;
  SearchSpace space;
  std::vector<uint64_t> indices;
};

Sample sample(const GroupShape& shape, const Target& target, size_t count) {
  const Context context = whole_l1(target);
  Sample s{shape, context, make_space(shape, context), {}};
  const std::vector<uint64_t> all = feasible_indices(s.space);
  const size_t step = std::max<size_t>(1, all.size() / count);
  for (size_t i = 0; i < all.size(); i += step) s.indices.push_back(all[i]);
  return s;
}

void score(benchmark::State& state, const NamedShape& group) {
  const Target target = *load_target("gap9");
  const Sample s = sample(group.shape, target, 100000);
  TileProgram program;
  size_t i = 0;
  for (auto _ : state) {
    lower_into(s.shape, s.space.config(s.indices[i]), s.context, program);
    benchmark::DoNotOptimize(analyse(program, target));
    if (++i == s.indices.size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

void play_events(benchmark::State& state, const NamedShape& group) {
  const Target target = *load_target("gap9");
  const Sample s = sample(group.shape, target, 2000);
  std::vector<TileProgram> programs;
  int64_t steps = 0, all_steps = 0;
  for (const uint64_t index : s.indices) programs.push_back(*lower(s.shape, s.space.config(index), s.context));
  for (const TileProgram& p : programs) walk(p, [&](const Step&) { ++steps; });
  for (auto _ : state) {
    for (const TileProgram& p : programs) benchmark::DoNotOptimize(play(p, target));
    all_steps += steps;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(programs.size()));
  state.counters["steps"] = benchmark::Counter(static_cast<double>(all_steps), benchmark::Counter::kIsRate);
}

/// conv3 with weights streamed from L3: 28.9 million raw configs.
void enumerate(benchmark::State& state) {
  const Target target = *load_target("gap9");
  Context context = whole_l1(target);
  context.weights = Level::l3;
  context.l2_staging = 192 * 1024;
  const SearchSpace space = make_space(conv_shape({7, 7, 64}, 128, 3, 1, 1), context);
  uint64_t feasible = 0;
  for (auto _ : state) {
    feasible = 0;
    for_each_feasible(space, [&](uint64_t, const Config&) {
      ++feasible;
      return true;
    });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(space.raw_size()));
  state.counters["raw"] = static_cast<double>(space.raw_size());
  state.counters["feasible"] = static_cast<double>(feasible);
}

}  // namespace

int main(int argc, char** argv) {
  for (const NamedShape& g : tutorial_groups()) {
    benchmark::RegisterBenchmark(("score/" + g.name).c_str(), [g](benchmark::State& state) { score(state, g); });
    benchmark::RegisterBenchmark(("event/" + g.name).c_str(), [g](benchmark::State& state) { play_events(state, g); });
  }
  benchmark::RegisterBenchmark("enumerate/conv3 streamed", enumerate)->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
