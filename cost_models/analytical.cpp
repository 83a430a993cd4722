#include "cost_models/analytical.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/lower/lower.hpp"
#include "cost_models/kernel_cycles.hpp"

namespace ares {
namespace {

/// Iterations of a loop by their place: the first, those between (none where a loop has two), the last.
enum Place : size_t { first, middle, last };
constexpr size_t places = 3;
using ByPlace = std::array<double, places>;

struct LoopModel {
  int32_t trips = 1, tile = 0, rest = 0;  ///< rest: size of the last iteration
  ByPlace weight{1, 0, 0};                ///< shares of the iterations

  Place end() const { return trips == 1 ? first : last; }
};

/// Sizes of one dimension of a region by the place of its loop; a single entry where all are alike.
struct DimModel {
  size_t count = 1;
  std::array<int32_t, places> size{};
  std::array<bool, places> padded{};
  ByPlace weight{1, 0, 0};
  double full = 0;         ///< mean size, padding included
  bool innermost = false;  ///< its loop is the innermost one, so that its places are told apart

  double mean() const { return count == 1 ? size[0] : size[0] * weight[0] + size[1] * weight[1] + size[2] * weight[2]; }
  double at(size_t k) const { return innermost ? size[count == 1 ? 0 : k] : mean(); }
};

/// What one row of a copy costs: its part of the channel's time, and its set-up where each row is a command of its own.
struct LineCost {
  double occupancy = 0, setup_per_row = 0, setup_once = 0;
};

/// A copy by the place of the innermost loop, averaged over the outer loops.
struct CopyModel {
  uint8_t depth = 0, copies = 1;
  int run_ahead = 0;  ///< instances; 0 where there is only one to load
  double instances = 1;
  ByPlace occupancy{}, setup{};
  double mean_occupancy = 0, mean_setup = 0;
  double command_occupancy = 0, command_setup = 0;  ///< of a single command
  double tail = 0;
};

/// Where the machine stands, in cycles after the beginning of the present kernel call.
struct Flow {
  double t = 0;                   ///< the orchestrator
  double channel = 0, out = 0;    ///< when the channels are through with what is queued
  double needed = 0;              ///< what the orchestrator waits for in this iteration
  std::array<double, 3> ready{};  ///< when the loads for the next iteration, and those after it, have arrived
  double stored = 0;              ///< completion of the latest store

  void queue(const CopyModel& m, double occupancy, double setup);
  double wait();
};

class Analysis {
 public:
  Analysis(const TileProgram& p, const Target& t) : p_(p), t_(t) {}

  Estimate run();

 private:
  void set_loops(int32_t chunk);
  void set_operations();
  double weight_at(size_t k) const { return depth_ > base_ ? loops_[depth_ - 1].weight[k] : (k == first ? 1.0 : 0.0); }
  DimModel dim_model(const RegionDim& d) const;
  LineCost line_cost(const Region& r, int32_t columns, int32_t bytes, bool padded, bool into_l1) const;
  CopyModel copy_model(const TileOperation& op, const Copy& copy);
  void set_kernel(const Kernel& k);
  Place place_after(Place p, int steps) const;
  void issue_loads(Flow& f, size_t advanced, Place to) const;
  double prologue(Flow& f) const;
  double step(Flow& f, Place from, Place to, size_t advanced) const;
  double nest();
  double streamed();
  double chunk_load(int32_t channels);

  const TileProgram& p_;
  const Target& t_;
  std::array<LoopModel, max_loops> loops_;
  size_t base_ = 0, depth_ = 0;  ///< loops base_ .. depth_-1 nest; loop 0 is apart where it streams chunks from L3
  boost::container::static_vector<CopyModel, 4> loads_;  ///< in the order of their issue: by depth, then by operation
  CopyModel store_;
  double fill_ = 0;   ///< mean cycles of filling padding before a kernel call
  ByPlace kernel_{};  ///< cycles of a call's work
  double call_ = 0;   ///< cycles of a call beside its work
  Estimate e_;
};

void Analysis::set_loops(int32_t chunk) {
  depth_ = p_.loops.size();
  if (base_ > 0) loops_[0].tile = chunk;
  for (size_t i = base_; i < depth_; ++i) {
    const Loop& l = p_.loops[i];
    LoopModel& m = loops_[i];
    const int32_t extent = l.parent == none ? l.extent : chunk;
    m.tile = std::min(l.tile, extent);
    m.trips = trips(extent, m.tile);
    m.rest = extent - (m.trips - 1) * m.tile;
    const double share = 1.0 / m.trips;
    m.weight = m.trips == 1 ? ByPlace{1, 0, 0} : ByPlace{share, (m.trips - 2) * share, share};
  }
}

Place Analysis::place_after(Place p, int steps) const {
  const LoopModel& l = loops_[depth_ - 1];
  for (; steps > 0; --steps) {
    if (p == last || l.trips == 1)
      p = first;
    else
      p = l.trips == 2 || (p == middle && l.trips == 3) ? last : middle;
  }
  return p;
}

DimModel Analysis::dim_model(const RegionDim& d) const {
  DimModel m;
  const auto place = [&](size_t i, int32_t begin, int32_t units) {
    const int32_t from = begin * d.units.scale + d.offset, to = from + (units - 1) * d.units.scale + d.units.halo;
    m.size[i] = std::max(std::min(to, d.extent) - std::max(from, 0), 0);
    m.padded[i] = m.size[i] < to - from;
    return static_cast<double>(to - from);
  };
  const auto loop = static_cast<size_t>(d.units.loop);
  if (d.units.loop == none || loop < base_) {
    m.full = place(0, 0, d.units.loop == none ? d.units.whole : loops_[loop].tile);
    return m;
  }
  const LoopModel& l = loops_[loop];
  m.innermost = loop + 1 == depth_;
  m.full = place(0, 0, l.tile);
  if (l.trips == 1) return m;
  place(1, l.tile, l.tile);
  const double rest = place(2, (l.trips - 1) * l.tile, l.rest);
  if (m.size[2] == m.size[0] && !m.padded[0] && !m.padded[2]) return m;
  m.count = places;
  m.weight = l.weight;
  m.full += (rest - m.full) * l.weight[last];
  return m;
}

/// As dma_shape() and dma_cost() have it.
LineCost Analysis::line_cost(const Region& r, int32_t columns, int32_t bytes, bool padded, bool into_l1) const {
  const DmaParams& dma = t_.dma;
  const double rate = into_l1 ? dma.bytes_per_cycle_in : dma.bytes_per_cycle_out;
  const auto row = [&](int32_t n) { return std::max(1.0, n / rate + (n % 8 != 0 ? dma.unaligned_row : 0)); };
  if (columns == 1 || bytes == r.pitch[1]) {
    const int32_t n = columns * bytes;
    if (padded) return {row(n), dma.setup_1d, 0};
    if (n == r.pitch[0]) return {n / rate, 0, dma.setup_1d};
    return {row(n), 0, dma.setup_2d};
  }
  const double occupancy = columns * row(bytes);
  if (!padded && columns * r.pitch[1] == r.pitch[0]) return {occupancy, 0, dma.setup_2d};
  return {occupancy, dma.setup_2d, 0};
}

CopyModel Analysis::copy_model(const TileOperation& op, const Copy& copy) {
  const DimModel rows = dim_model(copy.region.dims[0]), columns = dim_model(copy.region.dims[1]);
  const DimModel bytes = dim_model(copy.region.dims[2]);
  const bool load = is_load(copy);
  const bool by_place = (columns.innermost && columns.count > 1) || (bytes.innermost && bytes.count > 1);
  CopyModel m;
  m.depth = op.depth;
  m.copies = p_.buffers[static_cast<size_t>(copy.buffer)].copies;
  for (size_t l = base_; l < op.depth; ++l) m.instances *= loops_[l].trips;
  LineCost line;
  for (size_t k = 0; k < places; ++k) {
    if (k == 0 || by_place) {
      line = {};
      for (size_t i = 0; i < columns.count; ++i) {
        if (columns.innermost && columns.count > 1 && i != k) continue;
        for (size_t j = 0; j < bytes.count; ++j) {
          if (bytes.innermost && bytes.count > 1 && j != k) continue;
          const double w = (columns.innermost ? 1 : columns.weight[i]) * (bytes.innermost ? 1 : bytes.weight[j]);
          if (w == 0) continue;
          const LineCost c = line_cost(copy.region, columns.size[i], bytes.size[j], columns.padded[i], load);
          line.occupancy += w * c.occupancy;
          line.setup_per_row += w * c.setup_per_row;
          line.setup_once += w * c.setup_once;
        }
      }
    }
    const double n = rows.at(k);
    m.occupancy[k] = n * line.occupancy;
    m.setup[k] = n * line.setup_per_row + line.setup_once;
    m.mean_occupancy += weight_at(k) * m.occupancy[k];
    m.mean_setup += weight_at(k) * m.setup[k];
  }
  m.run_ahead = load && m.instances > 1 ? m.copies - 1 : 0;
  const double commands = std::max(1.0, rows.mean() * (line.setup_per_row > 0 ? 1.0 : 0.0));
  m.command_occupancy = m.mean_occupancy / commands;
  m.command_setup = m.mean_setup / commands;
  m.tail = t_.dma.latency + std::clamp(m.mean_occupancy - 1, 0.0, t_.dma.fill);
  if (copy.operand == Operand::input) {
    const double padding = rows.full * columns.full * bytes.full - rows.mean() * columns.mean() * bytes.mean();
    const auto clear = [](const DimModel& d) {
      double share = 0;
      for (size_t i = 0; i < d.count; ++i) share += d.padded[i] ? 0 : d.weight[i];
      return share;
    };
    const double padded = 1 - clear(rows) * clear(columns);
    fill_ = padding / (4.0 * p_.cores) + padded * (t_.cores.barrier + 0.5);
  }
  return m;
}

/// Evaluates the kernel's formula for each combination of whole and last steps of the loops.
void Analysis::set_kernel(const Kernel& k) {
  const KernelFormula formula(k, t_, p_.cores);
  std::array<Place, max_loops> at{};
  std::array<std::array<bool, places>, max_loops> distinct{};
  for (size_t l = base_; l < depth_; ++l) {
    const LoopModel& m = loops_[l];
    const bool steps = k.reduction.loop == static_cast<LoopId>(l) && k.accumulators != none && m.trips > 1;
    distinct[l] = {true, steps && m.trips > 2, m.trips > 1 && (steps || m.rest != m.tile)};
  }
  ByPlace sum{};
  const auto size_of = [&](const Extent& e) {
    if (e.loop == none) return (e.whole - 1) * e.scale + e.halo;
    const auto l = static_cast<size_t>(e.loop);
    return ((l >= base_ && at[l] == last ? loops_[l].rest : loops_[l].tile) - 1) * e.scale + e.halo;
  };
  const auto evaluate = [&] {
    KernelTile tile{size_of(k.rows), size_of(k.columns), size_of(k.channels), size_of(k.reduction), true, true, 0};
    if (k.reduction.loop != none && k.accumulators != none) {
      const auto l = static_cast<size_t>(k.reduction.loop);
      tile.first_step = at[l] == first;
      tile.last_step = at[l] == loops_[l].end();
    }
    double w = 1;
    for (size_t l = base_; l + 1 < depth_; ++l) {
      const ByPlace& share = loops_[l].weight;
      double own = share[at[l]];
      if (at[l] == first && !distinct[l][middle]) own += share[middle];
      if (at[l] == first && !distinct[l][last]) own += share[last];
      w *= own;
    }
    sum[depth_ > base_ ? at[depth_ - 1] : first] += w * formula(tile);
  };
  for (;;) {
    evaluate();
    size_t l = base_;
    for (; l < depth_; ++l) {
      size_t next = at[l] + 1;
      while (next < places && !distinct[l][next]) ++next;
      if (next < places) {
        at[l] = static_cast<Place>(next);
        break;
      }
      at[l] = first;
    }
    if (l == depth_) break;
  }
  if (depth_ > base_) {
    if (!distinct[depth_ - 1][middle]) sum[middle] = sum[first];
    if (!distinct[depth_ - 1][last]) sum[last] = sum[first];
  }
  for (size_t i = 0; i < places; ++i) kernel_[i] = sum[i] + fill_;
  call_ = call_overhead(t_.cores);
}

void Analysis::set_operations() {
  loads_.clear();
  const Kernel* kernel = nullptr;
  for (const TileOperation& op : p_.operations) {
    if (const auto* k = std::get_if<Kernel>(&op.what)) kernel = k;
    const auto* copy = std::get_if<Copy>(&op.what);
    if (!copy || copy->from == Level::l3) continue;
    const CopyModel m = copy_model(op, *copy);
    if (is_load(*copy)) {
      auto at = loads_.end();
      while (at != loads_.begin() && (at - 1)->depth > m.depth) --at;
      loads_.insert(at, m);
    } else {
      store_ = m;
    }
  }
  set_kernel(*kernel);
}

/// Queues an instance of a copy whose first command is set up from `t` on.
void Flow::queue(const CopyModel& m, double occupancy, double setup) {
  channel = std::max({channel + occupancy, t + m.command_setup + occupancy, t + setup + m.command_occupancy});
  t += setup;
}

/// Loads that are issued when iteration `to` begins, loops from `advanced` on having moved on.
void Analysis::issue_loads(Flow& f, size_t advanced, Place to) const {
  for (const CopyModel& m : loads_) {
    if (m.depth <= advanced) continue;
    const bool inner = m.depth == depth_;
    if (m.run_ahead == 0) {
      f.queue(m, m.occupancy[to], m.setup[to]);
      f.needed = std::max(f.needed, f.channel + m.tail);
    } else if (!inner) {
      f.queue(m, m.mean_occupancy, m.mean_setup);
    } else {
      const Place next = place_after(to, m.run_ahead);
      f.queue(m, m.occupancy[next], m.setup[next]);
      double& ready = f.ready[static_cast<size_t>(m.run_ahead)];
      ready = std::max(ready, f.channel + m.tail);
    }
  }
}

/// The orchestrator waits; time goes on from the beginning of the next kernel call.
double Flow::wait() {
  const double now = std::max({t, needed, ready[0]});
  ready = {ready[1] - now, ready[2] - now, 0};
  channel = std::max(0.0, channel - now);
  out = std::max(0.0, out - now);
  stored -= now;
  t = needed = 0;
  return now;
}

/// Until the first kernel call: first instances of what is fetched ahead, then what belongs to the first iteration.
double Analysis::prologue(Flow& f) const {
  for (int k = 0; k < 2; ++k)
    for (const CopyModel& m : loads_) {
      if (m.run_ahead <= k) continue;
      const Place at = k == 0 || m.depth < depth_ ? first : place_after(first, 1);
      f.queue(m, m.occupancy[at], m.setup[at]);
      double& ready = f.ready[static_cast<size_t>(k)];
      ready = std::max(ready, f.channel + m.tail);
    }
  issue_loads(f, 0, first);
  for (const CopyModel& m : loads_) {
    if (m.depth > 0) continue;
    f.queue(m, m.mean_occupancy, m.mean_setup);
    f.needed = std::max(f.needed, f.channel + m.tail);
  }
  return f.wait();
}

/// From one kernel call to the next, from iteration `from` to `to` of the innermost loop; `advanced` is the outermost
/// loop that moves on between them.
double Analysis::step(Flow& f, Place from, Place to, size_t advanced) const {
  f.t = call_ + kernel_[from];
  if (store_.depth > advanced) {
    const double occupancy = store_.occupancy[from];
    f.out = std::max(f.out, f.t + store_.command_setup) + occupancy;
    f.t += store_.setup[from];
    const double done = f.out + store_.tail;
    f.needed = store_.copies > 1 ? f.stored : done;
    f.stored = done;
  }
  issue_loads(f, advanced, to);
  return f.wait();
}

/// The nest from its first transfer to its last store; adds the busy times to the estimate.
double Analysis::nest() {
  set_operations();
  Flow f;
  double cycles = prologue(f);
  const double begun = cycles;
  double passes = 1;
  Place end = first;
  if (depth_ > base_) {
    const size_t inner = depth_ - 1;
    const LoopModel& m = loops_[inner];
    end = m.end();
    const Place second = m.trips > 2 ? middle : last;
    double rest = 0;  // of a pass, after its second iteration
    if (m.trips > 1) cycles += step(f, first, second, inner);
    if (m.trips > 3) {
      step(f, middle, middle, inner);
      rest = (m.trips - 3) * step(f, middle, middle, inner);
    }
    if (m.trips > 2) rest += step(f, middle, last, inner);
    cycles += rest;
    double outer = 1;
    for (size_t l = base_; l < inner; ++l) outer *= loops_[l].trips;
    passes = outer;
    for (size_t l = inner; l-- > base_;) {
      outer /= loops_[l].trips;
      const double times = outer * (loops_[l].trips - 1);
      if (times == 0) continue;
      double pass = step(f, end, first, l) + rest;
      if (m.trips > 1) pass += step(f, first, second, inner);
      cycles += times * pass;
    }
    passes *= m.trips;
  }
  double work = 0;
  for (size_t k = 0; k < places; ++k) work += weight_at(k) * kernel_[k];
  const double out = store_.mean_occupancy * store_.instances;
  double in = 0, setups = store_.mean_setup * store_.instances;
  for (const CopyModel& m : loads_) {
    in += m.mean_occupancy * m.instances;
    setups += m.mean_setup * m.instances;
  }
  const double drain = store_.setup[end] + store_.occupancy[end] + store_.tail;
  cycles += std::max(kernel_[end] + call_, f.out) + drain;
  cycles = std::max({cycles, begun + kernel_[first] + call_ + out + store_.tail, in + kernel_[end] + call_ + drain});
  e_.compute += passes * work;
  e_.dma_in += in;
  e_.dma_out += out;
  e_.overhead += passes * call_ + setups;
  return cycles;
}

double Analysis::chunk_load(int32_t channels) {
  double cycles = 0;
  for (const TileOperation& op : p_.operations) {
    const auto* copy = std::get_if<Copy>(&op.what);
    if (!copy || copy->from != Level::l3) continue;
    const double bytes = double(channels) * copy->region.dims[2].units.whole;
    cycles += t_.l3.latency + bytes / t_.l3.bytes_per_cycle_read;
    e_.overhead += t_.l3.setup;
  }
  e_.l3 += cycles;
  return cycles;
}

/// Weights come from L3 in chunks, the next one beside the work on the present one where there are two buffers.
double Analysis::streamed() {
  const Copy* chunk = nullptr;
  for (const TileOperation& op : p_.operations) {
    const auto* copy = std::get_if<Copy>(&op.what);
    if (copy && copy->from == Level::l3) chunk = copy;
  }
  const Extent units = chunk->region.dims[0].units;
  if (units.loop == none) {
    set_loops(units.whole);
    return chunk_load(units.whole) + t_.l3.setup + nest();
  }
  base_ = 1;
  const Loop& loop = p_.loops[0];
  const int32_t n = trips(loop.extent, loop.tile), rest = loop.extent - (n - 1) * loop.tile;
  const bool overlapped = p_.buffers[static_cast<size_t>(chunk->buffer)].copies > 1;
  double load = 0, work = 0, cycles = 0;
  for (int32_t i = 0; i < n; ++i) {
    const double previous_work = work;
    load = chunk_load(i + 1 < n ? loop.tile : rest);
    set_loops(i + 1 < n ? loop.tile : rest);
    work = nest();
    cycles += overlapped ? std::max(load, previous_work) : load + previous_work;
    if (i == 0) cycles += t_.l3.setup;
  }
  return cycles + work;
}

Estimate Analysis::run() {
  const bool from_l3 = p_.l2_bytes > 0;
  if (from_l3) {
    e_.cycles = streamed();
  } else {
    set_loops(0);
    e_.cycles = nest();
  }
  e_.feasible = true;
  e_.stall = std::max(0.0, e_.cycles - e_.compute - e_.overhead);
  e_.bottleneck = bottleneck_of(e_);
  e_.l1_bytes = p_.l1_bytes;
  return e_;
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

Estimate analyse(const TileProgram& program, const Target& target) { return Analysis(program, target).run(); }

std::shared_ptr<const CostModel> make_analytical_model() { return std::make_shared<AnalyticalModel>(); }

}  // namespace ares
