// What tuning costs beside measuring: one proposal from a space of ten million configs after so many results were told,
// and remembering one result, on the disk before the next is measured, as for those of GVSOC.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <numeric>

#include "search/kb_store.hpp"
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

void remember(benchmark::State& state) {
  namespace fs = std::filesystem;
  const fs::path place = fs::temp_directory_path() / ("ares-bench-strategies-" + std::to_string(getpid()));
  {
    kb::KnowledgeBase kb = *kb::KnowledgeBase::open(place);
    const Target target = *load_target("gap9");
    KbStore store(kb, target, RequantPolicy::fast, {"network", "", "run", 1}, kb::Source::gvsoc, "simulator");
    GroupShape shape;
    shape.in = {14, 14, 32};
    shape.out = {14, 14, 64};
    Context context;
    context.l1_bytes = 96 * 1024;
    const Query query{shape, context, target};
    const std::string group = "conv";
    const TuningState tuning;
    uint16_t number = 0;
    for (auto _ : state) {
      ConfigCycles result;
      result.config[Knob::tile_h] = ++number;
      result.cycles = 1e6 - number;
      const TuningRound round{query, group, tuning, std::span(&result, 1)};
      if (!store.save(round)) state.SkipWithError("cannot be written");
    }
  }
  fs::remove_all(place);
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
  benchmark::RegisterBenchmark("remember", remember)->Iterations(200)->Unit(benchmark::kMillisecond)->UseRealTime();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
