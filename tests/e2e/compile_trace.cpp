// What is emitted is what is timed: the steps of the generated C, printed with TRACE=1, are those of the walker.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/group/space.hpp"
#include "core/tile/walker.hpp"
#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// The lines that a group prints. `next`: the group behind it, or null.
class ExpectedTrace {
 public:
  ExpectedTrace(const PlannedGroup& g, const PlannedGroup* next) : g_(g), p_(g.program) {
    lines.push_back("GROUP " + g.group.name);
    walk(p_, [&](const Step& s) {
      if (s.kind == StepKind::wait)
        lines.push_back(fmt::format("STEP wait {} instance {}", s.operation, s.instance));
      else if (s.kind == StepKind::issue)
        issue(s, std::get<Copy>(p_.operations[static_cast<size_t>(s.operation)].what));
      else
        run(s, p_.operations[static_cast<size_t>(s.operation)]);
      if (next && is_last_run(p_, s)) early(*next);
    });
  }

  std::vector<std::string> lines;

 private:
  explicit ExpectedTrace(const PlannedGroup& g) : g_(g), p_(g.program) {}

  uint32_t slot_offset(BufferId b, int32_t slot) const {
    const Buffer& buffer = p_.buffers[static_cast<size_t>(b)];
    const uint32_t base = buffer.level == Level::l2 ? g_.staging_offset : 0;
    return base + buffer.offset + static_cast<uint32_t>(slot) * pitch_of(buffer);
  }

  std::string at(const Step& s) const {
    std::string text;
    for (size_t i = 0; i < p_.operations[static_cast<size_t>(s.operation)].depth; ++i)
      text += fmt::format(" {}+{}", (*s.position)[i].begin, (*s.position)[i].size);
    return text;
  }

  uint32_t operand_offset(Operand o) const {
    switch (o) {
      case Operand::input:
        return g_.input.offset;
      case Operand::input2:
        return g_.input2.offset;
      case Operand::input3:
        return g_.input3.offset;
      case Operand::weights:
        return g_.weights.offset;
      case Operand::params:
        return g_.params.offset;
      default:
        return g_.output.offset;
    }
  }

  void early(const PlannedGroup& next) {
    const ExpectedTrace its(next);
    walk_early(next.program, [&](const Step& s) {
      const std::string line =
          its.copy(s, std::get<Copy>(next.program.operations[static_cast<size_t>(s.operation)].what));
      if (!line.empty()) lines.push_back(line);
    });
  }

  void issue(const Step& s, const Copy& c) {
    lines.push_back(fmt::format("STEP issue {} instance {} slot {} staged {} at{}", s.operation, s.instance, s.slot,
                                s.staged_slot, at(s)));
    if (const std::string line = copy(s, c); !line.empty()) lines.push_back(line);
  }

  /// The commands of an issue, or nothing where there are none.
  std::string copy(const Step& s, const Copy& c) const {
    const Box box = resolve(c.region, *s.position);
    const DmaShape shape = dma_shape(c.region, box);
    if (shape.commands == 0) return "";
    const int64_t base = c.staged_in == none ? operand_offset(c.operand) : slot_offset(c.staged_in, s.staged_slot);
    const int32_t padding = near_offset(c.region, box);
    return fmt::format("STEP copy near {} far {} commands {} rows {} bytes {}",
                       slot_offset(c.buffer, s.slot) + static_cast<uint32_t>(padding),
                       base + far_offset(p_, c, *s.position), shape.commands, shape.rows, shape.row_bytes);
  }

  void run(const Step& s, const TileOperation& op) {
    std::array<BufferId, 6> buffers;
    if (const auto* k = std::get_if<Kernel>(&op.what))
      buffers = {k->in, k->in2, k->in3, k->weights, k->params, k->out};
    else if (const auto* j = std::get_if<Job>(&op.what))
      buffers = {j->in, none, none, j->weights, j->params, j->out};
    std::string tiles;
    for (const BufferId b : buffers)
      if (b != none) tiles += fmt::format(" {}", slot_offset(b, (*s.slots)[static_cast<size_t>(b)]));
    lines.push_back(fmt::format("STEP run {} tiles{} at{}", s.operation, tiles, at(s)));
  }

  const PlannedGroup& g_;
  const TileProgram& p_;
};

void check_trace(const NetworkProgram& program, const ManyLayers& layers) {
  const ScratchDirectory scratch;
  write_for_gap9(program, layers, scratch.path());
  const CommandResult made = make_project(scratch.path(), "CORE=2 TRACE=1 DISABLE_INTERMEDIATE_GOLDEN=1");
  REQUIRE(made.status == 0);
  std::vector<std::string> printed, expected;
  for (const std::string& line : made.lines())
    if (line.starts_with("STEP ") || line.starts_with("GROUP ")) printed.push_back(line);
  for (const PlannedGroup& g : program.groups) {
    const ExpectedTrace trace(g, &g == &program.groups.back() ? nullptr : &g + 1);
    expected.insert(expected.end(), trace.lines.begin(), trace.lines.end());
  }
  const std::vector<std::string> once = expected;  // the cold run and the timed one take the same steps
  expected.insert(expected.end(), once.begin(), once.end());
  REQUIRE(expected.size() > 10 * program.groups.size());
  for (size_t i = 0; i < std::min(printed.size(), expected.size()); ++i) REQUIRE(printed[i] == expected[i]);
  CHECK(printed.size() == expected.size());
}

}  // namespace

TEST_CASE("the generated C takes the walker's steps") {
  Random random(21);
  const ManyLayers many = side_by_side(random, 36, [&](int i) {
    constexpr Family families[] = {Family::conv,    Family::linear, Family::max_pool,     Family::table,
                                   Family::norm,    Family::matmul, Family::conv,         Family::linear,
                                   Family::softmax, Family::add,    Family::average_pool, Family::scan};
    return i % 12 == 6 ? accelerated_network(random) : random_network(random, families[i % std::size(families)]);
  });
  check_trace(plan_for_gap9(many.graph, random_configs(random)), many);
}

TEST_CASE("the generated C takes the walker's steps where weights are streamed from L3") {
  Random random(22);
  const ManyLayers many = side_by_side(random, 7, [&](int i) {
    return i < 4 ? linear_network(random, 3, 300, 150) : conv_network(random, {7, 7, 64}, 72, 3, 1);
  });
  PlanOptions options;
  options.l2_limit = 160 * 1024;
  const NetworkProgram program = plan_for_gap9(many.graph, random_configs(random), options);
  REQUIRE(program.l3_bytes > program.l2_constant_bytes);
  check_trace(program, many);
}
