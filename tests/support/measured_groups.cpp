// Programs of groups, transfers and jobs whose cycles were measured; see paper_cases.hpp.
#include "tests/support/paper_cases.hpp"

namespace ares::test {
namespace {

Region flat(int32_t bytes) { return region({all(1), 1, 0}, {all(1), 1, 0}, {all(bytes), bytes, 0}, bytes, bytes); }

Kernel depthwise_kernel(bool planar_out) {
  Kernel k;
  k.kind = KernelKind::depthwise;
  k.parallel = ParallelAxis::channels;
  k.planar_in = true;
  k.planar_out = planar_out;
  k.window = {3, 3, 1, 1, 1, 1, 0, 0, 0, 0};
  k.rows = k.columns = all(32);
  return k;
}

}  // namespace

TileProgram depthwise_planar() {
  ProgramBuilder b;
  const LoopId c = b.loop(Knob::tile_co, 64, 8);
  const BufferId in = b.buffer(8 * 1024, 2), weights = b.buffer(64 * 12), params = b.buffer(64 * 8);
  const BufferId out = b.buffer(8 * 1024, 2);
  const Region planes = region({by(c), 64, 0}, {all(1), 1, 0}, {all(1024), 1024, 0}, 1024, 1024);
  const OperationId load_weights = b.load(0, Operand::weights, weights, flat(64 * 12));
  const OperationId load_params = b.load(0, Operand::params, params, flat(64 * 8));
  const OperationId load_in = b.load(1, Operand::input, in, planes);
  b.wait(0, load_weights);
  b.wait(0, load_params);
  b.wait(1, load_in);
  b.wait(1, b.upcoming(2));
  Kernel k = depthwise_kernel(true);
  k.in = in;
  k.weights = weights;
  k.params = params;
  k.out = out;
  k.channels = by(c);
  b.kernel(1, k);
  b.store(1, out, planes);
  return b.done();
}

TileProgram depthwise_planar_to_hwc() {
  ProgramBuilder b;
  const LoopId h = b.loop(Knob::tile_h, 32, 4);
  const BufferId in = b.buffer(64 * 6 * 32, 2), weights = b.buffer(64 * 12), params = b.buffer(64 * 8);
  const BufferId out = b.buffer(4 * 32 * 64, 2);
  const OperationId load_weights = b.load(0, Operand::weights, weights, flat(64 * 12));
  const OperationId load_params = b.load(0, Operand::params, params, flat(64 * 8));
  const OperationId load_in =
      b.load(1, Operand::input, in, region({all(64), 64, 0}, {by(h, 1, 3), 32, -1}, {all(32), 32, 0}, 1024, 32));
  b.wait(0, load_weights);
  b.wait(0, load_params);
  b.wait(1, load_in);
  b.wait(1, b.upcoming(2));
  Kernel k = depthwise_kernel(false);
  k.in = in;
  k.weights = weights;
  k.params = params;
  k.out = out;
  k.rows = by(h);
  k.channels = all(64);
  b.kernel(1, k);
  b.store(1, out, region({by(h), 32, 0}, {all(32), 32, 0}, {all(64), 64, 0}, 32 * 64, 64));
  return b.done();
}

TileProgram ne16_conv(JobKind kind) {
  const bool dense = kind == JobKind::conv3x3;
  const int32_t weight_bytes = 64 * 4 * 8 * (dense ? 9 : 1) * 2;
  ProgramBuilder b;
  const LoopId h = b.loop(Knob::tile_h, 32, 6);
  const BufferId in = b.buffer(8 * 32 * 64, 2), weights = b.buffer(static_cast<uint32_t>(weight_bytes));
  const BufferId params = b.buffer(64 * 5), out = b.buffer(6 * 32 * 64, 2);
  const OperationId load_weights = b.load(0, Operand::weights, weights, flat(weight_bytes));
  const OperationId load_params = b.load(0, Operand::params, params, flat(64 * 5));
  const RegionDim rows = dense ? RegionDim{by(h, 1, 3), 32, -1} : RegionDim{by(h), 32, 0};
  const OperationId load_in =
      b.load(1, Operand::input, in, region(rows, {all(32), 32, 0}, {all(64), 64, 0}, 32 * 64, 64));
  b.wait(0, load_weights);
  b.wait(0, load_params);
  b.wait(1, load_in);
  b.wait(1, b.upcoming(3));
  Job j;
  j.kind = kind;
  j.scale_bits = 8;
  j.in = in;
  j.weights = weights;
  j.params = params;
  j.out = out;
  j.input_copy = load_in;
  j.rows = by(h);
  j.columns = all(32);
  j.channels = j.reduction = all(64);
  const OperationId job = b.job(1, j);
  b.wait(1, job);
  b.store(1, out, region({by(h), 32, 0}, {all(32), 32, 0}, {all(64), 64, 0}, 32 * 64, 64));
  return b.done();
}

TileProgram attention_fused() {
  ProgramBuilder b;
  const LoopId head = b.loop(Knob::tile_co, 128, 64);
  const uint32_t bytes = 196 * 64;
  const BufferId queries = b.buffer(bytes, 2), keys = b.buffer(bytes, 2), values = b.buffer(bytes, 2);
  const BufferId scores = b.per_core(800), out = b.buffer(bytes, 1);
  const Region features = region({all(196), 196, 0}, {all(1), 1, 0}, {by(head), 128, 0}, 128, 128);
  const OperationId load_q = b.load(1, Operand::input, queries, features);
  const OperationId load_k = b.load(1, Operand::input2, keys, features);
  const OperationId load_v = b.load(1, Operand::input3, values, features);
  for (const OperationId op : {load_q, load_k, load_v}) b.wait(1, op);
  b.wait(1, b.upcoming(2));
  Kernel a;
  a.kind = KernelKind::attention;
  a.parallel = ParallelAxis::rows;
  a.in = queries;
  a.weights = keys;
  a.params = values;
  a.out = out;
  a.scratch = scores;
  a.rows = a.reduction = all(196);
  a.channels = by(head);
  b.kernel(1, a);
  b.store(1, out, features);
  return b.done();
}

TileProgram single_copy(bool into_l1, int32_t rows, int32_t row_bytes, int32_t stride, int times) {
  ProgramBuilder b;
  const Region r = region({all(rows), rows, 0}, {all(1), 1, 0}, {all(row_bytes), row_bytes, 0}, stride, stride);
  std::vector<OperationId> copies;
  for (int i = 0; i < times; ++i) {
    const BufferId buffer = b.buffer(static_cast<uint32_t>(rows * row_bytes));
    copies.push_back(into_l1 ? b.load(0, Operand::input, buffer, r) : b.store(0, buffer, r));
  }
  if (into_l1)
    for (const OperationId op : copies) b.wait(0, op);
  return b.done();
}

TileProgram copies_both_ways(int32_t bytes) {
  ProgramBuilder b;
  const BufferId in = b.buffer(static_cast<uint32_t>(bytes)), out = b.buffer(static_cast<uint32_t>(bytes));
  TileProgram p = [&] {
    b.load(0, Operand::input, in, flat(bytes));
    b.store(0, out, flat(bytes));
    return b.done();
  }();
  return p;
}

TileProgram single_job(const Job& job, int32_t rows, int32_t columns, int32_t channels, int32_t reduction) {
  ProgramBuilder b;
  Job j = job;
  j.out = b.buffer(16);
  j.rows = all(rows);
  j.columns = all(columns);
  j.channels = all(channels);
  j.reduction = all(reduction);
  const OperationId op = b.job(0, j);
  b.wait(0, op);
  return b.done();
}

}  // namespace ares::test
