// Kernel formulas against rates measured in L1 on the simulated cluster: 8 workers, narrow requantisation, fork, join
// and stores included, warm, of the runtime's kernels (runtime/README.md). The formulas count instructions; the
// measured rates are independent data, and any row is within 10 %.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "core/target/target.hpp"
#include "cost_models/kernel_cycles.hpp"
#include "tests/support/paper_cases.hpp"

using namespace ares;

namespace {

struct Row {
  const char* what;
  Kernel kernel;
  KernelTile tile;
  double work;      ///< multiply-accumulates, or elements
  double measured;  ///< work per cycle, or cycles per element
  bool per_element = false;
};

uint8_t tiling(std::string_view name) {
  for (size_t i = 0; i < kernel_tilings.size(); ++i)
    if (kernel_tilings[i].name == name) return static_cast<uint8_t>(i + 1);
  REQUIRE_MESSAGE(false, name);
  return 0;
}

Kernel kernel(KernelKind kind, std::string_view tiling_name, ParallelAxis axis, int16_t window, int16_t stride,
              int32_t c_in) {
  Kernel k;
  k.kind = kind;
  k.tiling = tiling_name.empty() ? uint8_t{0} : tiling(tiling_name);
  k.parallel = axis;
  k.window.kh = k.window.kw = window;
  k.window.sh = k.window.sw = stride;
  k.reduction.whole = c_in;
  k.columns.whole = 16;  // more than one
  return k;
}

/// A convolution over a tile of rows x columns outputs.
Row conv(const char* what, std::string_view name, int16_t window, int16_t stride, KernelTile t, double measured) {
  const double macs = double(t.rows) * t.columns * t.channels * t.reduction * window * window;
  return {what, kernel(KernelKind::conv, name, ParallelAxis::rows, window, stride, t.reduction), t, macs, measured};
}

double cycles(const Row& r, const Target& t) {
  return KernelFormula(r.kernel, t, t.cores.count)(r.tile) + call_overhead(t.cores);
}

std::vector<Row> rows() {
  std::vector<Row> all{
      conv("pointwise 64->64, 4x4", "gemm_4x4", 1, 1, {16, 16, 64, 64}, 15.6),
      conv("pointwise 128->64, 4x4", "gemm_4x4", 1, 1, {16, 16, 64, 128}, 17.4),
      conv("pointwise 256->64, 4x4", "gemm_4x4", 1, 1, {8, 8, 64, 256}, 19.0),
      conv("3x3 64->64, 2 channels x 8 pixels", "slide_2x8", 3, 1, {8, 16, 64, 64}, 21.7),
      conv("3x3 64->64, asked for 4x4", "slide_4x4", 3, 1, {8, 16, 64, 64}, 21.7),
      conv("3x3 32->32, 2 channels x 8 pixels", "slide_2x8", 3, 1, {16, 16, 32, 32}, 20.0),
      conv("3x3 16->16, 2 channels x 8 pixels", "slide_2x8", 3, 1, {16, 16, 16, 16}, 16.6),
      conv("3x3 64->64, im2col 4x4", "im2col_4x4", 3, 1, {8, 16, 64, 64}, 17.1),
      conv("3x3 stride 2 64->64, 4x4", "slide_4x4", 3, 2, {8, 8, 64, 64}, 20.1),
  };
  all.push_back({"GEMM 64x64x64, 4x2", kernel(KernelKind::linear, "gemm_4x2", ParallelAxis::pixels, 1, 1, 64),
                 KernelTile{1, 64, 64, 64}, 64.0 * 64 * 64, 11.8});
  all.push_back({"GEMM 64x64x64, 4x4", kernel(KernelKind::linear, "gemm_4x4", ParallelAxis::pixels, 1, 1, 64),
                 KernelTile{1, 64, 64, 64}, 64.0 * 64 * 64, 14.4});
  all.push_back({"max pool 2x2, per output", kernel(KernelKind::max_pool, "", ParallelAxis::rows, 2, 2, 64),
                 KernelTile{16, 16, 64, 1}, 16.0 * 16 * 64, 0.28, true});
  all.push_back({"table, per element", kernel(KernelKind::table, "", ParallelAxis::channels, 1, 1, 1),
                 KernelTile{1, 1, 8192, 1}, 8192, 0.42, true});
  Row depthwise{"depthwise 3x3, planes", kernel(KernelKind::depthwise, "", ParallelAxis::channels, 3, 1, 1),
                KernelTile{16, 16, 64, 1}, 16.0 * 16 * 64 * 9, 8.53};
  depthwise.kernel.planar_in = depthwise.kernel.planar_out = true;
  all.push_back(depthwise);
  return all;
}

}  // namespace

TEST_CASE("kernel formulas reproduce the rates measured in L1") {
  const Target gap9 = test::hand_written_gap9();
  for (const Row& r : rows()) {
    const double c = cycles(r, gap9);
    const double rate = r.per_element ? c / r.work : r.work / c;
    INFO(std::string(r.what), ": formula ", rate, ", measured ", r.measured);
    CHECK(std::abs(rate / r.measured - 1) < 0.10);
  }
}

TEST_CASE("requantisation: each form and rounding costs what its instructions cost") {
  const CoreParams c = test::hand_written_gap9().cores;
  const double narrow = requant_cycles(RequantForm::narrow, Rounding::half_up, c);
  CHECK(narrow == c.requant_narrow);
  CHECK(requant_cycles(RequantForm::narrow, Rounding::half_even, c) == narrow + c.half_even);
  CHECK(requant_cycles(RequantForm::wide, Rounding::half_up, c) == c.requant_wide + c.mulh);
  CHECK(requant_cycles(RequantForm::raw, Rounding::half_even, c) < narrow);
}

TEST_CASE("a remainder register tile costs its own loads and products") {
  const Target gap9 = test::hand_written_gap9();
  const KernelFormula f(kernel(KernelKind::conv, "gemm_4x4", ParallelAxis::channels, 1, 1, 64), gap9, 1);
  const auto at = [&](int32_t pixels, int32_t channels) { return f(KernelTile{1, pixels, channels, 64}); };
  CHECK(at(5, 4) > at(4, 4));
  CHECK(at(8, 4) < 2 * at(4, 4));
  const double words = 16;
  const double one = words * (4 + 1 + 4) + 4 * gap9.cores.requant_narrow;  // 4 channels x 1 pixel
  CHECK(at(5, 4) - at(4, 4) > one * gap9.cores.contention);
}

TEST_CASE("padding is filled by all workers before a barrier") {
  const Target gap9 = test::hand_written_gap9();
  const KernelFormula f(kernel(KernelKind::conv, "slide_2x8", ParallelAxis::rows, 3, 1, 16), gap9, 8);
  KernelTile t{8, 8, 16, 16};
  const double without = f(t);
  t.padding_bytes = 10 * 16;
  CHECK(f(t) - without == doctest::Approx(padded_byte * 10 * 16 / 8 + gap9.cores.barrier));
}

TEST_CASE("kernel formulas never get slower with more workers or faster loads") {
  Target t = test::hand_written_gap9();
  for (const Row& r : rows()) {
    double before = 0;
    for (int cores = 1; cores <= 16; ++cores) {
      const double now = KernelFormula(r.kernel, t, cores)(r.tile);
      INFO(std::string(r.what), " on ", cores);
      CHECK((before == 0 || now <= before));
      before = now;
    }
    Target slow = t;
    slow.cores.l1_latency = 2;
    CHECK(KernelFormula(r.kernel, slow, 8)(r.tile) >= KernelFormula(r.kernel, t, 8)(r.tile));
  }
}

TEST_CASE("no tile beats the least cycles per output") {
  const Target t = test::hand_written_gap9();
  for (const Row& r : rows()) {
    if (r.kernel.kind == KernelKind::depthwise) continue;
    for (int cores : {1, 3, 8}) {
      const KernelFormula f(r.kernel, t, cores);
      INFO(std::string(r.what));
      CHECK(f.least(r.tile) <= f(r.tile) * (1 + 1e-12));
    }
  }
}

TEST_CASE("means of shares give the mean of the cycles") {
  const Target t = test::hand_written_gap9();
  for (const Row& r : rows()) {
    if (r.kernel.kind == KernelKind::depthwise || r.kernel.kind == KernelKind::table) continue;
    const KernelFormula f(r.kernel, t, 8);
    const KernelFormula::Share p0 = f.pixel_share(7, 13), p1 = f.pixel_share(3, 5);
    const KernelFormula::Share c0 = f.channel_share(40), c1 = f.channel_share(9);
    const auto cycles_of = [&](const auto& p, const auto& c) { return f.cycles(p, c, r.tile.reduction, true, true); };
    const double mean = (cycles_of(p0, c0) + cycles_of(p0, c1) + cycles_of(p1, c0) + cycles_of(p1, c1)) / 4;
    KernelFormula::Share p, c;
    for (const auto& one : {p0, p1}) p.add(0.5, one);
    for (const auto& one : {c0, c1}) c.add(0.5, one);
    CHECK(cycles_of(p, c) == doctest::Approx(mean));
  }
}
