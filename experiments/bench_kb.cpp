// Lookups in a knowledge base of a million entries, 5,000 of each family. The base is written once, to $ARES_BENCH_KB
// or a directory below the system's temporary one (2 GB, minutes); $ARES_BENCH_ENTRIES asks for fewer entries.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>

#include "kb/knowledge_base.hpp"

using namespace ares;
using namespace ares::kb;

namespace {

constexpr uint32_t of_family = 5000;

Signature signature(uint32_t family, uint32_t number) {
  std::mt19937 random(number);
  const auto between = [&](int low, int high) { return low + static_cast<int>(random() % (high - low + 1u)); };
  GroupShape g;
  g.family = Family::conv;
  g.window.kh = static_cast<int16_t>(1 + family % 7);
  g.window.kw = static_cast<int16_t>(1 + family / 7 % 7);
  g.window.sh = static_cast<int16_t>(1 + family / 49);
  g.out = {between(4, 64), between(4, 64), 8 * between(1, 64)};
  g.in = {g.out.h * g.window.sh, g.out.w, 8 * between(1, 64)};
  Context c;
  c.input = c.weights = c.output = Level::l2;
  c.l1_bytes = static_cast<uint32_t>(1024 * between(64, 118));
  c.cores = 8;
  c.stack = 1024;
  return make_signature(g, c, "gap9", RequantPolicy::fast);
}

CurrentEnvironment current() {
  CurrentEnvironment e;
  e.common = {1, 1, 1, {}};
  e.simulator[static_cast<std::size_t>(Source::event)] = std::string(1, '1');
  return e;
}

Entry entry(const Signature& s, uint32_t number) {
  Entry e{{s, Source::event, current().of(Source::event)}, {}, best_kept, 1e6, {}, {}};
  for (uint16_t i = 0; i < best_kept; ++i) {
    Config c;
    for (int k = 0; k < knob_count; ++k) c.value[static_cast<std::size_t>(k)] = static_cast<uint16_t>(1 + i + k);
    e.results.push_back({c, 1e4 + i, 0, i == 3, i == 1, {"network", fmt::format("layer{}", number % 50), "run", 1}});
  }
  return e;
}

uint32_t family_count() {
  const char* entries = std::getenv("ARES_BENCH_ENTRIES");
  return static_cast<uint32_t>(std::max(1L, (entries ? std::atol(entries) : 1'000'000L) / of_family));
}

void require(const Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().what);
}

const KnowledgeBase& base() {
  static const KnowledgeBase kb = [] {
    const char* place = std::getenv("ARES_BENCH_KB");
    const std::filesystem::path dir =
        place ? place : std::filesystem::temp_directory_path() / fmt::format("ares-bench-kb-{}", family_count());
    if (!holds_store(dir)) {
      std::cerr << "writing " << family_count() * of_family << " entries to " << dir << '\n';
      KnowledgeBase writer = *KnowledgeBase::open(dir);
      for (uint32_t f = 0; f < family_count(); ++f)
        for (uint32_t n = 0; n < of_family; ++n) require(writer.merge(entry(signature(f, n), n)));
    }
    return *KnowledgeBase::open_read_only(dir);
  }();
  return kb;
}

/// Over so many signatures in turn, a thousand of a family: few stay in the cache, many do not.
void exact(benchmark::State& state) {
  const auto signatures = static_cast<uint32_t>(state.range(0));
  std::vector<Signature> asked;
  for (uint32_t i = 0; i < signatures; ++i) asked.push_back(signature(i / 1000 % family_count(), i * 7919 % of_family));
  const CurrentEnvironment now = current();
  (void)base();
  std::size_t next = 0;
  for (auto _ : state) {
    const auto found = base().exact(asked[next++ % asked.size()], now);
    if (!found) state.SkipWithError("not found");
    benchmark::DoNotOptimize(found);
  }
}

/// Of shapes that are not in the base, in one family.
void near(benchmark::State& state) {
  const auto shapes = static_cast<uint32_t>(state.range(0));
  const CurrentEnvironment now = current();
  uint32_t next = 0;
  for (auto _ : state) {
    const auto found = base().nearest(signature(1, of_family + next++ % shapes), {}, &now);
    if (found.empty()) state.SkipWithError("not found");
    benchmark::DoNotOptimize(found);
  }
}

/// A question after opening, as a compiler asks it.
void open_and_near(benchmark::State& state) {
  const auto dir = base().store().directory();
  const CurrentEnvironment now = current();
  for (auto _ : state) {
    state.PauseTiming();
    const auto kb = KnowledgeBase::open_read_only(dir);
    state.ResumeTiming();
    benchmark::DoNotOptimize(kb->nearest(signature(1, of_family + 1), {}, &now));
  }
}

}  // namespace

BENCHMARK(exact)->Arg(1)->Arg(100)->Arg(100'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(near)->Arg(1)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_near)->Unit(benchmark::kMicrosecond)->Iterations(3);

BENCHMARK_MAIN();
