#include "core/tile/program.hpp"

namespace ares {

const char* name_of(Operand o) {
  constexpr const char* names[] = {"input", "input2", "input3", "weights", "params", "output", "tails"};
  return names[static_cast<size_t>(o)];
}

}  // namespace ares
