// The five cases that the tile program was designed for, taken through the walker and the event simulator.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "cost_models/event.hpp"
#include "cost_models/kernel_cycles.hpp"
#include "tests/support/paper_cases.hpp"

using namespace ares;

namespace {

/// Follows the steps of a program and checks that whatever reads or writes a buffer finds the right contents there.
class Checker {
 public:
  explicit Checker(const TileProgram& p) : p_(p) {}

  void take(const Step& s) {
    const auto& what = p_.operations[static_cast<size_t>(s.operation)].what;
    if (s.kind == StepKind::wait) return wait(s);
    if (s.kind == StepKind::issue) return issue(s, std::get<Copy>(what));
    if (const auto* k = std::get_if<Kernel>(&what)) {
      for (const BufferId b : {k->in, k->weights, k->params}) read(b, s);
      write(k->out, s);
      ++kernels;
    } else if (const auto* j = std::get_if<Job>(&what)) {
      for (const BufferId b : {j->in, j->weights, j->params}) read(b, s);
      ++jobs;
    }
  }

  int kernels = 0, jobs = 0;
  std::map<OperationId, int> issued;

 private:
  struct Contents {
    OperationId load = none;
    int32_t instance = -1;
    Box box;
    bool arrived = false;
  };

  void issue(const Step& s, const Copy& c) {
    ++issued[s.operation];
    if (is_load(c)) {
      contents_[{c.buffer, s.slot}] = {s.operation, s.instance, resolve(c.region, *s.position), false};
    } else {
      leaving_[{c.buffer, s.slot}] = {s.operation, s.instance, {}, false};
    }
  }

  void wait(const Step& s) {
    for (auto* map : {&contents_, &leaving_})
      for (auto& [slot, c] : *map)
        if (c.load == s.operation && c.instance <= s.instance) c.arrived = true;
  }

  int32_t slot_of(BufferId b, const Step& s) const { return (*s.slots)[static_cast<size_t>(b)]; }

  /// The slot holds exactly the region that belongs to this position, and it has arrived.
  void read(BufferId b, const Step& s) {
    if (b == none) return;
    for (size_t i = 0; i < p_.operations.size(); ++i) {
      const auto* c = std::get_if<Copy>(&p_.operations[i].what);
      if (!c || !is_load(*c) || c->buffer != b) continue;
      const auto found = contents_.find({b, slot_of(b, s)});
      REQUIRE(found != contents_.end());
      CHECK(found->second.arrived);
      const Box wanted = resolve(c->region, *s.position);
      CHECK(found->second.box.begin == wanted.begin);
      CHECK(found->second.box.size == wanted.size);
    }
  }

  /// No store is still reading the slot.
  void write(BufferId b, const Step& s) {
    const auto found = leaving_.find({b, slot_of(b, s)});
    if (found != leaving_.end()) CHECK(found->second.arrived);
  }

  const TileProgram& p_;
  std::map<std::pair<BufferId, int32_t>, Contents> contents_, leaving_;
};

std::vector<TraceSpan> trace_of(const TileProgram& p, PlayResult& result) {
  std::vector<TraceSpan> spans;
  const TraceSink sink = [&](const TraceSpan& s) { spans.push_back(s); };
  result = play(p, test::hand_written_gap9(), &sink);
  return spans;
}

std::vector<KernelTile> tiles_of(const TileProgram& p, KernelKind kind) {
  std::vector<KernelTile> tiles;
  walk(p, [&](const Step& s) {
    const auto* k = std::get_if<Kernel>(&p.operations[static_cast<size_t>(s.operation)].what);
    if (s.kind == StepKind::run && k && k->kind == kind) tiles.push_back(tile_at(p, *k, *s.position));
  });
  return tiles;
}

}  // namespace

TEST_CASE("paper cases: what reads a buffer finds its own tile there, arrived") {
  for (const test::PaperCase& c : test::paper_cases()) {
    INFO(c.name);
    Checker checker(c.program);
    walk(c.program, [&](const Step& s) { checker.take(s); });
    CHECK(checker.kernels > 0);
    for (const auto& [operation, count] : checker.issued) {
      int expected = 1;
      for (size_t l = 0; l < c.program.operations[static_cast<size_t>(operation)].depth; ++l)
        expected *= trips(c.program.loops[l].extent, c.program.loops[l].tile);
      if (c.name != "linear layer streamed from L3") CHECK(count == expected);
    }
  }
}

TEST_CASE("paper cases: a resource does one thing at a time and the parts add up") {
  for (const test::PaperCase& c : test::paper_cases()) {
    INFO(c.name);
    PlayResult r;
    std::vector<TraceSpan> spans = trace_of(c.program, r);
    std::map<Resource, double> until;
    std::stable_sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    for (const TraceSpan& s : spans) {
      CHECK(s.end >= s.begin);
      CHECK(s.begin >= until[s.resource] - 1e-6);
      CHECK(s.end <= r.cycles + 1e-6);
      until[s.resource] = s.end;
    }
    for (const double busy : {r.compute, r.dma_in, r.dma_out, r.l3, r.accelerator, r.stall, r.overhead})
      CHECK(busy <= r.cycles);
    CHECK(r.compute + r.stall + r.overhead <= r.cycles + 1e-6);
    CHECK(play(c.program, test::hand_written_gap9()).cycles == r.cycles);
  }
}

TEST_CASE("fused pool: the convolution makes the rows that the pool's tile needs") {
  const TileProgram p = test::conv_with_fused_pool();
  const std::vector<KernelTile> conv = tiles_of(p, KernelKind::conv), pool = tiles_of(p, KernelKind::max_pool);
  REQUIRE(conv.size() == 8);
  REQUIRE(pool.size() == 8);
  int32_t rows = 0;
  for (size_t i = 0; i < conv.size(); ++i) {
    CHECK(conv[i].rows == 2 * pool[i].rows);
    CHECK(conv[i].padding_bytes > 0);  // left and right columns at least
    rows += pool[i].rows;
  }
  CHECK(rows == 2 * 7);  // each of two channel tiles
}

TEST_CASE("running maximum: the kernel knows the first and the last step of its keys") {
  const std::vector<KernelTile> tiles = tiles_of(test::attention_with_running_maximum(), KernelKind::attention);
  REQUIRE(tiles.size() == 7 * 4);
  for (size_t i = 0; i < tiles.size(); ++i) {
    CHECK(tiles[i].first_step == (i % 4 == 0));
    CHECK(tiles[i].last_step == (i % 4 == 3));
  }
  CHECK(tiles.back().rows == 196 - 6 * 32);
  CHECK(tiles.back().reduction == 196 - 3 * 56);
}

TEST_CASE("scan: time runs inside the channels") {
  const std::vector<KernelTile> tiles = tiles_of(test::scan_with_carried_state(), KernelKind::scan);
  REQUIRE(tiles.size() == 4 * 4);
  CHECK(tiles[3].last_step);
  CHECK(tiles[4].first_step);
}

TEST_CASE("strided jobs: the cluster requantises while the accelerator computes the next tile") {
  PlayResult r;
  const std::vector<TraceSpan> spans = trace_of(test::strided_jobs_with_cluster_requantisation(), r);
  double overlap = 0;
  for (const TraceSpan& job : spans)
    for (const TraceSpan& kernel : spans)
      if (job.resource == Resource::accelerator && kernel.resource == Resource::workers)
        overlap += std::max(0.0, std::min(job.end, kernel.end) - std::max(job.begin, kernel.begin));
  CHECK(overlap > 0.5 * r.compute);
  CHECK(r.cycles < r.accelerator + r.compute + r.overhead);
}

TEST_CASE("streamed linear: L3 is read beside the work on the chunk before") {
  PlayResult r;
  trace_of(test::linear_streamed_from_l3(), r);
  const double bytes = 512.0 * (1024 + 8);
  CHECK(r.l3 >= bytes);
  CHECK(r.cycles < 1.15 * r.l3);
}

TEST_CASE("a network's groups follow each other on one clock; a cold run loads constants first") {
  const Target gap9 = test::hand_written_gap9();
  NetworkProgram n;
  for (const TileProgram& p : {test::depthwise_planar(), test::conv_with_fused_pool()}) {
    PlannedGroup g;
    g.program = p;
    n.groups.push_back(g);
  }
  n.l2_constant_bytes = 5000;
  const NetworkPlay warm = play(n, gap9, false), cold = play(n, gap9, true);
  REQUIRE(warm.groups.size() == 2);
  const double kernels = 2 * cold_kernel_cycles;  // a convolution and a pool
  CHECK(warm.groups[1].cycles == doctest::Approx(play(n.groups[1].program, gap9).cycles + kernels));
  CHECK(warm.total.cycles == doctest::Approx(warm.groups[0].cycles + warm.groups[1].cycles + 2 * group_call_cycles));
  CHECK(warm.load_cycles == 0);
  CHECK(cold.load_cycles == doctest::Approx(gap9.l3.setup + gap9.l3.latency + 5000 / gap9.l3.bytes_per_cycle_read));
  CHECK(cold.total.cycles == doctest::Approx(warm.total.cycles + cold.load_cycles));
}
