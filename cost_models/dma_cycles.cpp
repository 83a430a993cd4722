#include "cost_models/dma_cycles.hpp"

#include <algorithm>

#include "core/tile/state.hpp"

namespace ares {

CopyCost dma_cost(const DmaShape& shape, bool into_l1, double issue, const DmaParams& dma) {
  constexpr int64_t beat_bytes = 8;  // rows that are no multiple of it leave a beat partly empty
  CopyCost cost;
  if (shape.commands == 0) return cost;
  cost.commands = shape.commands;
  cost.issue = issue;
  cost.setup = shape.rows > 1 ? dma.setup_2d : dma.setup_1d;
  const double rate = into_l1 ? dma.bytes_per_cycle_in : dma.bytes_per_cycle_out;
  const double loss = shape.row_bytes % beat_bytes != 0 ? dma.unaligned_row : 0;
  const double row = std::max(1.0, static_cast<double>(shape.row_bytes) / rate + loss);
  cost.occupancy = row * shape.rows;
  const int64_t bytes = shape.row_bytes * shape.rows;
  if (bytes > dma.max_bytes) {
    const auto pieces = static_cast<int32_t>((bytes + dma.max_bytes - 1) / dma.max_bytes);
    cost.commands *= pieces;
    cost.occupancy /= pieces;
  }
  cost.tail = dma.latency + std::min(cost.occupancy - 1, dma.fill);
  return cost;
}

CopyCost l3_cost(const DmaShape& shape, bool from_l3, const L3Params& l3) {
  CopyCost cost;
  if (shape.commands == 0) return cost;
  const double rate = from_l3 ? l3.bytes_per_cycle_read : l3.bytes_per_cycle_write;
  cost.commands = shape.commands * shape.rows;
  cost.setup = l3.setup;
  cost.occupancy = l3.latency + static_cast<double>(shape.row_bytes) / rate;
  return cost;
}

double issue_cycles(const TileProgram& program, OperationId copy, const DmaParams& dma) {
  return happens_once(program, copy) ? dma.issue_known : dma.issue;
}

double start_cycles(const TileProgram& program, const Target& target) {
  if (target.cores.group_start == 0) return 0;
  return target.cores.group_start + state_bytes(program) / target.dma.bytes_per_cycle_in;
}

CopyCost copy_cost(const TileProgram& program, OperationId index, const DmaShape& shape, const Target& target) {
  const Copy& copy = std::get<Copy>(program.operations[static_cast<size_t>(index)].what);
  if (copy.from == Level::l3 || copy.to == Level::l3) return l3_cost(shape, copy.from == Level::l3, target.l3);
  return dma_cost(shape, copy.to == Level::l1, issue_cycles(program, index, target.dma), target.dma);
}

}  // namespace ares
