// Random feasible configs over random layers as compiled C: every byte equal to what straight loops compute.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "codegen/golden_sample.hpp"
#include "tests/e2e/compile_support.hpp"
#include "tests/support/synthetic_rows.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// Outputs of acc / 256 around the middle of the clip range: a tie in one of 256, or in one of 32, in both forms alike.
void round_half_even(Requant& r) {
  r.rounding = Rounding::half_even;
  const bool wide = r.form == RequantForm::wide;
  r.pre_shift = wide ? 4 : 0;
  r.shift = wide ? 10 : 8;
  r.tie_width = r.m.size() % 2 ? (wide ? 28 : 7) : 0;
  const int32_t middle = (r.lo + r.hi) / 2;
  for (size_t c = 0; c < r.m.size(); ++c) {
    r.m[c] = wide ? 1 << 30 : 1;  // mulh(acc << 4, 2^30) = 4 acc
    r.B[c] = (middle << r.shift) + (1 << (r.shift - 1));
  }
}

/// Mostly layers with weights: every third of these has ties, and another third asymmetric weights.
ManyLayers random_layers(Random& random, int count) {
  constexpr Family families[] = {Family::conv,     Family::linear,    Family::depthwise,    Family::linear,
                                 Family::conv,     Family::linear,    Family::depthwise,    Family::linear,
                                 Family::max_pool, Family::table,     Family::average_pool, Family::depthwise,
                                 Family::add,      Family::multiply,  Family::rearrange,    Family::rearrange,
                                 Family::norm,     Family::softmax,   Family::matmul,       Family::curve,
                                 Family::norm,     Family::matmul,    Family::add,          Family::scan,
                                 Family::scan,     Family::transform, Family::rotary,       Family::lookup};
  return side_by_side(random, count, [&](int i) {
    const Family family = families[i % std::size(families)];
    const bool wide = i >= static_cast<int>(std::size(families)) &&
                      (family == Family::add || family == Family::average_pool);  // 16-bit tensors
    const bool accelerated = family == Family::conv && i < static_cast<int>(std::size(families));
    LayerGraph one = accelerated ? accelerated_network(random)
                     : wide      ? random_rows(random, family)
                                 : random_network(random, family);
    auto* w = std::get_if<Weighted>(&one.dag[0].op);
    if (w && w->requant.form != RequantForm::raw && i % 3 == 0) round_half_even(w->requant);
    return one;
  });
}

/// What the drawn programs contain, so that a test over them cannot leave something out unnoticed.
struct Coverage {
  int weighted = 0, depthwise = 0, asymmetric = 0;
  std::set<Family> families;
  std::set<RequantForm> forms;
  std::set<Rounding> roundings;
  std::set<int> kernels;
  std::set<uint16_t> axes, copies;
  std::set<size_t> loops;
  int split_reductions = 0;

  void add(const NetworkProgram& program) {
    for (const PlannedGroup& g : program.groups) {
      families.insert(g.group.shape.family);
      loops.insert(g.program.loops.size());
      axes.insert(g.chosen.config[Knob::parallel]);
      copies.insert(g.chosen.config[Knob::buf_w]);
      if (!has_weights(g.group.shape.family)) continue;
      ++weighted;
      depthwise += g.group.shape.family == Family::depthwise;
      asymmetric += g.group.shape.asymmetric();
      forms.insert(g.group.shape.form);
      roundings.insert(g.group.shape.rounding);
      if (g.chosen.config[Knob::kernel] != 0) kernels.insert(g.chosen.config[Knob::kernel]);
      for (const Loop& l : g.program.loops) split_reductions += l.knob == Knob::tile_ci;
    }
  }
};

/// The reference engine's outputs, which are those of straight loops.
void check_reference(const ManyLayers& layers, const NetworkProgram& program) {
  std::vector<TensorData> inputs;
  for (size_t i = 0; i < layers.golden.inputs.size(); ++i) {
    const auto tensor = static_cast<size_t>(layers.graph.inputs[i].tensor);
    inputs.push_back(from_stored_bytes(layers.graph.tensors[tensor].type, layers.golden.inputs[i]));
  }
  CHECK(golden_data(layers.graph, program, inputs).outputs == layers.golden.outputs);
}

struct Case {
  unsigned seed;
  const char *flags, *environment;
};

}  // namespace

TEST_CASE("random configs of random layers are bit-exact as C") {
  Coverage coverage;
  for (const Case& c : {Case{1, "CORE=1", ""}, Case{2, "CORE=3 ENABLE_PERF=1", ""}, Case{3, "CORE=8", ""},
                        Case{4, "CORE=8 SANITIZE=address", ""}, Case{5, "CORE=3 SANITIZE=thread", ""},
                        Case{6, "CORE=8", "ARES_DMA_DELAY=lazy"}, Case{7, "CORE=5", "ARES_DMA_DELAY=random:7"}}) {
    CAPTURE(c.seed);
    Random random(c.seed);
    const ManyLayers layers = random_layers(random, 48);
    const ScratchDirectory scratch;
    const NetworkProgram program = plan_for_gap9(layers.graph, random_configs(random));
    coverage.add(program);
    check_reference(layers, program);
    write_for_gap9(program, layers, scratch.path());
    const CommandResult made = make_project(scratch.path(), std::string(c.flags) + " MINIMAL_OUTPUT=1", c.environment);
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
  CHECK(coverage.weighted >= 100);
  CHECK(coverage.families.size() == 17);
  CHECK(coverage.depthwise >= 25);
  CHECK(coverage.asymmetric >= 10);
  CHECK(coverage.forms.size() == 3);
  CHECK(coverage.roundings.size() == 2);
  CHECK(coverage.kernels.size() == kernel_tilings.size() - 1);  // all but gemm_5x4
  CHECK(coverage.axes.size() >= 3);
  CHECK(coverage.copies.size() == 4);
  CHECK(coverage.loops.size() >= 4);
  CHECK(coverage.split_reductions >= 10);
}

TEST_CASE("weights streamed from L3 are bit-exact as C") {
  Random random(11);
  const ManyLayers layers = side_by_side(random, 8, [&](int i) {
    return i < 5 ? linear_network(random, pick(random, 1, 5), pick(random, 200, 400), 150)
                 : conv_network(random, {9, 9, 64}, 80, 3, 1);
  });
  PlanOptions options;
  options.l2_limit = 200 * 1024;
  for (const char* environment : {"ARES_DMA_DELAY=lazy", "ARES_DMA_DELAY=random:3"}) {
    const NetworkProgram program = plan_for_gap9(layers.graph, random_configs(random), options);
    REQUIRE(program.l3_bytes > program.l2_constant_bytes);
    const ScratchDirectory scratch;
    write_for_gap9(program, layers, scratch.path());
    const CommandResult made = make_project(scratch.path(), "CORE=8 SANITIZE=address MINIMAL_OUTPUT=1", environment);
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
}

TEST_CASE("random configs of random layers are bit-exact on RISC-V") {
  for (const char* platform : {"qemu", "gvsoc"}) {
    if (!have_platform(platform)) {
      MESSAGE("nothing to run platform=" << std::string(platform) << " with: not checked");
      continue;
    }
    CAPTURE(platform);
    for (const unsigned seed : {11u, 12u}) {
      CAPTURE(seed);
      Random random(seed);
      const ManyLayers layers = random_layers(random, 48);
      const ScratchDirectory scratch;
      write_for_gap9(plan_for_gap9(layers.graph, random_configs(random)), layers, scratch.path());
      const CommandResult made = make_project_on(platform, scratch.path(), "MINIMAL_OUTPUT=1");
      INFO(made.text);
      CHECK(made.status == 0);
      CHECK(made.says("Test PASSED"));
    }
  }
}
