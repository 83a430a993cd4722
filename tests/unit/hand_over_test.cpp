// Edges between neighbouring groups through L1.
#include <doctest/doctest.h>

#include "core/plan/hand_over.hpp"
#include "core/tile/walker.hpp"
#include "cost_models/event.hpp"
#include "tests/support/chain.hpp"

using namespace ares;
using namespace ares::test;

namespace {

struct Marks {
  int early = 0, kept_loads = 0, kept_stores = 0;
};

Marks marks_of(const NetworkProgram& n) {
  Marks m;
  for (const PlannedGroup& g : n.groups)
    for (const TileOperation& op : g.program.operations)
      if (const auto* c = std::get_if<Copy>(&op.what)) {
        m.early += c->early;
        (is_load(*c) ? m.kept_loads : m.kept_stores) += c->stays;
      }
  return m;
}

/// Bytes of L1 that a group touches: all its buffers, the next group's that are filled early, and what the group before
/// still stores.
struct Span {
  uint32_t begin, end;
  bool kept;
};

void add_buffer(std::vector<Span>& spans, const TileProgram& p, BufferId id, bool kept) {
  const Buffer& b = p.buffers[static_cast<size_t>(id)];
  if (b.level != Level::l1) return;
  spans.push_back({b.offset, b.offset + pitch_of(b) * (b.per_core ? static_cast<uint32_t>(p.cores) : b.copies), kept});
}

/// Whether the program reads that buffer of the program before where it lies.
bool kept_by(const TileProgram& p, const TileProgram& before, BufferId id) {
  for (const TileOperation& op : p.operations)
    if (const auto* c = std::get_if<Copy>(&op.what); c && is_load(*c) && c->stays)
      if (p.buffers[static_cast<size_t>(c->buffer)].offset <= before.buffers[static_cast<size_t>(id)].offset &&
          before.buffers[static_cast<size_t>(id)].offset <
              p.buffers[static_cast<size_t>(c->buffer)].offset + p.buffers[static_cast<size_t>(c->buffer)].bytes)
        return true;
  return false;
}

std::vector<Span> spans_of(const NetworkProgram& n, size_t g) {
  std::vector<Span> spans;
  const TileProgram& p = n.groups[g].program;
  for (size_t b = 0; b < p.buffers.size(); ++b) add_buffer(spans, p, static_cast<BufferId>(b), false);
  if (g > 0)
    for (const TileOperation& op : n.groups[g - 1].program.operations)
      if (const auto* c = std::get_if<Copy>(&op.what); c && c->late && !kept_by(p, n.groups[g - 1].program, c->buffer))
        add_buffer(spans, n.groups[g - 1].program, c->buffer, false);
  if (g + 1 == n.groups.size()) return spans;
  for (const TileOperation& op : n.groups[g + 1].program.operations)
    if (const auto* c = std::get_if<Copy>(&op.what); c && c->early)
      add_buffer(spans, n.groups[g + 1].program, c->buffer, false);
  return spans;
}

NetworkProgram planned(const LayerGraph& graph, uint64_t l1_limit, const ConfigChooser& choose) {
  PlanOptions options;
  options.l1_limit = l1_limit;
  auto n = plan_network(graph, load_target("gap9").value(), options, choose);
  REQUIRE(n);
  return std::move(*n);
}

NetworkProgram without_edges(NetworkProgram n) {
  for (PlannedGroup& g : n.groups)
    for (TileOperation& op : g.program.operations)
      if (auto* c = std::get_if<Copy>(&op.what)) c->early = c->stays = c->late = false;
  return n;
}

}  // namespace

TEST_CASE("constants are loaded beside the group before, and tensors stay in L1") {
  Random random(5);
  const LayerGraph graph = chain(random, {64, 96, 128, 64, 10});
  const NetworkProgram n = planned(graph, 0, in_one_tile());
  const Marks m = marks_of(n);
  CHECK(m.early == 2 * 3);  // weights and parameters of all groups but the first
  int kept = 0;
  for (size_t g = 1; g < n.groups.size(); ++g) {
    const auto buffer = [&](size_t group, Operand operand) -> const Buffer& {
      const TileProgram& p = n.groups[group].program;
      for (const TileOperation& op : p.operations)
        if (const auto* c = std::get_if<Copy>(&op.what); c && c->operand == operand)
          return p.buffers[static_cast<size_t>(c->buffer)];
      FAIL("no such copy");
      return p.buffers[0];
    };
    if (buffer(g - 1, Operand::output).bytes != buffer(g, Operand::input).bytes) continue;  // types are random
    ++kept;
    CHECK(buffer(g - 1, Operand::output).offset == buffer(g, Operand::input).offset);
  }
  CHECK(kept > 0);
  CHECK(m.kept_loads == kept);
  CHECK(m.kept_stores == kept);
  const Target target = load_target("gap9").value();
  CHECK(play(n, target, false).total.cycles < play(without_edges(n), target, false).total.cycles);
}

TEST_CASE("a tensor with two readers is stored, one that the network returns too") {
  Random random(6);
  LayerGraph graph = chain(random, {64, 64, 64});
  graph.outputs.push_back({"middle", 1, {}});
  const NetworkProgram n = planned(graph, 0, in_one_tile());
  CHECK(marks_of(n).kept_loads == 1);
  CHECK(marks_of(n).kept_stores == 0);
}

/// A chain whose last layer reads what the first one has written.
LayerGraph with_skip(Random& random, int32_t features) {
  LayerGraph graph = chain(random, {features, features, features, features, features});
  const LayerId first = 0, last = 3;
  boost::clear_in_edges(last, graph.dag);
  graph.dag[last].inputs = {graph.dag[first].output};
  boost::add_edge(first, last, Flow{graph.dag[first].output}, graph.dag);
  graph.outputs.push_back({"side", graph.dag[2].output, {}});
  return graph;
}

TEST_CASE("a store that nobody waits for goes on beside the next group") {
  Random random(10);
  const LayerGraph graph = with_skip(random, 64);
  const NetworkProgram n = planned(graph, 0, in_one_tile());
  const auto late_stores = [&](size_t g) {
    int count = 0;
    for (const TileOperation& op : n.groups[g].program.operations)
      if (const auto* c = std::get_if<Copy>(&op.what)) count += c->late;
    return count;
  };
  CHECK(late_stores(0) == 1);  // the last layer reads it, in L2
  CHECK(late_stores(2) == 0);  // the network returns it
  CHECK(late_stores(3) == 0);  // nothing is behind it
  for (size_t g = 0; g < n.groups.size(); ++g) {
    const std::vector<Span> spans = spans_of(n, g);
    for (size_t i = 0; i < spans.size(); ++i)
      for (size_t j = 0; j < i; ++j) CHECK((spans[i].end <= spans[j].begin || spans[j].end <= spans[i].begin));
  }
  NetworkProgram in_time = n;
  for (PlannedGroup& g : in_time.groups)
    for (TileOperation& op : g.program.operations)
      if (auto* c = std::get_if<Copy>(&op.what)) c->late = false;
  const Target target = load_target("gap9").value();
  CHECK(play(n, target, false).total.cycles < play(in_time, target, false).total.cycles);
}

TEST_CASE("buffers that are alive together never overlap, and L1's limit holds") {
  Random random(8);
  for (int round = 0; round < 60; ++round) {
    std::vector<int32_t> features(static_cast<size_t>(pick(random, 3, 8)));
    for (int32_t& f : features) f = pick(random, 4, 300);
    const LayerGraph graph = chain(random, features);
    const uint64_t limit = static_cast<uint64_t>(pick(random, 11, 120)) * 1024;
    const NetworkProgram n = planned(graph, limit, by_rule());
    CHECK(n.l1_bytes + 8 * n.stack <= limit);
    for (size_t g = 0; g < n.groups.size(); ++g) {
      const std::vector<Span> spans = spans_of(n, g);
      for (size_t i = 0; i < spans.size(); ++i) {
        CHECK(spans[i].end <= n.l1_bytes);
        for (size_t j = 0; j < i; ++j) CHECK((spans[i].end <= spans[j].begin || spans[j].end <= spans[i].begin));
      }
    }
  }
}

TEST_CASE("an early load's first instance is issued before the walk and no other twice") {
  Random random(9);
  const LayerGraph graph = chain(random, {64, 96, 128});
  const NetworkProgram n = planned(graph, 0, by_rule());
  const TileProgram& p = n.groups[1].program;
  const TileProgram plain = without_edges(n).groups[1].program;
  std::vector<std::pair<int, int>> with, without;
  const auto issues_into = [](std::vector<std::pair<int, int>>& all) {
    return [&all](const Step& s) {
      if (s.kind == StepKind::issue) all.emplace_back(s.operation, s.instance);
    };
  };
  walk_early(p, issues_into(with));
  const size_t early = with.size();
  walk(p, issues_into(with));
  walk(plain, issues_into(without));
  std::erase_if(without,
                [&](const auto& i) { return std::get<Copy>(p.operations[static_cast<size_t>(i.first)].what).stays; });
  CHECK(early > 0);
  std::sort(with.begin(), with.end());
  std::sort(without.begin(), without.end());
  CHECK(with == without);
}
