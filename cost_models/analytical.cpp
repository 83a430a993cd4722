#include "cost_models/analytical.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/lower/lower.hpp"
#include "cost_models/analytical_terms.hpp"
#include "cost_models/dma_cycles.hpp"
#include "cost_models/event.hpp"
#include "cost_models/kernel_cycles.hpp"

namespace ares {
namespace {

/// Where the machine stands, in cycles after the beginning of the present kernel call.
struct Flow {
  double t = 0;                   ///< the orchestrator
  double channel = 0, out = 0;    ///< when the channels are through with what is queued
  double needed = 0;              ///< what the orchestrator waits for in this iteration
  std::array<double, 3> ready{};  ///< when the loads for this iteration, the next and the one after have arrived
  double stored = 0;              ///< completion of the latest store

  /// Queues a copy, its first command set up from `t` on; returns when it completes.
  double queue(const CopyTerms& m, double occupancy, double setup) {
    channel = std::max({channel + occupancy, t + m.begin + occupancy, t + setup + occupancy * m.command_share});
    t += setup + m.wait;
    return channel + m.tail;
  }

  /// The orchestrator waits; time goes on from the beginning of the next kernel call.
  double wait() {
    const double now = std::max({t, needed, ready[0]});
    ready = {ready[1] - now, ready[2] - now, 0};
    channel = std::max(0.0, channel - now);
    out = std::max(0.0, out - now);
    stored -= now;
    t = needed = 0;
    return now;
  }
};

/// A nest of loops without streaming from L3.
class Nest {
 public:
  Nest(const TileProgram& p, const Target& t, size_t base, int32_t outer)
      : parts_(p, t, base, outer), base_(base), depth_(parts_.depth()), call_(parts_.call()) {
    split_ = depth_ == base_ + 2;
    const bool differs = split_ && parts_.loop(base_).rest != parts_.loop(base_).tile;
    if (differs) parts_.restrict_loop(base_, TermsOf::Part::all_but_last);
    parts_.terms(terms_[0]);
    for (const CopyTerms& m : terms_[0].loads()) {
      steady_ = steady_ && m.run_ahead == 0;
      if (m.depth == depth_) run_ahead_ = std::max<int32_t>(run_ahead_, m.run_ahead);
    }
    if (differs) {
      parts_.restrict_loop(base_, TermsOf::Part::last_only);
      parts_.terms(terms_[1]);
      last_variant_ = 1;
    }
  }

  /// Cycles from the first transfer to the last store; adds the busy times to the estimate.
  double run(Estimate& e);

  /// Loads that stand outside of the nest, once for all its runs.
  double outer_loads(Estimate& e) const;

 private:
  /// A pass of the innermost loop: its terms, those of the next pass, and whether there is one.
  struct Pass {
    const Terms& now;
    const Terms& next;
    bool final = false;
  };

  /// The iterations of a pass after its second one; those at its end look into the next pass.
  struct Body {
    double middle = 0, tail = 0;
    Flow before_tail;
  };

  const LoopTerms& inner() const { return parts_.loop(depth_ - 1); }
  /// From here on iterations load what belongs to the end of the pass or to the next one.
  int32_t tail_begin() const { return std::max(2, inner().trips - 1 - run_ahead_); }
  double pass_count() const {
    double n = 1;
    for (size_t l = base_; l + 1 < depth_; ++l) n *= parts_.loop(l).trips;
    return n;
  }
  Pass first_pass() const {
    const double n = pass_count();
    return {terms_[0], terms_[n == 2 ? last_variant_ : 0], n == 1};
  }
  Place place_at(int32_t index) const { return index == 0 ? first : index == inner().trips - 1 ? last : middle; }
  void issue_loads(Flow& f, const Pass& pass, int32_t to, size_t advanced, double next_share) const;
  double prologue(Flow& f, const Pass& pass) const;
  double step(Flow& f, const Terms& before, Place from, const Pass& pass, int32_t to, size_t advanced,
              double next_share = 1) const;
  double within(Flow& f, const Pass& pass, int32_t to) const {
    return step(f, pass.now, place_at(to - 1), pass, to, depth_ - 1);
  }
  Body body(Flow& f, const Pass& pass) const;
  double tail(Flow& f, const Pass& pass) const;
  double passes(Flow& f, const Pass& start) const;
  void add_busy(Estimate& e, double in_place_of, double share) const;

  TermsOf parts_;
  size_t base_, depth_;
  double call_;
  bool split_ = false;
  int32_t run_ahead_ = 0;  ///< the furthest of the innermost loads
  bool steady_ = true;     ///< nothing is fetched ahead: one iteration does not depend on those before
  size_t last_variant_ = 0;
  std::array<Terms, 2> terms_;
};

/// Issues what the beginning of iteration `to` issues, the loops from `advanced` on having moved on. What is fetched
/// ahead for outer loops has a next instance in `next_share` of the cases.
void Nest::issue_loads(Flow& f, const Pass& pass, int32_t to, size_t advanced, double next_share) const {
  const Place place = depth_ > base_ ? place_at(to) : first;
  for (size_t i = 0; i < pass.now.load_count; ++i) {
    const CopyTerms& m = pass.now.load[i];
    if (m.depth <= advanced) continue;
    if (m.run_ahead == 0) {
      f.needed = std::max(f.needed, f.queue(m, m.occupancy[place], m.setup[place]));
    } else if (m.depth < depth_) {
      if (pass.final) continue;
      const double share = m.depth == advanced + 1 ? next_share : 1;
      f.queue(m, share * pass.next.load[i].mean_occupancy, share * m.mean_setup);
    } else {
      const int32_t trips = inner().trips, index = to + m.run_ahead;
      const bool wraps = index >= trips;
      if (wraps && pass.final) continue;
      const CopyTerms& n = wraps ? pass.next.load[i] : m;
      const Place next = place_at(wraps ? std::min(index - trips, trips - 1) : index);
      double& ready = f.ready[static_cast<size_t>(m.run_ahead)];
      ready = std::max(ready, f.queue(m, n.occupancy[next], n.setup[next]));
    }
  }
}

/// Until the first kernel call: first instances of what is fetched ahead, then what belongs to the first iteration.
double Nest::prologue(Flow& f, const Pass& pass) const {
  for (int k = 0; k < 2; ++k)
    for (const CopyTerms& m : pass.now.loads()) {
      if (m.run_ahead <= k || m.instances <= k) continue;
      const Place at = m.depth < depth_ ? first : place_at(std::min(k, inner().trips - 1));
      double& ready = f.ready[static_cast<size_t>(k)];
      ready = std::max(ready, f.queue(m, m.occupancy[at], m.setup[at]));
    }
  for (const CopyTerms& m : pass.now.loads())
    if (m.depth == base_) f.needed = std::max(f.needed, f.queue(m, m.mean_occupancy, m.mean_setup));
  issue_loads(f, pass, 0, base_, 1);
  return f.wait();
}

/// From one kernel call to the next, from a place of the pass before (or this one) to iteration `to`; `advanced` is the
/// outermost loop that moves on between them.
double Nest::step(Flow& f, const Terms& before, Place from, const Pass& pass, int32_t to, size_t advanced,
                  double next_share) const {
  f.t = call_ + before.kernel[from];
  const CopyTerms& store = before.store;
  if (store.depth > advanced) {
    f.out = std::max(f.out, f.t + store.begin) + store.occupancy[from];
    f.t += store.setup[from] + store.wait;
    const double done = f.out + store.tail;
    f.needed = store.copies > 1 ? f.stored : done;
    f.stored = done;
  }
  issue_loads(f, pass, to, advanced, next_share);
  return f.wait();
}

Nest::Body Nest::body(Flow& f, const Pass& pass) const {
  Body b;
  const int32_t alike = tail_begin() - 2;
  if (alike > 0) b.middle = within(f, pass, 2);
  if (alike > 1) b.middle += (alike - 1) * (steady_ ? b.middle : within(f, pass, 3));
  if (!steady_) b.before_tail = f;
  b.tail = tail(f, pass);
  return b;
}

double Nest::tail(Flow& f, const Pass& pass) const {
  double cycles = 0;
  for (int32_t i = tail_begin(); i < inner().trips; ++i) cycles += within(f, pass, i);
  return cycles;
}

/// All passes of the innermost loop but for the prologue before and the last call after them.
double Nest::passes(Flow& f, const Pass& start) const {
  const size_t d = depth_ - 1;
  const Place end = inner().end();
  const bool second = inner().trips > 1;
  const Terms &usual = terms_[0], &other = terms_[last_variant_];
  double cycles = second ? within(f, start, 1) : 0;
  Body b = body(f, start);
  cycles += b.middle + b.tail;
  if (start.final) return cycles;
  double outer = pass_count(), to_second = 0;
  constexpr double few = 8;
  const bool apart = last_variant_ != 0 || (!steady_ && outer <= few);  // the last pass is unlike the others
  for (size_t l = d; l-- > base_;) {
    const int32_t n = parts_.loop(l).trips;
    outer /= n;
    const double times = outer * (n - 1) - (l == d - 1 && n > 1 && apart ? 1 : 0);
    if (times <= 0) continue;
    const Pass pass{usual, usual, false};
    Flow g = f;
    double once = step(g, usual, end, pass, 0, l, l + 1 < d ? (n - 2.0) / (n - 1) : 1);
    if (second && (to_second == 0 || !steady_)) to_second = within(g, pass, 1);
    cycles += times * (once + to_second + b.middle + b.tail);
    if (!steady_ && inner().trips <= 2) f = g;
  }
  if (!apart || parts_.loop(d - 1).trips == 1) return cycles;
  const Pass pass{other, other, true};
  cycles += step(f, usual, end, pass, 0, d - 1);
  if (second) cycles += within(f, pass, 1);
  if (last_variant_ != 0) {
    b = body(f, pass);
  } else {
    f = b.before_tail;
    b.tail = tail(f, pass);
  }
  return cycles + b.middle + b.tail;
}

void Nest::add_busy(Estimate& e, double variant, double share) const {
  const Terms& terms = terms_[static_cast<size_t>(variant)];
  double calls = share, work = 0;
  for (size_t l = base_; l < depth_; ++l) calls *= parts_.loop(l).trips;
  if (depth_ == base_) work = terms.kernel[first];
  for (size_t k = 0; depth_ > base_ && k < places; ++k) work += inner().share[k] * terms.kernel[k];
  (parts_.on_accelerator() ? e.accelerator : e.compute) += calls * work;
  e.overhead += calls * call_;
  for (const CopyTerms& m : terms.loads()) {
    if (m.depth < base_) continue;
    const double n = m.depth > base_ ? m.instances * share : variant == 0 ? 1 : 0;
    e.dma_in += n * m.mean_occupancy;
    e.overhead += n * (m.mean_setup + m.wait);
  }
  const double n = terms.store.depth > base_ ? terms.store.instances * share : terms.store.instances;
  e.dma_out += n * terms.store.mean_occupancy;
  e.overhead += n * (terms.store.mean_setup + terms.store.wait);
}

double Nest::run(Estimate& e) {
  Flow f;
  const bool single = depth_ == base_;
  const Pass start = first_pass();
  double cycles = prologue(f, start);
  const double begun = cycles;
  if (!single) cycles += passes(f, start);
  const Terms& final_terms = terms_[last_variant_];
  const Place end = single ? first : inner().end();
  const CopyTerms& store = final_terms.store;
  const double last_call = call_ + final_terms.kernel[end];
  const double drain = store.occupancy[end] + store.tail;
  cycles += std::max(f.out, last_call + store.begin) + drain + store.wait;
  Estimate busy;
  if (last_variant_ == 0) {
    add_busy(busy, 0, 1);
  } else {
    const double share = 1.0 / parts_.loop(base_).trips;
    add_busy(busy, 0, 1 - share);
    add_busy(busy, 1, share);
  }
  e.compute += busy.compute;
  e.accelerator += busy.accelerator;
  e.dma_in += busy.dma_in;
  e.dma_out += busy.dma_out;
  e.overhead += busy.overhead;
  return std::max({cycles, begun + busy.dma_out + store.tail, busy.dma_in + last_call + drain});
}

double Nest::outer_loads(Estimate& e) const {
  double cycles = 0;
  for (const CopyTerms& m : terms_[0].loads()) {
    if (m.depth >= base_) continue;
    cycles += m.mean_setup + m.mean_occupancy + m.tail + m.wait;
    e.dma_in += m.mean_occupancy;
    e.overhead += m.mean_setup + m.wait;
  }
  return cycles;
}

/// Programs whose weights come from L3 in chunks: the next chunk beside the work on the present one where there are two
/// buffers.
class Streamed {
 public:
  Streamed(const TileProgram& p, const Target& t) : p_(p), t_(t) {}

  double run(Estimate& e) {
    const Copy* chunk = nullptr;
    for (const TileOperation& op : p_.operations) {
      const auto* copy = std::get_if<Copy>(&op.what);
      if (copy && copy->from == Level::l3) chunk = copy;
    }
    const Extent units = chunk->region.dims[0].units;
    if (units.loop == none) return load(e, units.whole) + t_.l3.setup + Nest(p_, t_, 0, 0).run(e);
    const Loop& loop = p_.loops[0];
    const int32_t n = trips(loop.extent, loop.tile), rest = loop.extent - (n - 1) * loop.tile;
    const bool overlapped = p_.buffers[static_cast<size_t>(chunk->buffer)].copies > 1 && !next_chunk_at_once();
    const auto then = [&](double next_load, double work) {
      return overlapped ? std::max(next_load, work) : next_load + work;
    };
    Estimate body, tail;
    Nest body_nest(p_, t_, 1, loop.tile);
    const double load_body = load(body, loop.tile), work_body = body_nest.run(body);
    const double load_rest = load(tail, rest), work_rest = Nest(p_, t_, 1, rest).run(tail);
    add(e, body, n - 1);
    add(e, tail, 1);
    return body_nest.outer_loads(e) + t_.l3.setup + load_body + (n - 2) * then(load_body, work_body) +
           then(load_rest, work_body) + work_rest;
  }

 private:
  double load(Estimate& e, int32_t channels) const {
    double cycles = 0;
    for (const TileOperation& op : p_.operations) {
      const auto* copy = std::get_if<Copy>(&op.what);
      if (!copy || copy->from != Level::l3) continue;
      const double bytes = double(channels) * copy->region.dims[2].units.whole;
      cycles += t_.l3.latency + bytes / t_.l3.bytes_per_cycle_read;
      e.overhead += t_.l3.setup;
    }
    e.l3 += cycles;
    return cycles;
  }

  /// Whether an L1 load runs ahead into the next chunk as soon as the present one begins, so that nothing overlaps.
  bool next_chunk_at_once() const {
    return std::any_of(p_.operations.begin(), p_.operations.end(), [&](const TileOperation& op) {
      const auto* copy = std::get_if<Copy>(&op.what);
      return copy && copy->staged_in != none && op.depth == 1 &&
             p_.buffers[static_cast<size_t>(copy->buffer)].copies > 1;
    });
  }

  static void add(Estimate& e, const Estimate& part, double times) {
    e.compute += times * part.compute;
    e.accelerator += times * part.accelerator;
    e.dma_in += times * part.dma_in;
    e.dma_out += times * part.dma_out;
    e.l3 += times * part.l3;
    e.overhead += times * part.overhead;
  }

  const TileProgram& p_;
  const Target& t_;
};

/// The closed form is of one kernel or job per iteration; programs of fused groups are played.
bool several_kernels(const TileProgram& p) {
  return std::count_if(p.operations.begin(), p.operations.end(), [](const TileOperation& op) {
           return std::holds_alternative<Kernel>(op.what) || std::holds_alternative<Job>(op.what);
         }) > 1;
}

class AnalyticalModel final : public CostModel {
 public:
  std::string name() const override { return "analytical"; }

  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    assert(configs.size() == estimates.size());
    TileProgram program;
    for (size_t i = 0; i < configs.size(); ++i) {
      if (lower_into(query.shape, configs[i], query.context, program))
        estimates[i] = analyse(program, query.target);
      else
        estimates[i] = {};
    }
  }
};

}  // namespace

Estimate analyse(const TileProgram& program, const Target& target) {
  if (several_kernels(program)) return to_estimate(play(program, target), program.l1_bytes);
  Estimate e;
  e.cycles = program.l2_bytes > 0 ? Streamed(program, target).run(e) : Nest(program, target, 0, 0).run(e);
  const double start = start_cycles(program, target);
  e.cycles += start;
  e.overhead += start;
  e.feasible = true;
  e.stall = std::max(0.0, e.cycles - e.compute - e.overhead);
  e.bottleneck = bottleneck_of(e);
  e.l1_bytes = program.l1_bytes;
  return e;
}

std::shared_ptr<const CostModel> make_analytical_model() { return std::make_shared<AnalyticalModel>(); }

}  // namespace ares
