// What tuning costs beside measuring: one proposal from a space of ten million configs after so many results were told;
// remembering one result, on the disk before the next is measured, as for those of GVSOC; and everything a tuner does
// between two measurements, over its first hundred of a group.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <numeric>

#include "search/kb_store.hpp"
#include "search/tuner.hpp"

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

namespace fs = std::filesystem;

struct Directory {
  fs::path path = fs::temp_directory_path() / ("ares-bench-strategies-" + std::to_string(getpid()));
  ~Directory() { fs::remove_all(path); }
};

GroupInContext convolution() {
  GroupInContext g;
  g.group.name = "conv";
  g.group.shape.in = {14, 14, 32};
  g.group.shape.out = {14, 14, 64};
  g.group.shape.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  g.context.l1_bytes = 96 * 1024;
  return g;
}

void remember(benchmark::State& state) {
  const Directory place;
  {
    kb::KnowledgeBase kb = *kb::KnowledgeBase::open(place.path);
    const Target target = *load_target("gap9");
    KbStore store(kb, target, RequantPolicy::fast, {"network", "", "run", 1}, kb::Source::gvsoc, "simulator");
    const GroupInContext g = convolution();
    const Query query{g.group.shape, g.context, target};
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
}

/// Answers at once, and not as the model expects.
Measurer no_time(std::size_t batch) {
  Measurer m{"gvsoc", batch, 0.2};
  m.measure = [](const Query& q, std::span<const Config> configs, std::span<Measurement> results,
                 const std::atomic<bool>&) {
    const auto analytical = *make_cost_model("analytical");
    for (std::size_t i = 0; i < configs.size(); ++i) {
      const Config& c = configs[i];
      results[i].cycles =
          estimate(*analytical, q, c).cycles * (1 + 0.1 * (c[Knob::tile_h] * 7 % 5 + c[Knob::kernel] % 3));
    }
  };
  m.simulator = "none";
  return m;
}

/// The time of one measurement, in proposals of so many.
void tune(benchmark::State& state) {
  constexpr std::size_t measurements = 100;
  const Target target = *load_target("gap9");
  const std::vector<GroupInContext> groups{convolution()};
  const auto model = *make_cost_model("analytical");
  const Measurer measurer = no_time(static_cast<std::size_t>(state.range(0)));
  const std::atomic<bool> never{false};
  std::size_t measured = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const Directory place;
    kb::KnowledgeBase kb = *kb::KnowledgeBase::open(place.path);
    KbStore store(kb, target, RequantPolicy::fast, {"network", "", "run", 1}, kb::Source::gvsoc, "none");
    TunerOptions options;
    options.max_evals = measurements;
    options.no_gain_rounds = measurements;
    Tuner tuner(groups, target, *model, measurer, &store, options, {}, never);
    if (!tuner.prepare()) state.SkipWithError("cannot be prepared");
    state.ResumeTiming();
    if (!tuner.run()) state.SkipWithError("cannot be written");
    measured += tuner.measurements();
  }
  state.SetItemsProcessed(static_cast<int64_t>(measured));
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
  benchmark::RegisterBenchmark("tune_100", tune)
      ->MeasureProcessCPUTime()
      ->Arg(1)
      ->Arg(32)
      ->Iterations(10)
      ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
