#include "core/tile/program.hpp"

namespace ares {

const char* name_of(Operand o) {
  constexpr const char* names[] = {"input", "input2", "input3", "weights", "params", "output", "tails"};
  return names[static_cast<size_t>(o)];
}

OperationId last_run(const TileProgram& p) {
  for (size_t i = p.operations.size(); i-- > 0;) {
    const TileOperation& op = p.operations[i];
    if (!std::holds_alternative<Kernel>(op.what) && !std::holds_alternative<Job>(op.what)) continue;
    if (runs_ahead(op)) continue;
    const bool at_the_end = op.depth == p.loops.size() && op.first_of == 0;
    return at_the_end ? static_cast<OperationId>(i) : none;
  }
  return none;
}

bool runs_ahead(const TileOperation& op) {
  if (const auto* kernel = std::get_if<Kernel>(&op.what)) return kernel->run_ahead;
  const auto* job = std::get_if<Job>(&op.what);
  return job && job->run_ahead > 0;
}

std::array<BufferId, 3> read_ahead(const TileOperation& op) {
  if (const auto* kernel = std::get_if<Kernel>(&op.what)) return {kernel->in, kernel->weights, kernel->params};
  const Job& job = std::get<Job>(op.what);
  return {job.in, job.weights, job.params};
}

}  // namespace ares
