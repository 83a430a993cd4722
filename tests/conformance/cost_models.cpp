// What every cost model must satisfy, run over all that are registered, on random feasible configs of random groups.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "core/lower/lower.hpp"
#include "cost_models/cost_model.hpp"

using namespace ares;

namespace {

using Random = std::mt19937_64;

int32_t pick(Random& r, int32_t lo, int32_t hi) {
  return lo + static_cast<int32_t>(r() % static_cast<uint64_t>(hi - lo + 1));
}

template <class T>
T one_of(Random& r, std::initializer_list<T> values) {
  return *(values.begin() + r() % values.size());
}

GroupShape random_windowed(Random& r, Family family) {
  GroupShape s;
  s.family = family;
  const bool pool = family == Family::max_pool;
  const auto kernel = static_cast<int16_t>(pool ? pick(r, 2, 3) : one_of(r, {1, 3, 3, 5}));
  const auto stride = static_cast<int16_t>(pool ? kernel : pick(r, 1, 2));
  const auto pad = static_cast<int16_t>(pool ? 0 : one_of(r, {0, kernel / 2}));
  s.window = {kernel, kernel, stride, stride, 1, 1, pad, pad, pad, pad};
  s.in = {pick(r, kernel, 24), pick(r, kernel, 24), one_of(r, {1, 3, 4, 16, 24, 32, 64})};
  s.out = {(s.in.h + 2 * pad - kernel) / stride + 1, (s.in.w + 2 * pad - kernel) / stride + 1,
           pool || family == Family::depthwise ? s.in.c : pick(r, 1, 80)};
  return s;
}

GroupShape random_shape(Random& r) {
  GroupShape s;
  switch (pick(r, 0, 4)) {
    case 0:
      s = random_windowed(r, Family::conv);
      break;
    case 1:
      s.family = Family::linear;
      s.in = {1, one_of(r, {1, 1, 7, 49, 64}), pick(r, 8, 600)};
      s.out = {1, s.in.w, pick(r, 1, 300)};
      break;
    case 2:
      return random_windowed(r, Family::max_pool);
    case 3:
      s = random_windowed(r, Family::depthwise);
      break;
    default:
      s.family = Family::table;
      s.in = s.out = {1, 1, pick(r, 1, 20000)};
      return s;
  }
  s.form = one_of(r, {RequantForm::narrow, RequantForm::wide, RequantForm::raw});
  if (pick(r, 0, 3) == 0) s.weight_bits = 9;  // zero points among the parameters
  s.rounding = one_of(r, {Rounding::half_up, Rounding::half_even});
  if (s.form == RequantForm::raw) s.out_type = ElementType::s32;
  return s;
}

/// A group in its context on the shipped target, with some of its feasible configs.
struct Case {
  GroupShape shape;
  Context context;
  std::vector<Config> configs;
};

Case random_case(Random& r, size_t count) {
  for (;;) {
    Case c{random_shape(r), {}, {}};
    c.context.l1_bytes = static_cast<uint32_t>(pick(r, 8, 120)) * 1024;
    c.context.cores = pick(r, 1, 8);
    if (pick(r, 0, 2) == 0) {
      c.context.weights = Level::l3;
      c.context.l2_staging = static_cast<uint32_t>(pick(r, 16, 256)) * 1024;
    }
    const SearchSpace space = make_space(c.shape, c.context);
    for (int attempt = 0; attempt < 400 && c.configs.size() < count; ++attempt) {
      const Config config = space.config(r() % space.raw_size());
      if (!check(c.shape, c.context, config)) c.configs.push_back(config);
    }
    if (!c.configs.empty()) return c;
  }
}

std::string describe(const Case& c, const Config& config) {
  const GroupShape& s = c.shape;
  return std::string(name_of(s.family)) + " " + std::to_string(s.in.h) + "x" + std::to_string(s.in.w) + "x" +
         std::to_string(s.in.c) + " -> " + std::to_string(s.out.h) + "x" + std::to_string(s.out.w) + "x" +
         std::to_string(s.out.c) + " window " + std::to_string(s.window.kh) + "/" + std::to_string(s.window.sh) + "/" +
         std::to_string(s.window.pt) + " cores " + std::to_string(c.context.cores) +
         (c.context.weights == Level::l3 ? " streamed " : " ") + to_string(config);
}

/// Calls body(model, case, target) for each registered model on the same random cases.
void for_each_model(uint64_t seed, int cases,
                    const std::function<void(const CostModel&, const Case&, const Target&)>& body) {
  const Target gap9 = *load_target("gap9");
  for (const std::string& name : cost_model_names()) {
    const auto model = *make_cost_model(name);
    INFO("model ", name);
    Random random(seed);
    for (int i = 0; i < cases; ++i) body(*model, random_case(random, 8), gap9);
  }
}

std::vector<Estimate> estimates_of(const CostModel& model, const Case& c, const Target& target) {
  std::vector<Estimate> e(c.configs.size());
  model.estimate({c.shape, c.context, target}, c.configs, e);
  return e;
}

bool same(const Estimate& a, const Estimate& b) {
  return a.feasible == b.feasible && a.cycles == b.cycles && a.compute == b.compute && a.dma_in == b.dma_in &&
         a.dma_out == b.dma_out && a.l3 == b.l3 && a.accelerator == b.accelerator && a.stall == b.stall &&
         a.overhead == b.overhead && a.bottleneck == b.bottleneck && a.l1_bytes == b.l1_bytes;
}

/// After a change for the better no config may be slower.
void check_not_slower(const CostModel& model, const Case& before, const Target& target_before, const Case& after,
                      const Target& target_after) {
  const auto a = estimates_of(model, before, target_before), b = estimates_of(model, after, target_after);
  for (size_t i = 0; i < a.size(); ++i) {
    if (!b[i].feasible) continue;  // more workers need more scratch
    INFO(describe(before, before.configs[i]));
    CHECK(b[i].cycles <= a[i].cycles * (1 + 1e-9));
  }
}

}  // namespace

TEST_CASE("cost models: deterministic, and a batch equals its configs one by one") {
  for_each_model(1, 60, [](const CostModel& model, const Case& c, const Target& target) {
    const auto all = estimates_of(model, c, target), again = estimates_of(model, c, target);
    for (size_t i = 0; i < c.configs.size(); ++i) {
      INFO(describe(c, c.configs[i]));
      CHECK(same(all[i], again[i]));
      CHECK(same(all[i], estimate(model, {c.shape, c.context, target}, c.configs[i])));
    }
  });
}

TEST_CASE("cost models: finite, with parts no larger than the whole") {
  for_each_model(2, 200, [](const CostModel& model, const Case& c, const Target& target) {
    const auto all = estimates_of(model, c, target);
    for (size_t i = 0; i < c.configs.size(); ++i) {
      const Estimate& e = all[i];
      INFO(describe(c, c.configs[i]));
      REQUIRE(e.feasible);
      CHECK(std::isfinite(e.cycles));
      CHECK(e.cycles > 0);
      for (const double part : {e.compute, e.dma_in, e.dma_out, e.l3, e.accelerator, e.stall, e.overhead}) {
        CHECK(part >= 0);
        CHECK(part <= e.cycles * (1 + 1e-9));
      }
      CHECK(e.bottleneck == bottleneck_of(e));
      CHECK(e.l1_bytes == lower(c.shape, c.configs[i], c.context)->l1_bytes);
    }
  });
}

TEST_CASE("cost models: what does not fit is infeasible") {
  for_each_model(3, 60, [](const CostModel& model, Case c, const Target& target) {
    c.context.l1_bytes = 8;  // no two buffers fit
    for (const Estimate& e : estimates_of(model, c, target)) CHECK(!e.feasible);
  });
}

TEST_CASE("cost models: the lower bound lies below every estimate") {
  for_each_model(4, 400, [](const CostModel& model, const Case& c, const Target& target) {
    const double bound = lower_bound({c.shape, c.context, target});
    CHECK(bound > 0);
    const auto all = estimates_of(model, c, target);
    for (size_t i = 0; i < c.configs.size(); ++i) {
      INFO(describe(c, c.configs[i]));
      CHECK(all[i].cycles >= bound);
    }
  });
}

TEST_CASE("cost models: more DMA bandwidth never hurts") {
  for_each_model(5, 300, [](const CostModel& model, const Case& c, const Target& target) {
    for (const double factor : {1.1, 2.0}) {
      Target in = target, out = target;
      in.dma.bytes_per_cycle_in *= factor;
      out.dma.bytes_per_cycle_out *= factor;
      check_not_slower(model, c, target, c, in);
      check_not_slower(model, c, target, c, out);
    }
  });
}

TEST_CASE("cost models: more L3 bandwidth never hurts") {
  for_each_model(6, 200, [](const CostModel& model, const Case& c, const Target& target) {
    Target fast = target;
    fast.l3.bytes_per_cycle_read *= 1.5;
    check_not_slower(model, c, target, c, fast);
  });
}

TEST_CASE("cost models: lower L1 latency never hurts") {
  for_each_model(7, 300, [](const CostModel& model, const Case& c, const Target& target) {
    Target slow = target;
    slow.cores.l1_latency = 1.5;
    check_not_slower(model, c, slow, c, target);
    Target slower = target;
    slower.cores.l1_latency = 3;
    check_not_slower(model, c, slower, c, slow);
  });
}

TEST_CASE("cost models: more cores never hurt") {
  for_each_model(8, 300, [](const CostModel& model, const Case& c, const Target& target) {
    Case more = c;
    ++more.context.cores;
    check_not_slower(model, c, target, more, target);
  });
}

TEST_CASE("cost models: an unknown name lists the known ones") {
  const auto model = make_cost_model("crystal ball");
  REQUIRE(!model);
  for (const std::string& name : cost_model_names()) CHECK(model.error().what.find(name) != std::string::npos);
}
