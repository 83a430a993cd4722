#include "tests/suites/cost_model_suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "core/lower/lower.hpp"

namespace ares::conformance {
namespace {

using Random = std::mt19937_64;

constexpr double rounding = 1e-9;
constexpr std::size_t configs_of_case = 8;

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

/// A group in its context, with some of its feasible configs.
struct Case {
  GroupShape shape;
  Context context;
  std::vector<Config> configs;
};

Case random_case(Random& r) {
  for (;;) {
    Case c{random_shape(r), {}, {}};
    c.context.l1_bytes = static_cast<uint32_t>(pick(r, 8, 120)) * 1024;
    c.context.cores = pick(r, 1, 8);
    if (pick(r, 0, 2) == 0) {
      c.context.weights = Level::l3;
      c.context.l2_staging = static_cast<uint32_t>(pick(r, 16, 256)) * 1024;
    }
    const SearchSpace space = make_space(c.shape, c.context);
    for (int attempt = 0; attempt < 400 && c.configs.size() < configs_of_case; ++attempt) {
      const Config config = space.config(r() % space.raw_size());
      if (!check(c.shape, c.context, config)) c.configs.push_back(config);
    }
    if (!c.configs.empty()) return c;
  }
}

std::string describe(const Case& c, const Config& config) {
  const GroupShape& s = c.shape;
  return fmt::format("{} {}x{}x{} -> {}x{}x{} window {}/{}/{} cores {}{} {}", name_of(s.family), s.in.h, s.in.w, s.in.c,
                     s.out.h, s.out.w, s.out.c, s.window.kh, s.window.sh, s.window.pt, c.context.cores,
                     c.context.weights == Level::l3 ? " streamed" : "", to_string(config));
}

bool same(const Estimate& a, const Estimate& b) {
  return a.feasible == b.feasible && a.cycles == b.cycles && a.compute == b.compute && a.dma_in == b.dma_in &&
         a.dma_out == b.dma_out && a.l3 == b.l3 && a.accelerator == b.accelerator && a.stall == b.stall &&
         a.overhead == b.overhead && a.bottleneck == b.bottleneck && a.l1_bytes == b.l1_bytes;
}

class Suite {
 public:
  Suite(const CostModel& model, const Target& target, double share) : model_(model), target_(target), share_(share) {}

  Findings run() {
    deterministic();
    numbers();
    infeasible();
    bound();
    faster_transfers();
    faster_memory();
    more_cores();
    return std::move(found_);
  }

 private:
  using Judge = std::function<void(const Case&)>;

  void for_cases(uint64_t seed, int count, const Judge& judge) {
    Random random(seed);
    const int some = std::max(1, static_cast<int>(count * share_));
    for (int i = 0; i < some; ++i) judge(random_case(random));
  }

  std::vector<Estimate> estimates(const Case& c, const Target& target) const {
    std::vector<Estimate> e(c.configs.size());
    model_.estimate({c.shape, c.context, target}, c.configs, e);
    return e;
  }
  std::vector<Estimate> estimates(const Case& c) const { return estimates(c, target_); }

  void deterministic() {
    for_cases(1, 60, [&](const Case& c) {
      const auto all = estimates(c), again = estimates(c);
      for (std::size_t i = 0; i < c.configs.size(); ++i) {
        const std::string where = describe(c, c.configs[i]);
        found_.expect(same(all[i], again[i]), "the same config, the same estimate", where);
        found_.expect(same(all[i], estimate(model_, {c.shape, c.context, target_}, c.configs[i])),
                      "a batch equals its configs one by one", where);
      }
    });
  }

  void numbers() {
    for_cases(2, 200, [&](const Case& c) {
      const auto all = estimates(c);
      for (std::size_t i = 0; i < c.configs.size(); ++i) {
        const Estimate& e = all[i];
        const std::string where = describe(c, c.configs[i]);
        if (!found_.expect(e.feasible, "what fits is feasible", where)) continue;
        found_.expect(std::isfinite(e.cycles) && e.cycles > 0, "cycles are finite and above 0", where);
        for (const double part : {e.compute, e.dma_in, e.dma_out, e.l3, e.accelerator, e.stall, e.overhead})
          found_.expect(part >= 0 && part <= e.cycles * (1 + rounding), "no part is larger than the whole", where,
                        false);
        found_.expect(e.bottleneck == bottleneck_of(e), "the bottleneck is that of the parts", where);
        found_.expect(e.l1_bytes == lower(c.shape, c.configs[i], c.context)->l1_bytes,
                      "L1 bytes are those of the tile program", where);
      }
    });
  }

  void infeasible() {
    for_cases(3, 60, [&](Case c) {
      c.context.l1_bytes = 8;  // no two buffers fit
      for (const Estimate& e : estimates(c))
        found_.expect(!e.feasible, "what does not fit is infeasible", describe(c, c.configs.front()));
    });
  }

  void bound() {
    for_cases(4, 400, [&](const Case& c) {
      const double bound = lower_bound({c.shape, c.context, target_});
      found_.expect(bound > 0, "the lower bound is above 0", describe(c, c.configs.front()));
      const auto all = estimates(c);
      for (std::size_t i = 0; i < c.configs.size(); ++i)
        found_.expect(all[i].cycles >= bound, "no config is below the lower bound", describe(c, c.configs[i]), false);
    });
  }

  /// After a change for the better no config may be slower.
  void not_slower(const std::string& property, const Case& before, const Target& target_before, const Case& after,
                  const Target& target_after) {
    const auto a = estimates(before, target_before), b = estimates(after, target_after);
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!b[i].feasible) continue;  // more workers need more scratch
      found_.expect(b[i].cycles <= a[i].cycles * (1 + rounding), property, describe(before, before.configs[i]), false);
    }
  }

  void faster_transfers() {
    for_cases(5, 300, [&](const Case& c) {
      for (const double factor : {1.1, 2.0}) {
        Target in = target_, out = target_;
        in.dma.bytes_per_cycle_in *= factor;
        out.dma.bytes_per_cycle_out *= factor;
        not_slower("more DMA bandwidth never hurts", c, target_, c, in);
        not_slower("more DMA bandwidth never hurts", c, target_, c, out);
      }
    });
    for_cases(6, 200, [&](const Case& c) {
      Target fast = target_;
      fast.l3.bytes_per_cycle_read *= 1.5;
      not_slower("more L3 bandwidth never hurts", c, target_, c, fast);
    });
  }

  void faster_memory() {
    for_cases(7, 300, [&](const Case& c) {
      Target slow = target_, slower = target_;
      slow.cores.l1_latency = 1.5;
      slower.cores.l1_latency = 3;
      not_slower("lower L1 latency never hurts", c, slow, c, target_);
      not_slower("lower L1 latency never hurts", c, slower, c, slow);
    });
  }

  void more_cores() {
    for_cases(8, 300, [&](const Case& c) {
      Case more = c;
      ++more.context.cores;
      not_slower("more cores never hurt", c, target_, more, target_);
    });
  }

  const CostModel& model_;
  const Target& target_;
  double share_;
  Findings found_;
};

}  // namespace

Findings check_cost_model(const CostModel& model, const Target& target, double share) {
  return Suite(model, target, share).run();
}

}  // namespace ares::conformance
