#include "core/group/space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>

#include "core/group/accelerator.hpp"
#include "core/lower/fused.hpp"
#include "core/lower/lower.hpp"

namespace ares {
namespace {

constexpr uint32_t round16(uint32_t n) { return (n + 15u) & ~15u; }

bool is_tile(Knob k) { return k <= Knob::tile_l2; }

bool streamed(const GroupShape& s, const Context& ctx) { return ctx.weights == Level::l3 && has_weights(s.family); }

/// Which tiled dimensions take more than one step, per operand and for the loop order.
struct Live {
  uint8_t operands = 0;  // by_input | by_weights | by_output
  bool rows = false, columns = false, channels = false, chunks = false;
  int32_t weight_tiles = 1;
};

Live live_of(const GroupShape& s, const Context& ctx, const Config& c) {
  TiledDims dims;
  group_dims(s, dims);
  Live live;
  for (const TiledDim& d : dims) {
    const int32_t n = trips(d.extent, tile_of(c, d.knob, d.extent));
    if (n < 2) continue;
    live.operands |= d.used_by;
    if (d.used_by & by_weights) live.weight_tiles *= n;
    if (d.knob == Knob::tile_h) live.rows = true;
    if (d.knob == Knob::tile_w) live.columns = true;
    if (d.knob == Knob::tile_co) live.channels = true;
  }
  if (streamed(s, ctx)) {
    const int32_t chunk = tile_of(c, Knob::tile_l2, s.out.c);
    live.chunks = chunk < s.out.c;
    live.channels = tile_of(c, Knob::tile_co, s.out.c) < chunk;
  }
  return live;
}

bool order_is_redundant(const Live& live, LoopOrder order) {
  switch (order) {
    case LoopOrder::channels_inner:
      return !live.channels || (!live.rows && !live.columns);
    case LoopOrder::channels_middle:
      return !live.channels || !live.rows || !live.columns;
    default:
      return false;
  }
}

bool buffer_is_redundant(const Live& live, Knob k, uint16_t copies) {
  if (copies < 2) return false;
  switch (k) {
    case Knob::buf_in:
      return !(live.operands & by_input);
    case Knob::buf_w:
      return !(live.operands & by_weights) || live.weight_tiles < copies;
    case Knob::buf_out:
      return !(live.operands & by_output);
    case Knob::buf_l2:
      return !live.chunks;
    default:
      return false;
  }
}

Knob knob_of(Role r) {
  constexpr std::array<Knob, role_count> knobs{Knob::buf_in,  Knob::buf_w,  Knob::buf_w,   Knob::buf_out,
                                               Knob::tile_ci, Knob::kernel, Knob::buf_in,  Knob::buf_in,
                                               Knob::tile_h,  Knob::tile_h, Knob::tile_co, Knob::tile_co,
                                               Knob::buf_w,   Knob::buf_w,  Knob::tile_co, Knob::share};
  return knobs[static_cast<size_t>(r)];
}

Knob largest_buffer(const GroupShape& s, const Config& c) {
  BufferBytes bytes;
  group_buffers(s, c, bytes);
  Role worst = Role::input;
  for (int r = 0; r < role_count; ++r)
    if (bytes.bytes[static_cast<size_t>(r)] > bytes[worst]) worst = static_cast<Role>(r);
  return knob_of(worst);
}

/// The accelerator splits no reduction and no group of depthwise channels, and no workers divide its work: one axis
/// stands for all.
std::optional<Infeasible> foreign_to_accelerator(const GroupShape& s, const Config& c, Knob k) {
  if (k == Knob::kernel && s.family == Family::linear && tile_of(c, Knob::tile_ci, s.in.c) < s.in.c)
    return Infeasible{Constraint::foreign_value, Knob::tile_ci};
  const Config first = first_config(s, c);
  for (const Knob channels : {Knob::tile_co, Knob::tile_l2}) {
    const int32_t tile = tile_of(first, channels, s.out.c);
    const bool groups = tile == s.out.c || (tile % job_channels_in == 0 && s.out.c % job_channels_in == 0);
    if (s.family == Family::depthwise && !groups) return Infeasible{Constraint::foreign_value, channels};
  }
  const ParallelAxis axis = s.family != Family::linear ? ParallelAxis::rows
                            : s.in.w > 1               ? ParallelAxis::pixels
                                                       : ParallelAxis::channels;
  if (k == Knob::parallel && c[k] != static_cast<uint16_t>(axis)) return Infeasible{Constraint::foreign_value, k};
  return std::nullopt;
}

/// Workers take channels of a layer on the accelerator where a tile has all channels, and leave it some.
std::optional<Infeasible> check_share(const GroupShape& s, const Context& ctx, const Config& c) {
  if (c[Knob::share] == 0) return std::nullopt;
  const bool whole = tile_of(first_config(s, c), Knob::tile_co, s.out.c) == s.out.c;
  if (on_accelerator(c) && whole && !streamed(s, ctx) && c[Knob::share] < s.in.c) return std::nullopt;
  return Infeasible{Constraint::foreign_value, Knob::share};
}

/// L2 bytes of streamed chunks whose channels take so many bytes of weights and of parameters.
uint32_t chunk_bytes(const GroupShape& s, const Config& c, int32_t weights, int32_t params) {
  const int32_t chunk = tile_of(c, Knob::tile_l2, s.out.c);
  const uint32_t copies = c[Knob::buf_l2] == 0 ? 1 : c[Knob::buf_l2];
  return (round16(static_cast<uint32_t>(chunk * weights)) + round16(static_cast<uint32_t>(chunk * params))) * copies;
}

/// The same where the kernel is bound; l2_bytes() takes a kernel of 0 for one that is not, which is a value for
/// depthwise layers: the workers.
uint32_t bound_l2_bytes(const GroupShape& s, const Config& c) {
  const bool job = on_accelerator(c);
  return chunk_bytes(s, c, s.channel_bytes(job), s.param_bytes(job));
}

/// The constraint that binding `k` can break, given that all knobs before it are bound and the rest stand at values
/// that need the least memory.
std::optional<Infeasible> check_knob(const GroupShape& s, const Context& ctx, const Config& c, Knob k) {
  if (on_accelerator(c) && (k == Knob::kernel || k == Knob::parallel))
    if (const auto foreign = foreign_to_accelerator(s, c, k)) return foreign;
  if (k == Knob::share)
    if (const auto foreign = check_share(s, ctx, c)) return foreign;
  if (is_tile(k) || k == Knob::buf_in || k == Knob::buf_w || k == Knob::buf_out || k == Knob::kernel ||
      k == Knob::kernel2 || k == Knob::share) {
    const uint32_t need = l1_bytes(s, ctx, c);
    if (need > ctx.l1_bytes)
      return Infeasible{Constraint::l1_capacity, largest_buffer(s, c), int64_t{need} - ctx.l1_bytes};
  }
  const bool kernel_bound = k == Knob::share && streamed(s, ctx);
  if (k == Knob::tile_l2 || k == Knob::buf_l2 || (k == Knob::kernel && streamed(s, ctx)) || kernel_bound) {
    const uint32_t need = kernel_bound ? bound_l2_bytes(s, c) : l2_bytes(s, ctx, c);
    if (need > ctx.l2_staging)
      return Infeasible{Constraint::l2_capacity, Knob::tile_l2, int64_t{need} - ctx.l2_staging};
    if (k == Knob::tile_l2 && tile_of(c, Knob::tile_co, s.out.c) > tile_of(c, Knob::tile_l2, s.out.c))
      return Infeasible{Constraint::chunk_tiles, Knob::tile_co};
  }
  if (k == Knob::buf_in || k == Knob::buf_w || k == Knob::buf_out || k == Knob::buf_l2) {
    const Live live = live_of(s, ctx, c);
    if (buffer_is_redundant(live, k, c[k])) return Infeasible{Constraint::redundant_buffer, k};
    if (k == Knob::buf_l2 && live.chunks && c[Knob::buf_w] > c[k])
      return Infeasible{Constraint::prefetch_chain, Knob::buf_w};
  }
  if (s.tail_count > 0 && k >= Knob::kernel && !fits_program(s, ctx, c))
    return Infeasible{Constraint::program_size, Knob::kernel};
  if (k == Knob::order && order_is_redundant(live_of(s, ctx, c), static_cast<LoopOrder>(c[k])))
    return Infeasible{Constraint::redundant_order, k};
  return std::nullopt;
}

class Enumerator {
 public:
  Enumerator(const SearchSpace& space, const std::function<bool(uint64_t, const Config&)>& visit)
      : space_(space), visit_(visit) {
    uint64_t below = 1;
    for (size_t i = space.knobs.size(); i-- > 0;) {
      below_[i] = below;
      below *= space.knobs[i].values.size();
    }
    census_.raw = below;
    for (const KnobRange& k : space.knobs) config_[k.knob] = least(k);
  }

  SpaceCensus run() {
    descend(0, 0);
    return census_;
  }

 private:
  static uint16_t least(const KnobRange& k) {
    return k.knob == Knob::kernel || k.knob == Knob::kernel2 ? 0 : k.values.front();
  }

  bool descend(size_t level, uint64_t index) {
    if (level == space_.knobs.size()) {
      ++census_.feasible;
      return visit_(index, config_);
    }
    const KnobRange& k = space_.knobs[level];
    bool go_on = true;
    for (size_t i = 0; i < k.values.size() && go_on; ++i) {
      config_[k.knob] = k.values[i];
      if (const auto broken = broken_by(level))
        census_.removed[static_cast<size_t>(broken->constraint)] += below_[level];
      else
        go_on = descend(level + 1, index + i * below_[level]);
    }
    config_[k.knob] = least(k);
    return go_on;
  }

  /// Of the reduction's tiles yet to be bound the smallest needs the least memory, or the whole, which has no sums to
  /// carry.
  std::optional<Infeasible> broken_by(size_t level) const {
    const Knob knob = space_.knobs[level].knob;
    auto broken = check_knob(space_.shape, space_.context, config_, knob);
    if (!broken || broken->constraint != Constraint::l1_capacity) return broken;
    for (size_t later = level + 1; later < space_.knobs.size(); ++later) {
      if (space_.knobs[later].knob != Knob::tile_ci) continue;
      Config whole = config_;
      whole[Knob::tile_ci] = space_.knobs[later].values.back();
      broken = check_knob(space_.shape, space_.context, whole, knob);
    }
    return broken;
  }

  const SearchSpace& space_;
  const std::function<bool(uint64_t, const Config&)>& visit_;
  std::array<uint64_t, knob_count> below_{};
  Config config_;
  SpaceCensus census_;
};

}  // namespace

const char* name_of(Constraint c) {
  constexpr std::array<const char*, constraint_count> names{
      "L1 capacity",    "L2 capacity",     "redundant loop order", "redundant buffering",
      "prefetch chain", "tile over chunk", "foreign value",        "program size"};
  return names[static_cast<size_t>(c)];
}

std::string to_string(const Infeasible& why) {
  if (why.bytes_over > 0)
    return fmt::format("{}: {} bytes too many, most of them by {}", name_of(why.constraint), why.bytes_over,
                       name_of(why.knob));
  return fmt::format("{} ({})", name_of(why.constraint), name_of(why.knob));
}

uint32_t l1_bytes(const GroupShape& s, const Context& ctx, const Config& c) {
  BufferBytes bytes;
  group_buffers(s, c, bytes);
  uint32_t total = 0;
  for (int i = 0; i < role_count; ++i) {
    const auto r = static_cast<Role>(i);
    const uint32_t copies = r == Role::scratch ? static_cast<uint32_t>(ctx.cores) : group_copies(s, c, r);
    total += round16(bytes[r]) * copies;
  }
  return total;
}

uint32_t l2_bytes(const GroupShape& s, const Context& ctx, const Config& c) {
  if (!streamed(s, ctx)) return 0;
  if (!ctx.accelerator) return bound_l2_bytes(s, c);
  return chunk_bytes(s, c, least_channel_bytes(s, c), least_param_bytes(s, c));
}

uint64_t SearchSpace::raw_size() const {
  uint64_t n = 1;
  for (const KnobRange& k : knobs) n *= k.values.size();
  return n;
}

Config SearchSpace::config(uint64_t index) const {
  Config c;
  for (size_t i = knobs.size(); i-- > 0;) {
    const auto n = static_cast<uint32_t>(knobs[i].values.size());
    c[knobs[i].knob] = knobs[i].values[index % n];
    index /= n;
  }
  return c;
}

std::optional<uint64_t> SearchSpace::index(const Config& c) const {
  uint64_t index = 0;
  Config own;
  for (const KnobRange& k : knobs) {
    const auto at = std::lower_bound(k.values.begin(), k.values.end(), c[k.knob]);
    if (at == k.values.end() || *at != c[k.knob]) return std::nullopt;
    index = index * k.values.size() + static_cast<uint64_t>(at - k.values.begin());
    own[k.knob] = c[k.knob];
  }
  if (!(own == c)) return std::nullopt;
  return index;
}

SearchSpace make_space(const GroupShape& shape, const Context& context) {
  SearchSpace space{shape, context, {}};
  group_knobs(shape, space);
  if (streamed(shape, context)) {
    add_tile_knob(space, Knob::tile_l2, shape.out.c, 4);
    add_knob(space, Knob::buf_l2, {1, 2});
  }
  // Enumeration order: every constraint finds the knobs it needs bound (tiles, then buffers, then the rest).
  std::sort(space.knobs.begin(), space.knobs.end(),
            [](const KnobRange& a, const KnobRange& b) { return a.knob < b.knob; });
  return space;
}

std::optional<Infeasible> check(const GroupShape& shape, const Context& context, const Config& c) {
  return check(make_space(shape, context), c);
}

std::optional<Infeasible> check(const SearchSpace& space, const Config& c) {
  Config own;
  for (const KnobRange& k : space.knobs) {
    const bool candidate = std::binary_search(k.values.begin(), k.values.end(), c[k.knob]);
    const bool tile = is_tile(k.knob) && c[k.knob] >= 1 && c[k.knob] <= k.values.back();
    if (!candidate && !tile) return Infeasible{Constraint::foreign_value, k.knob};
    own[k.knob] = c[k.knob];
  }
  for (int i = 0; i < knob_count; ++i)
    if (own.value[static_cast<size_t>(i)] != c.value[static_cast<size_t>(i)])
      return Infeasible{Constraint::foreign_value, static_cast<Knob>(i)};
  for (const KnobRange& k : space.knobs)
    if (const auto broken = check_knob(space.shape, space.context, c, k.knob)) return broken;
  return std::nullopt;
}

SpaceCensus for_each_feasible(const SearchSpace& space, const std::function<bool(uint64_t, const Config&)>& visit) {
  return Enumerator(space, visit).run();
}

std::vector<uint64_t> feasible_indices(const SearchSpace& space, SpaceCensus* census) {
  std::vector<uint64_t> indices;
  const SpaceCensus c = for_each_feasible(space, [&](uint64_t index, const Config&) {
    indices.push_back(index);
    return true;
  });
  if (census) *census = c;
  return indices;
}

Config fit_config(const SearchSpace& space, const Config& c) {
  Config fitted;
  for (const KnobRange& k : space.knobs) {
    const int32_t wanted = c[k.knob];
    fitted[k.knob] = *std::min_element(k.values.begin(), k.values.end(), [&](uint16_t a, uint16_t b) {
      return std::abs(a - wanted) < std::abs(b - wanted);
    });
  }
  return fitted;
}

}  // namespace ares
