// What a strategy itself costs: one proposal from a space of ten million configs after so many results were told.
#include <benchmark/benchmark.h>

#include <cmath>
#include <numeric>

#include "search/strategy.hpp"

using namespace ares;

namespace {

KnobRange tiles(Knob knob, int count) {
  KnobRange range{knob, {}};
  for (int v = 1; v <= count; ++v) range.values.push_back(static_cast<uint16_t>(2 * v));
  return range;
}

/// 32 x 32 x 64 tile sizes, 2 x 2 x 2 buffers, 20 others: 10,485,760 configs, all feasible.
Candidates ten_million() {
  Candidates c;
  c.space.knobs = {tiles(Knob::tile_h, 32), tiles(Knob::tile_w, 32), tiles(Knob::tile_co, 64)};
  for (const Knob k : {Knob::buf_in, Knob::buf_w, Knob::buf_out}) c.space.knobs.push_back({k, {1, 2}});
  c.space.knobs.push_back({Knob::order, {1, 2}});
  c.space.knobs.push_back({Knob::kernel, {1, 2, 3, 4, 5}});
  c.space.knobs.push_back({Knob::parallel, {1, 2}});
  const uint64_t size = c.space.raw_size();
  c.census = {size, size, {}};
  c.indices.resize(size);
  std::iota(c.indices.begin(), c.indices.end(), uint64_t{0});
  c.predicted.reserve(size);
  for (CandidateId i = 0; i < size; ++i) {
    const Config config = c.config(i);
    c.predicted.push_back(1e5F + 1e4F * std::fabs(std::log2(config[Knob::tile_h] * config[Knob::tile_w] / 300.0F)) +
                          100.0F * static_cast<float>(config[Knob::tile_co] % 16 + config[Knob::kernel]));
  }
  rank(c);
  return c;
}

const Candidates& space() {
  static const Candidates candidates = ten_million();
  return candidates;
}

void propose(benchmark::State& state, const std::string& name) {
  const Candidates& c = space();
  const auto strategy = *make_strategy(name, c, 1);
  const auto results = static_cast<std::size_t>(state.range(0));
  const auto answer = [&](const std::vector<CandidateId>& proposals) {
    std::vector<Trial> trials;
    for (const CandidateId id : proposals) trials.push_back({id, c.predicted[id] * (1 + 0.01 * (id * 37 % 11))});
    strategy->tell(trials);
  };
  for (std::size_t i = 0; i < results; ++i) answer(strategy->ask(1));
  for (auto _ : state) {
    const auto proposals = strategy->ask(1);
    state.PauseTiming();
    answer(proposals);
    state.ResumeTiming();
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const StrategyInfo& s : strategies())
    benchmark::RegisterBenchmark(("propose/" + s.name).c_str(),
                                 [name = s.name](benchmark::State& state) { propose(state, name); })
        ->Arg(0)
        ->Arg(10)
        ->Arg(30)
        ->Arg(100)
        ->Iterations(10)
        ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
