#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/lower/lower.hpp"
#include "core/tile/walker.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

GroupShape linear_shape(int32_t tokens, int32_t in, int32_t out) {
  GroupShape s;
  s.family = Family::linear;
  s.in = {1, tokens, in};
  s.out = {1, tokens, out};
  return s;
}

Config linear_config(uint16_t tokens, uint16_t co, uint16_t ci) {
  Config c;
  c[Knob::tile_w] = tokens;
  c[Knob::tile_co] = co;
  c[Knob::tile_ci] = ci;
  c[Knob::buf_in] = c[Knob::buf_w] = c[Knob::buf_out] = 1;
  c[Knob::kernel] = 1;
  c[Knob::parallel] = static_cast<uint16_t>(ParallelAxis::channels);
  c[Knob::order] = static_cast<uint16_t>(LoopOrder::channels_outer);
  return c;
}

/// Steps as short words: i = issue, w = wait, r = run, then operand or k, then the instance.
std::string steps_of(const TileProgram& p) {
  std::string text;
  walk(p, [&](const Step& s) {
    const auto& what = p.operations[static_cast<size_t>(s.operation)].what;
    const auto* copy = std::get_if<Copy>(&what);
    const char* name = copy ? (copy->operand == Operand::weights  ? "W"
                               : copy->operand == Operand::params ? "P"
                               : copy->operand == Operand::input  ? "I"
                                                                  : "O")
                            : "K";
    const std::string far = copy && copy->from == Level::l3 ? "3" : "";
    text += fmt::format("{}{}{}{} ", "iwr"[static_cast<size_t>(s.kind)], name, far, s.instance);
  });
  return text;
}

Region rows_of(int32_t rows, int32_t columns, int32_t bytes, int32_t tensor_columns, int32_t tensor_bytes) {
  Region r;
  r.dims = {RegionDim{{none, rows}, rows, 0}, RegionDim{{none, columns}, columns, 0},
            RegionDim{{none, bytes}, bytes, 0}};
  r.pitch = {tensor_columns * tensor_bytes, tensor_bytes};
  return r;
}

DmaShape shape_of(const Region& r) { return dma_shape(r, resolve(r, Position{})); }

}  // namespace

TEST_CASE("single buffers: load, wait, run, store") {
  const auto p = lower(linear_shape(1, 16, 8), linear_config(1, 4, 16), l2_context(4096));
  REQUIRE(p);
  CHECK(steps_of(*p) == "iI0 wI0 iW0 iP0 wW0 wP0 rK0 iO0 iW1 iP1 wW1 wP1 wO0 rK1 iO1 wO1 ");
}

TEST_CASE("double buffers run one instance ahead") {
  Config c = linear_config(1, 4, 16);
  c[Knob::buf_w] = c[Knob::buf_out] = 2;
  const auto p = lower(linear_shape(1, 16, 12), c, l2_context(4096));
  REQUIRE(p);
  CHECK(steps_of(*p) == "iW0 iP0 iI0 wI0 iW1 iP1 wW0 wP0 rK0 iO0 iW2 iP2 wW1 wP1 rK1 iO1 wW2 wP2 wO0 rK2 iO2 wO2 ");
}

TEST_CASE("a split reduction stores once per output tile") {
  const auto p = lower(linear_shape(1, 32, 4), linear_config(1, 4, 16), l2_context(4096));
  REQUIRE(p);
  CHECK(steps_of(*p) == "iP0 wP0 iW0 iI0 wW0 wI0 rK0 iW1 iI1 wW1 wI1 rK1 iO0 wO0 ");
}

TEST_CASE("streamed weights: L1 loads wait for the chunk they read") {
  Context ctx = l2_context(4096);
  ctx.weights = Level::l3;
  ctx.l2_staging = 4096;
  Config c = linear_config(1, 4, 16);
  c[Knob::buf_w] = 2;
  c[Knob::tile_l2] = 8;
  c[Knob::buf_l2] = 2;
  const auto p = lower(linear_shape(1, 16, 12), c, ctx);
  REQUIRE(p);
  CHECK(steps_of(*p) ==
        "iW30 iP30 wW30 iW0 wP30 iP0 iI0 wI0 iW31 iP31 iW1 iP1 wW0 wP0 rK0 iO0 "
        "wW31 iW2 wP31 iP2 wW1 wP1 wO0 rK1 iO1 wW2 wP2 wO1 rK2 iO2 wO2 ");
}

TEST_CASE("regions clip at the tensor's border and report the padding") {
  Region r;
  Extent rows{0, 8, 1, 3};
  r.dims = {RegionDim{rows, 8, -1}, RegionDim{{none, 4}, 4, 0}, RegionDim{{none, 2}, 2, 0}};
  r.pitch = {8, 2};
  Position at{};
  at[0] = {0, 0, 4, false};
  Box b = resolve(r, at);
  CHECK(b.begin[0] == 0);
  CHECK(b.size[0] == 5);
  CHECK(b.pad_before[0] == 1);
  CHECK(b.pad_after[0] == 0);
  at[0] = {1, 4, 4, true};
  b = resolve(r, at);
  CHECK(b.begin[0] == 3);
  CHECK(b.size[0] == 5);
  CHECK(b.pad_before[0] == 0);
  CHECK(b.pad_after[0] == 1);
}

TEST_CASE("boxes become the fewest DMA commands") {
  const auto is = [](DmaShape s, int32_t commands, int32_t rows, int64_t bytes) {
    return s.commands == commands && s.rows == rows && s.row_bytes == bytes;
  };
  CHECK(is(shape_of(rows_of(4, 6, 8, 6, 8)), 1, 1, 192));
  CHECK(is(shape_of(rows_of(4, 3, 8, 6, 8)), 1, 4, 24));
  CHECK(is(shape_of(rows_of(4, 6, 4, 6, 8)), 1, 24, 4));
  CHECK(is(shape_of(rows_of(4, 3, 4, 6, 8)), 4, 3, 4));
  Region padded = rows_of(4, 6, 8, 6, 8);
  padded.dims[1].units.halo = 3;
  padded.dims[1].offset = -1;
  CHECK(is(shape_of(padded), 4, 1, 48));
}
