// The first plan: groups one after the other, activations in one L2 arena, constants resident in L2 while they fit and
// streamed from L3 otherwise.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/group/accelerator.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/pack.hpp"
#include "core/plan/arena.hpp"
#include "core/plan/hand_over.hpp"
#include "core/plan/network_program.hpp"

namespace ares {
namespace {

constexpr uint32_t aligned(uint64_t n) { return static_cast<uint32_t>((n + 15u) & ~uint64_t{15}); }

/// Streamed weights get two chunks of at most so many bytes together, as many as there is room for.
constexpr uint32_t most_staging = 64 * 1024, least_staging = 1024;

struct Memory {
  uint32_t l1 = 0, l2 = 0;
  uint64_t l3 = 0;
};

uint32_t limited(uint32_t bytes, uint64_t limit) {
  return limit == 0 ? bytes : static_cast<uint32_t>(std::min<uint64_t>(bytes, limit));
}

Result<Memory> available(const Target& t, const PlanOptions& o, uint32_t stack) {
  Memory m;
  const uint32_t stacks = static_cast<uint32_t>(o.cores) * stack;
  const uint32_t l1 = limited(t.l1_bytes - std::min(t.l1_bytes, t.l1_reserved), o.l1_limit);
  if (o.cores < 1 || o.cores > t.cores.count)
    return fail(fmt::format("--cores {}: {} has 1 to {} workers", o.cores, t.name, t.cores.count));
  if (stacks >= l1)
    return fail(
        fmt::format("L1: {} stacks of {} bytes leave nothing of {} bytes; use a smaller --stack", o.cores, stack, l1));
  m.l1 = l1 - stacks;
  m.l2 = limited(t.l2_bytes - t.l2_reserved, o.l2_limit);
  m.l3 = o.l3_limit == 0 ? t.l3_bytes : std::min(t.l3_bytes, o.l3_limit);
  return m;
}

/// Steps at which each tensor is alive: from the step that writes it (-1: a network input) to its last reader.
std::vector<ArenaBlock> lifetimes(const LayerGraph& graph, const std::vector<Group>& groups) {
  const int end = static_cast<int>(groups.size());
  std::vector<ArenaBlock> blocks(graph.tensors.size());
  for (size_t t = 0; t < blocks.size(); ++t) {
    const Tensor& tensor = graph.tensors[t];
    blocks[t] = {static_cast<uint32_t>(tensor.dims.count() * element_bytes(tensor.type)), end, -1, 0};
  }
  for (const NetworkInput& in : graph.inputs) blocks[static_cast<size_t>(in.tensor)].first = -1;
  for (int g = 0; g < end; ++g) {
    ArenaBlock& out = blocks[static_cast<size_t>(groups[static_cast<size_t>(g)].output)];
    out.first = std::min(out.first, g);
    out.last = std::max(out.last, g);
    for (const TensorId in : groups[static_cast<size_t>(g)].inputs) {
      ArenaBlock& b = blocks[static_cast<size_t>(in)];
      b.last = std::max(b.last, g);
    }
  }
  for (const NetworkOutput& out : graph.outputs) blocks[static_cast<size_t>(out.tensor)].last = end;
  for (size_t t = 0; t < blocks.size(); ++t)
    if (blocks[t].last < blocks[t].first || is_constant(graph.tensors[t])) blocks[t] = {};
  return blocks;
}

/// Constant tensors lie in L2, in front of the groups' constants.
uint64_t constant_tensor_bytes(const LayerGraph& graph) {
  uint64_t bytes = 0;
  for (const Tensor& t : graph.tensors) bytes += aligned(t.constant.size());
  return bytes;
}

uint64_t constant_bytes(const GroupShape& s, bool job) {
  return aligned(s.weights_size(job)) + aligned(s.params_size(job));
}

/// Tails' constants stay in L2.
uint64_t most_tail_bytes(const GroupShape& s) { return std::max(s.tails_size(false), s.tails_size(true)); }

/// Wherever the group will be placed.
uint64_t most_constant_bytes(const GroupInContext& g) {
  const GroupShape& s = g.group.shape;
  const bool either = g.context.accelerator && s.accelerator.weight_bits > 0;
  if (!either) return constant_bytes(s, false);
  constexpr uint64_t shared = job_depthwise_group_bytes + 2 * 16;  // what the two parts' rounding adds at most
  const uint64_t most = std::max(constant_bytes(s, false), constant_bytes(s, true));
  return most + (s.family == Family::depthwise ? shared : 0);
}

struct Layout {
  std::vector<GroupInContext> groups;
  std::vector<ArenaBlock> tensors;  ///< then one block of staging per group
  ArenaSize arena;
  Memory memory;
};

/// Bytes alive at a step.
uint64_t alive(const Layout& l, int step) {
  uint64_t bytes = 0;
  for (const ArenaBlock& b : l.tensors)
    if (b.first <= step && step <= b.last) bytes += aligned(b.bytes);
  return bytes;
}

/// Names the step at which most is alive, and what is largest then. `have` may be negative.
std::string arena_complaint(const LayerGraph& graph, const Layout& l, int64_t have) {
  int worst = -1;
  for (int step = 0; step < static_cast<int>(l.groups.size()); ++step)
    if (alive(l, step) > alive(l, worst)) worst = step;
  size_t largest = 0;
  uint32_t bytes = 0;
  for (size_t t = 0; t < l.tensors.size(); ++t) {
    const ArenaBlock& b = l.tensors[t];
    if (b.first <= worst && worst <= b.last && b.bytes > bytes) largest = t, bytes = b.bytes;
  }
  const size_t tensors = graph.tensors.size();
  const std::string what =
      largest < tensors ? "tensor " + graph.tensors[largest].name
                        : fmt::format("the streamed weights of group {}", l.groups[largest - tensors].group.name);
  const std::string step =
      worst < 0 ? "before the first group"
                : fmt::format("at step {}, group {}", worst + 1, l.groups[static_cast<size_t>(worst)].group.name);
  return fmt::format(
      "L2: activations and staging take {} bytes where {} are left, {} too many; most is alive {}, the largest "
      "is {} with {} bytes",
      l.arena.bytes, std::max<int64_t>(have, 0), l.arena.bytes - std::max<int64_t>(have, 0), step, what, bytes);
}

Result<Layout> lay_out(const LayerGraph& graph, const Target& target, const PlanOptions& options) {
  const uint32_t stack = options.stack == 0 ? target.default_stack : options.stack;
  const auto memory = available(target, options, stack);
  if (!memory) return tl::unexpected<Error>(memory.error());
  Layout l;
  l.memory = *memory;
  auto fused = fuse(graph, make_groups(graph), options.fused);
  if (!fused) return tl::unexpected<Error>(fused.error());
  std::vector<Group> groups = std::move(*fused);
  l.tensors = lifetimes(graph, groups);
  for (Group& g : groups) {
    Context c;
    c.l1_bytes = l.memory.l1;
    c.cores = options.cores;
    c.stack = stack;
    c.accelerator = options.accelerator && target.accelerator.kind == AcceleratorKind::ne16;
    l.groups.push_back({std::move(g), c});
    l.tensors.push_back({0, static_cast<int>(l.groups.size()) - 1, static_cast<int>(l.groups.size()) - 1, 0});
  }
  l.arena = pack_arena(l.tensors);
  if (l.arena.bytes > l.memory.l2) return fail(arena_complaint(graph, l, l.memory.l2));
  return l;
}

/// Streams the largest constants from L3, through `staging` bytes, until the others fit into L2 beside the arena.
Result<void> place_constants(const LayerGraph& graph, Layout& l, uint32_t staging) {
  std::vector<size_t> by_size(l.groups.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  const auto bytes = [&](size_t g) { return most_constant_bytes(l.groups[g]); };
  std::stable_sort(by_size.begin(), by_size.end(), [&](size_t a, size_t b) { return bytes(a) > bytes(b); });
  uint64_t resident = constant_tensor_bytes(graph), total = 0;
  for (size_t g = 0; g < l.groups.size(); ++g) resident += bytes(g) + most_tail_bytes(l.groups[g].group.shape);
  total = resident;
  if (total > l.memory.l3)
    return fail(
        fmt::format("L3: the network's constants take {} bytes, {} more than there are", total, total - l.memory.l3));
  for (const size_t g : by_size) {
    if (l.arena.bytes + resident <= l.memory.l2) return {};
    if (bytes(g) <= 256) break;
    if (!has_weights(l.groups[g].group.shape.family)) continue;
    resident -= bytes(g);
    l.groups[g].context.weights = Level::l3;
    l.groups[g].context.l2_staging = staging;
    l.tensors[graph.tensors.size() + g].bytes = staging;
    l.arena = pack_arena(l.tensors, 0);
  }
  l.arena = pack_arena(l.tensors);
  if (l.arena.bytes + resident <= l.memory.l2) return {};
  return fail(fmt::format("{}, even with all weights streamed from L3",
                          arena_complaint(graph, l, int64_t{l.memory.l2} - static_cast<int64_t>(resident))));
}

Result<Layout> contexts(const LayerGraph& graph, const Target& target, const PlanOptions& options) {
  auto l = lay_out(graph, target, options);
  if (!l) return l;
  for (uint32_t staging = most_staging;; staging /= 2) {
    Layout attempt = *l;
    const auto placed = place_constants(graph, attempt, staging);
    if (!placed && staging > least_staging) continue;
    if (!placed) return tl::unexpected<Error>(placed.error());
    if (attempt.arena.bytes > attempt.arena.lower_bound) attempt.arena = pack_arena(attempt.tensors);
    return attempt;
  }
}

/// Offsets of resident constants in L2 behind the arena, and of all constants in the L3 image, resident ones first.
void place_groups(NetworkProgram& n, const Layout& l, uint64_t tensor_bytes) {
  uint64_t l3 = tensor_bytes;
  const auto place = [&](PlannedGroup& g, Level level) {
    const auto [weights, params] = constants_of(g.group.shape, g.chosen.config);
    const uint64_t base = level == Level::l2 ? n.arena_bytes + l3 : l3;
    g.weights = {level, static_cast<uint32_t>(base), weights};
    g.params = {level, static_cast<uint32_t>(base + aligned(weights)), params};
    l3 += aligned(weights) + aligned(params);
  };
  for (PlannedGroup& g : n.groups)
    if (g.context.weights == Level::l2) place(g, Level::l2);
  for (PlannedGroup& g : n.groups) {
    const uint32_t tails = g.group.shape.tails_size(tail_on_accelerator(g.chosen.config));
    g.tails = {Level::l2, static_cast<uint32_t>(n.arena_bytes + l3), tails};
    l3 += aligned(tails);
  }
  n.l2_constant_bytes = static_cast<uint32_t>(l3);
  for (PlannedGroup& g : n.groups)
    if (g.context.weights == Level::l3) place(g, Level::l3);
  n.l3_bytes = l3;
  for (size_t g = 0; g < n.groups.size(); ++g) n.groups[g].staging_offset = l.tensors[n.tensors.size() + g].offset;
}

}  // namespace

const char* name_of(ConfigOrigin o) {
  constexpr const char* names[] = {"search", "kb-exact", "kb-near", "model", "rule", "pin"};
  return names[static_cast<size_t>(o)];
}

Result<std::vector<GroupInContext>> plan_contexts(const LayerGraph& graph, const Target& target,
                                                  const PlanOptions& options) {
  auto l = contexts(graph, target, options);
  if (!l) return tl::unexpected<Error>(l.error());
  return std::move(l->groups);
}

Result<NetworkProgram> plan_network(const LayerGraph& graph, const Target& target, const PlanOptions& options,
                                    const ConfigChooser& choose) {
  const auto l = contexts(graph, target, options);
  if (!l) return tl::unexpected<Error>(l.error());
  NetworkProgram n;
  n.name = graph.name;
  n.fused = options.fused;
  n.cores = options.cores;
  n.stack = l->groups.empty() ? target.default_stack : l->groups.front().context.stack;
  n.arena_bytes = l->arena.bytes;
  n.arena_lower_bound = l->arena.lower_bound;
  uint32_t behind = n.arena_bytes;
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    const auto constant = static_cast<uint32_t>(graph.tensors[t].constant.size());
    const ArenaBlock& b = l->tensors[t];
    n.tensors.push_back(constant ? Placement{Level::l2, behind, constant} : Placement{Level::l2, b.offset, b.bytes});
    behind += aligned(constant);
  }
  for (const GroupInContext& g : l->groups) {
    auto chosen = choose(g.group, g.context);
    if (!chosen) return tl::unexpected<Error>(chosen.error());
    auto program = lower(g.group.shape, chosen->config, g.context);
    if (!program)
      return fail(fmt::format("group {}: config {} does not fit: {}", g.group.name, to_string(chosen->config),
                              to_string(program.error())));
    PlannedGroup planned{g.group, g.context, *chosen, *program, {}, {}, {}, {}, {}, {}, {}, 0};
    planned.input = n.tensors[static_cast<size_t>(g.group.inputs.front())];
    const size_t inputs = g.group.inputs.size();
    if (inputs > 1) planned.input2 = n.tensors[static_cast<size_t>(g.group.inputs[1])];
    if (inputs > 2) planned.input3 = n.tensors[static_cast<size_t>(g.group.inputs[2])];
    planned.output = n.tensors[static_cast<size_t>(g.group.output)];
    n.groups.push_back(std::move(planned));
  }
  place_groups(n, *l, constant_tensor_bytes(graph));
  connect_groups(n, graph, l->memory.l1);
  return n;
}

}  // namespace ares
