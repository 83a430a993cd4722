#include "tests/support/paper_cases.hpp"

#include <stdexcept>

namespace ares::test {

BufferId ProgramBuilder::add(uint32_t bytes, uint8_t copies, bool per_core, bool carried) {
  Buffer b;
  b.bytes = bytes;
  b.copies = copies;
  b.per_core = per_core;
  b.carried = carried;
  b.offset = p_.l1_bytes;
  p_.l1_bytes += pitch_of(b) * (per_core ? static_cast<uint32_t>(p_.cores) : copies);
  p_.buffers.push_back(b);
  return static_cast<BufferId>(p_.buffers.size() - 1);
}

BufferId ProgramBuilder::buffer(uint32_t bytes, uint8_t copies) { return add(bytes, copies, false, false); }
BufferId ProgramBuilder::carried(uint32_t bytes) { return add(bytes, 1, false, true); }
BufferId ProgramBuilder::per_core(uint32_t bytes) { return add(bytes, 1, true, false); }

LoopId ProgramBuilder::loop(Knob knob, int32_t extent, int32_t tile, LoopId parent) {
  p_.loops.push_back({knob, parent, extent, tile});
  return static_cast<LoopId>(p_.loops.size() - 1);
}

TileOperation& ProgramBuilder::add(uint8_t depth, Phase phase) {
  TileOperation& op = p_.operations.emplace_back();
  op.depth = depth;
  op.phase = phase;
  return op;
}

OperationId ProgramBuilder::load(uint8_t depth, Operand operand, BufferId buffer, const Region& r) {
  add(depth, Phase::before).what = Copy{Level::l2, Level::l1, operand, buffer, none, false, false, false, r};
  return upcoming(-1);
}

OperationId ProgramBuilder::store(uint8_t depth, BufferId buffer, const Region& r) {
  add(depth, Phase::after).what = Copy{Level::l1, Level::l2, Operand::output, buffer, none, false, false, false, r};
  return upcoming(-1);
}

OperationId ProgramBuilder::kernel(uint8_t depth, const Kernel& k) {
  add(depth, Phase::before).what = k;
  return upcoming(-1);
}

OperationId ProgramBuilder::job(uint8_t depth, const Job& j) {
  add(depth, Phase::before).what = j;
  return upcoming(-1);
}

OperationId ProgramBuilder::wait(uint8_t depth, OperationId operation) {
  add(depth, Phase::before).what = Wait{operation};
  return upcoming(-1);
}

Extent all(int32_t n) { return {none, n, 1, 1}; }
Extent by(LoopId loop, int16_t scale, int16_t halo) { return {loop, 1, scale, halo}; }

Region region(RegionDim d0, RegionDim d1, RegionDim d2, int32_t pitch0, int32_t pitch1) {
  return {{d0, d1, d2}, {pitch0, pitch1}};
}

namespace {

Window square(int16_t kernel, int16_t stride) { return {kernel, kernel, stride, stride, 1, 1, 0, 0, 0, 0}; }

/// `bytes` contiguous bytes.
Region flat(int32_t bytes) { return region({all(1), 1, 0}, {all(1), 1, 0}, {all(bytes), bytes, 0}, bytes, bytes); }

/// `count` items of `bytes` bytes each, in steps of a loop.
Region items(LoopId loop, int32_t count, int32_t bytes) {
  return region({by(loop), count, 0}, {all(1), 1, 0}, {all(bytes), bytes, 0}, bytes, bytes);
}

uint8_t tiling(std::string_view name) {
  for (size_t i = 0; i < kernel_tilings.size(); ++i)
    if (kernel_tilings[i].name == name) return static_cast<uint8_t>(i + 1);
  throw std::logic_error("no such kernel tiling");
}

}  // namespace

/// 14x14x32, convolution 3x3 pad 1 to 64 channels, max pool 2x2: tiles of 2 rows of the pool's output and 32 channels.
TileProgram conv_with_fused_pool() {
  ProgramBuilder b;
  const LoopId co = b.loop(Knob::tile_co, 64, 32), h = b.loop(Knob::tile_h, 7, 2);
  const BufferId in = b.buffer(6 * 16 * 32, 2), weights = b.buffer(32 * 288, 2), params = b.buffer(32 * 8, 2);
  const BufferId middle = b.buffer(4 * 14 * 32), out = b.buffer(2 * 7 * 32, 2);
  const OperationId w = b.load(1, Operand::weights, weights, items(co, 64, 288));
  const OperationId m = b.load(1, Operand::params, params, items(co, 64, 8));
  const OperationId x =
      b.load(2, Operand::input, in,
             region({by(h, 2, 4), 14, -1}, {Extent{none, 14, 1, 3}, 14, -1}, {all(32), 32, 0}, 14 * 32, 32));
  for (const OperationId op : {w, m, x}) b.wait(op == x ? 2 : 1, op);
  b.wait(2, b.upcoming(3));
  Kernel conv;
  conv.kind = KernelKind::conv;
  conv.tiling = tiling("slide_2x8");
  conv.parallel = ParallelAxis::pixels;
  conv.in = in;
  conv.weights = weights;
  conv.params = params;
  conv.out = middle;
  conv.input_copy = x;
  conv.rows = by(h, 2, 2);
  conv.columns = all(14);
  conv.channels = by(co);
  conv.reduction = all(32);
  conv.channel_bytes = 288;
  conv.window = square(3, 1);
  b.kernel(2, conv);
  Kernel pool;
  pool.kind = KernelKind::max_pool;
  pool.parallel = ParallelAxis::pixels;
  pool.in = middle;
  pool.out = out;
  pool.rows = by(h);
  pool.columns = all(7);
  pool.channels = by(co);
  pool.window = square(2, 2);
  b.kernel(2, pool);
  b.store(2, out, region({by(h), 7, 0}, {all(7), 7, 0}, {by(co), 64, 0}, 7 * 64, 64));
  return b.done();
}

/// 196 queries in tiles of 32 against 196 keys in tiles of 56, one head of 64 features.
TileProgram attention_with_running_maximum() {
  ProgramBuilder b;
  const LoopId q = b.loop(Knob::tile_h, 196, 32), k = b.loop(Knob::tile_ci, 196, 56);
  const BufferId queries = b.buffer(32 * 64, 2), keys = b.buffer(56 * 64, 2), values = b.buffer(56 * 64, 2);
  const BufferId state = b.carried(32 * (64 + 2) * 4), scores = b.per_core(4 * 56 * 4), out = b.buffer(32 * 64, 2);
  const OperationId load_q = b.load(1, Operand::input, queries, items(q, 196, 64));
  const OperationId load_k = b.load(2, Operand::input2, keys, items(k, 196, 64));
  const OperationId load_v = b.load(2, Operand::input3, values, items(k, 196, 64));
  b.wait(1, load_q);
  b.wait(1, b.upcoming(4));
  b.wait(2, load_k);
  b.wait(2, load_v);
  Kernel a;
  a.kind = KernelKind::attention;
  a.parallel = ParallelAxis::rows;
  a.in = queries;
  a.weights = keys;
  a.params = values;
  a.out = out;
  a.accumulators = state;
  a.scratch = scores;
  a.rows = by(q);
  a.reduction = by(k);
  a.channels = all(64);
  b.kernel(2, a);
  b.store(1, out, items(q, 196, 64));
  return b.done();
}

/// 128 channels in tiles of 32 over 256 time steps in tiles of 64, 16 states per channel.
TileProgram scan_with_carried_state() {
  ProgramBuilder b;
  const LoopId c = b.loop(Knob::tile_co, 128, 32), t = b.loop(Knob::tile_ci, 256, 64);
  const BufferId constants = b.buffer(32 * 18), x = b.buffer(64 * 32, 2), coefficients = b.buffer(64 * 32, 2);
  const BufferId state = b.carried(32 * 16 * 4), out = b.buffer(64 * 32, 2);
  const Region tile = region({by(t), 256, 0}, {all(1), 1, 0}, {by(c), 128, 0}, 128, 128);
  const OperationId load_constants = b.load(1, Operand::weights, constants, items(c, 128, 18));
  const OperationId load_x = b.load(2, Operand::input, x, tile);
  const OperationId load_coefficients = b.load(2, Operand::input2, coefficients, items(t, 256, 32));
  b.wait(1, load_constants);
  b.wait(2, load_x);
  b.wait(2, load_coefficients);
  b.wait(2, b.upcoming(2));
  Kernel s;
  s.kind = KernelKind::scan;
  s.parallel = ParallelAxis::channels;
  s.in = x;
  s.weights = constants;
  s.params = coefficients;
  s.out = out;
  s.accumulators = state;
  s.channels = by(c);
  s.columns = all(16);
  s.reduction = by(t);
  b.kernel(2, s);
  b.store(2, out, tile);
  return b.done();
}

/// 16x16x32 -> 8x8x64, 3x3 stride 2: tiles of 2 rows and 32 channels, each of 4 jobs; the cluster requantises tile i
/// while the accelerator computes tile i + 1.
TileProgram strided_jobs_with_cluster_requantisation() {
  ProgramBuilder b;
  const LoopId h = b.loop(Knob::tile_h, 8, 2), co = b.loop(Knob::tile_co, 64, 32);
  const BufferId in = b.buffer(5 * 16 * 32, 3), weights = b.buffer(32 * 288, 3), params = b.buffer(64 * 8);
  const BufferId sums = b.buffer(2 * 8 * 32 * 4, 2), out = b.buffer(2 * 8 * 32, 2);
  const OperationId load_params = b.load(0, Operand::params, params, flat(64 * 8));
  const OperationId load_in =
      b.load(1, Operand::input, in, region({by(h, 2, 3), 16, -1}, {all(16), 16, 0}, {all(32), 32, 0}, 16 * 32, 32));
  const OperationId load_weights = b.load(2, Operand::weights, weights, items(co, 64, 288));
  b.wait(0, load_params);
  b.wait(1, load_in);
  b.wait(2, load_weights);
  Job j;
  j.kind = JobKind::conv3x3;
  j.stride = 2;
  j.out_bits = 32;
  j.run_ahead = 1;
  j.in = in;
  j.weights = weights;
  j.out = sums;
  j.input_copy = load_in;
  j.rows = by(h);
  j.columns = all(8);
  j.channels = by(co);
  j.reduction = all(32);
  const OperationId job = b.job(2, j);
  b.wait(2, job);
  b.wait(2, b.upcoming(2));
  Kernel r;
  r.kind = KernelKind::requant;
  r.form = RequantForm::wide;
  r.parallel = ParallelAxis::pixels;
  r.in = sums;
  r.params = params;
  r.out = out;
  r.rows = by(h);
  r.columns = all(8);
  r.channels = by(co);
  b.kernel(2, r);
  b.store(2, out, region({by(h), 8, 0}, {all(8), 8, 0}, {by(co), 64, 0}, 8 * 64, 64));
  return b.done();
}

TileProgram linear_streamed_from_l3() {
  GroupShape s;
  s.family = Family::linear;
  s.in = {1, 1, 1024};
  s.out = {1, 1, 512};
  Context c;
  c.weights = Level::l3;
  c.l1_bytes = 100 * 1024;
  c.l2_staging = 256 * 1024;
  Config config;
  config[Knob::tile_w] = 1;
  config[Knob::tile_co] = 32;
  config[Knob::tile_ci] = 1024;
  config[Knob::tile_l2] = 112;
  config[Knob::buf_in] = config[Knob::buf_out] = 1;
  config[Knob::buf_w] = config[Knob::buf_l2] = 2;
  config[Knob::order] = static_cast<uint16_t>(LoopOrder::channels_outer);
  config[Knob::kernel] = tiling("gemm_8x1");
  config[Knob::parallel] = static_cast<uint16_t>(ParallelAxis::channels);
  TileProgram p;
  if (!lower_into(s, config, c, p)) throw std::logic_error("the streamed linear layer does not fit");
  return p;
}

std::vector<PaperCase> paper_cases() {
  return {{"convolution with fused max pool", conv_with_fused_pool()},
          {"attention with running maximum and sum", attention_with_running_maximum()},
          {"scan with carried state", scan_with_carried_state()},
          {"strided accelerator jobs with cluster requantisation", strided_jobs_with_cluster_requantisation()},
          {"linear layer streamed from L3", linear_streamed_from_l3()}};
}

}  // namespace ares::test
