#include "core/lower/lower.hpp"

#include <algorithm>
#include <cassert>

#include "core/group/accelerator.hpp"
#include "core/lower/families.hpp"
#include "core/lower/fused.hpp"

namespace ares {
namespace {

/// In the order of Family.
constexpr std::array<const FamilyRules*, 17> registry{
    &conv_rules,        &linear_rules,      &pool_rules,      &table_rules,  &pool_rules,  &depthwise_rules,
    &elementwise_rules, &elementwise_rules, &rearrange_rules, &curve_rules,  &norm_rules,  &softmax_rules,
    &matmul_rules,      &scan_rules,        &transform_rules, &rotary_rules, &lookup_rules};

/// The knobs whose loops nest, outermost first.
using Nest = std::array<Knob, 5>;

const Nest& nest_of(uint16_t order) {
  static constexpr Nest channels_outer{Knob::tile_l2, Knob::tile_co, Knob::tile_h, Knob::tile_w, Knob::tile_ci};
  static constexpr Nest channels_inner{Knob::tile_l2, Knob::tile_h, Knob::tile_w, Knob::tile_co, Knob::tile_ci};
  static constexpr Nest channels_middle{Knob::tile_l2, Knob::tile_h, Knob::tile_co, Knob::tile_w, Knob::tile_ci};
  switch (static_cast<LoopOrder>(order)) {
    case LoopOrder::channels_inner:
      return channels_inner;
    case LoopOrder::channels_middle:
      return channels_middle;
    default:
      return channels_outer;
  }
}

constexpr auto no_buffers = [] {
  std::array<BufferId, role_count> ids{};
  for (BufferId& id : ids) id = none;
  return ids;
}();

/// Builds one program: loops, then buffers, then operations.
class Lowering {
 public:
  Lowering(const GroupShape& shape, const Config& config, const Context& context, TileProgram& program)
      : shape_(shape), config_(config), context_(context), p_(program) {}

  bool run() {
    p_.family = shape_.family;
    p_.cores = static_cast<int8_t>(context_.cores);
    p_.l1_bytes = p_.l2_bytes = 0;
    p_.buffers.clear();
    p_.loops.clear();
    p_.operations.clear();
    streamed_ = context_.weights == Level::l3 && has_weights(shape_.family);
    add_loops();
    if (!add_buffers()) return false;
    const bool fused = shape_.tail_count > 0;
    if (fused && !fits_program(shape_, context_, config_)) return false;
    rules_of(shape_.family)
        .parts(shape_, fused ? first_config(shape_, config_) : config_,
               fused ? first_extents(shape_, extents_) : extents_, parts_);
    if (fused) fused_parts(shape_, config_, extents_, parts_, tails_);
    if (streamed_ && !add_staging()) return false;
    add_operations();
    return true;
  }

 private:
  void add_loops() {
    TiledDims dims;
    group_dims(shape_, dims);
    for (const TiledDim& d : dims) extents_[static_cast<size_t>(d.knob)] = {none, d.extent, 1, 1};
    int32_t channel_extent = shape_.out.c;
    LoopId chunk_loop = none;
    for (const Knob k : nest_of(config_[Knob::order])) {
      if (k == Knob::tile_l2) {
        if (!streamed_) continue;
        const int32_t chunk = tile_of(config_, k, shape_.out.c);
        if (chunk == shape_.out.c) continue;
        chunk_loop = add_loop(k, none, shape_.out.c, chunk);
        channel_extent = chunk;
        extents_[static_cast<size_t>(Knob::tile_co)] = {chunk_loop, shape_.out.c, 1, 1};
        continue;
      }
      const auto d = std::find_if(dims.begin(), dims.end(), [&](const TiledDim& t) { return t.knob == k; });
      if (d == dims.end()) continue;
      const int32_t extent = k == Knob::tile_co && chunk_loop != none ? channel_extent : d->extent;
      const int32_t tile = tile_of(config_, k, extent);
      if (tile == extent) continue;
      const LoopId loop = add_loop(k, k == Knob::tile_co ? chunk_loop : none, extent, tile);
      extents_[static_cast<size_t>(k)] = {loop, d->extent, 1, 1};
    }
    chunk_depth_ = static_cast<uint8_t>(chunk_loop + 1);
  }

  LoopId add_loop(Knob k, LoopId parent, int32_t extent, int32_t tile) {
    p_.loops.push_back({k, parent, extent, tile});
    return static_cast<LoopId>(p_.loops.size() - 1);
  }

  bool add_buffers() {
    BufferBytes bytes;
    group_buffers(shape_, config_, bytes);
    for (int i = 0; i < role_count; ++i) {
      const auto r = static_cast<Role>(i);
      if (bytes[r] == 0) continue;
      Buffer b;
      b.copies = group_copies(shape_, config_, r);
      b.per_core = r == Role::scratch;
      b.carried = r == Role::accumulators || r == Role::accumulators2;
      b.bytes = bytes[r];
      b.offset = p_.l1_bytes;
      p_.l1_bytes += pitch_of(b) * (b.per_core ? static_cast<uint32_t>(context_.cores) : b.copies);
      id(r) = static_cast<BufferId>(p_.buffers.size());
      p_.buffers.push_back(b);
    }
    return p_.l1_bytes <= context_.l1_bytes;
  }

  bool add_staging() {
    const auto chunk = static_cast<uint32_t>(tile_of(config_, Knob::tile_l2, shape_.out.c));
    const bool job = on_accelerator(config_);
    staged_weights_ = add_l2_buffer(chunk * static_cast<uint32_t>(shape_.channel_bytes(job)));
    staged_params_ = add_l2_buffer(chunk * static_cast<uint32_t>(shape_.param_bytes(job)));
    return p_.l2_bytes <= context_.l2_staging;
  }

  BufferId add_l2_buffer(uint32_t bytes) {
    Buffer b;
    b.level = Level::l2;
    b.copies = static_cast<uint8_t>(std::max<uint16_t>(1, config_[Knob::buf_l2]));
    b.bytes = bytes;
    b.offset = p_.l2_bytes;
    p_.l2_bytes += pitch_of(b) * b.copies;
    p_.buffers.push_back(b);
    return static_cast<BufferId>(p_.buffers.size() - 1);
  }

  /// Loops that enclose whatever touches this region: up to the innermost one it depends on.
  static uint8_t depth_of(const Region& r) {
    int depth = 0;
    for (const RegionDim& d : r.dims) depth = std::max(depth, d.units.loop + 1);
    return static_cast<uint8_t>(depth);
  }

  /// A new operation, built in place: lower() runs millions of times.
  template <class T>
  T& add(uint8_t depth, Phase phase) {
    TileOperation& op = p_.operations.emplace_back();
    op.depth = depth;
    op.phase = phase;
    return op.what.emplace<T>();
  }

  void add_copy(uint8_t depth, Phase phase, Level from, Level to, Operand operand, BufferId buffer, BufferId staged,
                const Region& region) {
    Copy& c = add<Copy>(depth, phase);
    c.from = from;
    c.to = to;
    c.operand = operand;
    c.buffer = buffer;
    c.staged_in = staged;
    c.region = region;
  }

  void add_wait(uint8_t depth, OperationId operation) { add<Wait>(depth, Phase::before).operation = operation; }

  void load(Operand operand, Role role, const Region& region, BufferId staged) {
    add_copy(depth_of(region), Phase::before, Level::l2, Level::l1, operand, id(role), staged, region);
  }

  void add_operations() {
    if (streamed_) {
      load_chunk(Operand::weights, staged_weights_, parts_.weights);
      load_chunk(Operand::params, staged_params_, parts_.params);
    }
    if (overlaps(shape_, config_)) return add_overlapping();
    if (id(Role::weights) != none) load(Operand::weights, Role::weights, parts_.weights, staged_weights_);
    if (id(Role::params) != none) load(Operand::params, Role::params, parts_.params, staged_params_);
    const bool fused = shape_.tail_count > 0;  // a tail's second operand may have these buffers
    const bool own_second = is_elementwise(shape_.family) || shape_.family == Family::matmul;
    if (id(Role::input2) != none && (!fused || own_second)) load(Operand::input2, Role::input2, parts_.input2, none);
    if (id(Role::input3) != none && !fused) load(Operand::input3, Role::input3, parts_.input3, none);
    load(Operand::input, Role::input, parts_.input, none);
    const auto input = static_cast<OperationId>(p_.operations.size() - 1);
    if (fused) return add_fused(input);
    for (OperationId l = 0; l <= input; ++l) add_wait(p_.operations[static_cast<size_t>(l)].depth, l);
    const auto depth = static_cast<uint8_t>(p_.loops.size());
    if (on_accelerator(config_)) {
      const size_t before_store = config_[Knob::share] == 0 ? 3 : 4;
      add_wait(depth_of(parts_.output), static_cast<OperationId>(p_.operations.size() + before_store));
      add_job_and_share(input, depth, Role::output);
    } else {
      add_wait(depth_of(parts_.output), static_cast<OperationId>(p_.operations.size() + 2));
      add_kernel(input, depth, Role::output);
    }
    add_store(parts_.output);
  }

  using TailLoads = std::array<OperationId, 2 * max_tails>;

  TailLoads load_tails() {
    TailLoads loads{none, none, none, none};
    for (int i = 0; i < shape_.tail_count; ++i) load_tail(i, &loads[2 * static_cast<size_t>(i)]);
    return loads;
  }

  void await(const TailLoads& loads) {
    for (const OperationId l : loads)
      if (l != none) add_wait(p_.operations[static_cast<size_t>(l)].depth, l);
  }

  /// The first layer and its tails; what tails load arrives beside the first layer's work.
  void add_fused(OperationId input) {
    const TailLoads loads = load_tails();
    for (OperationId l = 0; l <= input; ++l) add_wait(p_.operations[static_cast<size_t>(l)].depth, l);
    const Kernel& k = parts_.kernel;
    int first_depth = 0;
    for (const Extent& e : {k.rows, k.columns, k.channels, k.reduction})
      first_depth = std::max(first_depth, e.loop + 1);
    if (on_accelerator(config_)) {
      add_job_and_share(input, static_cast<uint8_t>(first_depth), Role::between);
    } else if (!maps_into_sum(shape_)) {
      add_kernel(input, static_cast<uint8_t>(first_depth), Role::between);
    }
    await(loads);
    const uint8_t store_depth = depth_of(tails_.output);
    const size_t free_slot = add_slot_wait(store_depth);
    add_tails(store_depth);
    if (tail_on_accelerator(config_)) add<Wait>(store_depth, Phase::after).operation = last_operation();
    add_fused_store(free_slot);
  }

  /// The same where the accelerator and the workers overlap: one instance of the first layer ahead. Its loads of the
  /// innermost depth stand behind the wait for it, the others in front of everything.
  void add_overlapping() {
    const auto depth = static_cast<uint8_t>(p_.loops.size());
    load_first(depth, false);
    const TailLoads loads = load_tails();
    const bool job_first = on_accelerator(config_);
    const size_t wait = p_.operations.size();
    add_wait(depth, none);
    if (job_first) add_job(none, depth, Role::between);
    load_first(depth, true);
    await(loads);
    const size_t free_slot = add_slot_wait(depth);
    add_tails(depth);
    if (job_first) {
      run_ahead(static_cast<OperationId>(wait + 1), wait);
    } else {
      const OperationId job = last_operation();
      add_kernel(none, depth, Role::between, Phase::after);
      run_ahead(last_operation(), wait);
      add<Wait>(depth, Phase::after).operation = job;
    }
    add_fused_store(free_slot);
  }

  /// The first layer's loads that stand at `depth`, or those further out.
  void load_first(uint8_t depth, bool innermost) {
    const auto load_if = [&](Operand operand, Role role, const Region& region) {
      if (id(role) != none && (depth_of(region) == depth) == innermost) load(operand, role, region, none);
    };
    load_if(Operand::weights, Role::weights, parts_.weights);
    load_if(Operand::params, Role::params, parts_.params);
    load_if(Operand::input, Role::input, parts_.input);
  }

  /// The operation `first` runs ahead and is what `wait` waits for.
  void run_ahead(OperationId first, size_t wait) {
    std::get<Wait>(p_.operations[wait].what).operation = first;
    const auto load = std::find_if(p_.operations.begin(), p_.operations.end(), [](const TileOperation& op) {
      const auto* copy = std::get_if<Copy>(&op.what);
      return copy && copy->operand == Operand::input;
    });
    const auto input = static_cast<OperationId>(load - p_.operations.begin());
    TileOperation& op = p_.operations[static_cast<size_t>(first)];
    if (auto* job = std::get_if<Job>(&op.what)) {
      job->run_ahead = 1;
      connect(*job, input);
    } else {
      auto& kernel = std::get<Kernel>(op.what);
      kernel.run_ahead = true;
      kernel.input_copy = input;
    }
  }

  OperationId last_operation() const { return static_cast<OperationId>(p_.operations.size() - 1); }

  /// Waits until the output's slot is free; the store is added later.
  size_t add_slot_wait(uint8_t depth) {
    add_wait(depth, none);
    return p_.operations.size() - 1;
  }

  void add_tails(uint8_t depth) {
    for (int i = 0; i < shape_.tail_count; ++i) add_tail(tails_.tails[static_cast<size_t>(i)], depth);
  }

  void add_fused_store(size_t free_slot) {
    std::get<Wait>(p_.operations[free_slot].what).operation = static_cast<OperationId>(p_.operations.size());
    add_store(tails_.output);
  }

  /// The copies of tail `i`'s own operands.
  void load_tail(int i, OperationId* loads) {
    const TailParts& t = tails_.tails[static_cast<size_t>(i)];
    const auto add_load = [&](Operand operand, Role role, const Region& region) {
      load(operand, role, region, none);
      *loads++ = static_cast<OperationId>(p_.operations.size() - 1);
    };
    if (has_weights(shape_.tails[static_cast<size_t>(i)].family)) {
      add_load(Operand::tails, Role::weights2, t.weights);
      add_load(Operand::tails, Role::params2, t.params);
      return;
    }
    if (id(t.constants) != none) add_load(Operand::tails, t.constants, t.constants_region);
    const Operand second = t.second == Role::input2 ? Operand::input2 : Operand::input3;
    if (t.kernel.kind == KernelKind::add || t.kernel.kind == KernelKind::matmul)
      add_load(second, t.second, t.second_region);
  }

  void add_tail(const TailParts& t, uint8_t depth) {
    const bool weighted = t.kernel.kind == KernelKind::conv || t.kernel.kind == KernelKind::linear;
    if (weighted && tail_on_accelerator(config_)) return add_tail_job(t, depth);
    Kernel& k = add<Kernel>(depth, Phase::after);
    k = t.kernel;
    k.in = id(t.in);
    k.out = id(t.out);
    if (k.kind == KernelKind::add || k.kind == KernelKind::matmul) k.in2 = id(t.second);
    if (k.kind == KernelKind::matmul) k.accumulators = id(Role::accumulators2);
    if (weighted) {
      k.weights = id(Role::weights2);
      k.params = id(Role::params2);
    } else if (k.kind == KernelKind::table || k.kind == KernelKind::softmax) {
      k.weights = id(t.constants);
    } else if (k.kind != KernelKind::max_pool) {
      k.params = id(t.constants);
    }
    if (k.layer == 1 && maps_into_sum(shape_)) k.weights = id(Role::weights);
  }

  void add_tail_job(const TailParts& t, uint8_t depth) {
    const GroupShape own = shape_of(shape_.tails[t.kernel.layer - 1u]);
    Job& j = add<Job>(depth, Phase::after);
    describe_job(own, t.kernel, j);
    j.layer = t.kernel.layer;
    j.fill = false;
    j.in = id(t.in);
    j.weights = id(Role::weights2);
    j.params = id(Role::params2);
    j.out = id(t.out);
  }

  void add_store(const Region& region) {
    add_copy(depth_of(region), Phase::after, Level::l1, Level::l2, Operand::output, id(Role::output), none, region);
  }

  static void describe_job(const GroupShape& s, const Kernel& k, Job& j) {
    const bool depthwise = s.family == Family::depthwise;
    j.kind = depthwise ? JobKind::depthwise3x3 : s.window.kh == 3 ? JobKind::conv3x3 : JobKind::conv1x1;
    j.stride = static_cast<uint8_t>(s.window.sh);
    j.weight_bits = s.accelerator.weight_bits;
    j.scale_bits = s.accelerator.scale_bits;
    j.fill = s.accelerator.fill;
    j.tokens = job_takes_tokens(s);
    j.rows = k.rows;
    j.columns = k.columns;
    j.channels = k.channels;
    j.reduction = depthwise ? k.channels : k.reduction;
  }

  /// A job, the workers' channels of its layer beside it, and the wait for it. The many jobs of a stride of 2 keep the
  /// orchestrator busy while they run, so the workers begin before; but where they pad the jobs' tile, that comes
  /// first.
  void add_job_and_share(OperationId input, uint8_t depth, Role out) {
    const bool shared = config_[Knob::share] > 0;
    const bool workers_first = shared && shape_.window.sh > 1 && !shape_.accelerator.fill;
    if (workers_first) add_share(input, depth, out, true);
    add_job(input, depth, out);
    const OperationId job = last_operation();
    if (shared) leave_share(std::get<Job>(p_.operations.back().what));
    if (shared && !workers_first) add_share(input, depth, out, false);
    add_wait(depth, job);
  }

  void add_share(OperationId input, uint8_t depth, Role out, bool beside_job) {
    add_kernel(input, depth, out);
    Kernel& k = std::get<Kernel>(p_.operations.back().what);
    k.channels = {none, config_[Knob::share]};
    k.scratch = id(Role::padded);
    k.beside_job = beside_job;
  }

  /// The job computes the channels behind the workers' share.
  void leave_share(Job& j) const {
    const SharedConstants at = shared_constants(shape_, config_[Knob::share]);
    j.first = config_[Knob::share];
    j.pixel = static_cast<uint16_t>(shape_.in.c);
    j.channels = j.reduction = {none, shape_.in.c - j.first};
    j.weights_at = at.weights_at;
    j.params_at = at.params_at;
  }

  void add_job(OperationId input, uint8_t depth, Role out) {
    Job& j = add<Job>(depth, Phase::before);
    describe_job(shape_, parts_.kernel, j);
    j.in = id(Role::input);
    j.weights = id(Role::weights);
    j.params = id(Role::params);
    j.out = id(out);
    if (input != none) connect(j, input);
  }

  /// A job and the load that fills its input; the engine pads, where it can.
  void connect(Job& j, OperationId input) {
    j.input_copy = input;
    std::get<Copy>(p_.operations[static_cast<size_t>(input)].what).region.compact = !j.fill;
  }

  void add_kernel(OperationId input, uint8_t depth, Role out, Phase phase = Phase::before) {
    Kernel& k = add<Kernel>(depth, phase);
    k = parts_.kernel;
    k.parallel = static_cast<ParallelAxis>(config_[Knob::parallel]);
    k.form = shape_.form;
    k.rounding = shape_.rounding;
    k.in_type = shape_.in_type;
    k.in2_type = shape_.in2_type;
    k.out_type = shape_.out_type;
    k.transposed = shape_.transposed;
    k.centred = shape_.centred;
    k.across = shape_.across;
    k.asymmetric = shape_.asymmetric();
    k.in = id(Role::input);
    k.in2 = id(Role::input2);
    k.in3 = id(Role::input3);
    k.weights = id(Role::weights);
    k.params = id(Role::params);
    k.out = id(out);
    k.accumulators = id(Role::accumulators);
    k.scratch = id(Role::scratch);
    k.channel_bytes = shape_.channel_bytes();
    k.window = shape_.window;
    k.input_copy = input;
  }

  /// The L3 side of a streamed operand: whole chunks of output channels.
  void load_chunk(Operand operand, BufferId buffer, const Region& l1_region) {
    Region region = l1_region;
    region.dims[0].units.loop = chunk_depth_ > 0 ? static_cast<LoopId>(chunk_depth_ - 1) : none;
    region.dims[0].units.whole = shape_.out.c;
    region.dims[2] = whole_dim(l1_region.pitch[0]);
    add_copy(chunk_depth_, Phase::before, Level::l3, Level::l2, operand, buffer, none, region);
  }

  BufferId& id(Role r) { return buffers_[static_cast<size_t>(r)]; }

  const GroupShape& shape_;
  const Config& config_;
  const Context& context_;
  TileProgram& p_;
  bool streamed_ = false;
  uint8_t chunk_depth_ = 0;
  BufferId staged_weights_ = none, staged_params_ = none;
  std::array<BufferId, role_count> buffers_ = no_buffers;
  Extents extents_{};
  Parts parts_;
  FusedParts tails_;
};

}  // namespace

const FamilyRules& rules_of(Family family) { return *registry[static_cast<size_t>(family)]; }

bool lower_into(const GroupShape& shape, const Config& config, const Context& context, TileProgram& out) {
  return Lowering(shape, config, context, out).run();
}

tl::expected<TileProgram, Infeasible> lower(const GroupShape& shape, const Config& config, const Context& context) {
  if (const auto broken = check(shape, context, config)) return tl::unexpected<Infeasible>(*broken);
  TileProgram program;
  const bool fits = lower_into(shape, config, context, program);
  assert(fits);
  (void)fits;
  return program;
}

}  // namespace ares
