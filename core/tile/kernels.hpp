// What each kernel kind computes on the tiles in L1: the meaning that the C kernels in runtime/ must match byte for
// byte.
#pragma once

#include <cstdint>

#include "core/arithmetic/requant.hpp"
#include "core/tile/walker.hpp"

namespace ares {

/// One call with everything resolved. Tiles are dense: input (rows incl. padding) x (columns incl. padding) x channels,
/// weights one row per output channel, output rows x columns x channels.
struct KernelCall {
  const Kernel* kernel = nullptr;
  const Requant* requant = nullptr;
  uint8_t pad_value = 0;
  uint8_t* in = nullptr;
  const uint8_t *in2 = nullptr, *in3 = nullptr, *weights = nullptr, *params = nullptr;
  uint8_t* out = nullptr;
  int32_t* accumulators = nullptr;
  uint8_t* scratch = nullptr;
  int32_t rows = 0, columns = 0, channels = 0, reduction = 0;
  bool first_step = true, last_step = true;  ///< of a split reduction
  Box input_box;
  std::array<int32_t, 3> step{};  ///< of the input's axes, elements from one output position to the next
};

/// Runs the kinds that lower() makes.
void run_kernel(const KernelCall& call);

}  // namespace ares
