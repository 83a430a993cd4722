#include "core/tile/state.hpp"

namespace ares {
namespace {

// Of the structs of runtime/tile and runtime/kernels; those of kernels' arguments are typical.
constexpr uint32_t nest_bytes = 168, load_bytes = 372, store_bytes = 228, once_bytes = 52, ahead_bytes = 156,
                   kernel_bytes = 120, job_bytes = 300;

uint32_t bytes_of(const TileProgram& program, OperationId index) {
  const TileOperation& op = program.operations[static_cast<size_t>(index)];
  if (std::holds_alternative<Kernel>(op.what)) return kernel_bytes + (runs_ahead(op) ? ahead_bytes : 0);
  if (std::holds_alternative<Job>(op.what)) return job_bytes + (runs_ahead(op) ? ahead_bytes : 0);
  const auto* copy = std::get_if<Copy>(&op.what);
  if (!copy || copy->stays) return 0;
  return happens_once(program, index) ? once_bytes : is_load(*copy) ? load_bytes : store_bytes;
}

BufferId written_ahead(const TileOperation& op) {
  if (!runs_ahead(op)) return none;
  const auto* kernel = std::get_if<Kernel>(&op.what);
  return kernel ? kernel->out : std::get<Job>(op.what).out;
}

/// Whether the buffer's tile is in another slot from instance to instance.
bool moves(const TileProgram& program, BufferId buffer) {
  for (size_t i = 0; i < program.operations.size(); ++i) {
    const TileOperation& op = program.operations[i];
    const auto* copy = std::get_if<Copy>(&op.what);
    if (copy && copy->buffer == buffer && !happens_once(program, static_cast<OperationId>(i))) return true;
    if (written_ahead(op) == buffer) return true;
  }
  return false;
}

}  // namespace

bool happens_once(const TileProgram& program, OperationId index) {
  const TileOperation& op = program.operations[static_cast<size_t>(index)];
  const auto* copy = std::get_if<Copy>(&op.what);
  if (!copy) return false;
  if (copy->stays) return true;
  const bool in_l1 = (is_load(*copy) ? copy->to : copy->from) == Level::l1;
  return op.depth == 0 && in_l1 && copy->staged_in == none;
}

bool known_job(const TileProgram& program, OperationId index) {
  const TileOperation& op = program.operations[static_cast<size_t>(index)];
  const Job& job = std::get<Job>(op.what);
  if (runs_ahead(op)) return false;
  if (job.input_copy != none && !happens_once(program, job.input_copy)) return false;
  for (const Extent* e : {&job.rows, &job.columns, &job.channels, &job.reduction})
    if (e->loop != none) return false;
  for (const BufferId b : {job.in, job.weights, job.params, job.out})
    if (moves(program, b)) return false;
  return true;
}

uint32_t state_bytes(const TileProgram& program) {
  uint32_t bytes = program.loops.empty() ? 0 : nest_bytes;
  for (size_t i = 0; i < program.operations.size(); ++i) bytes += bytes_of(program, static_cast<OperationId>(i));
  return bytes;
}

}  // namespace ares
