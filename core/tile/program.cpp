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
    const bool at_the_end = op.depth == p.loops.size() && op.first_of == 0;
    return at_the_end ? static_cast<OperationId>(i) : none;
  }
  return none;
}

}  // namespace ares
