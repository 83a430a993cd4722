#include "core/arithmetic/scan_step.hpp"

#include "core/reference/operations.hpp"

namespace ares::reference {

void scan(const Scan& op, std::span<const uint8_t> x, std::span<const uint8_t> delta, std::span<const uint8_t> third,
          std::span<uint8_t> y) {
  const auto channels = static_cast<std::size_t>(op.channels), states = static_cast<std::size_t>(op.states);
  const auto steps = static_cast<std::size_t>(op.steps), offset = static_cast<std::size_t>(op.offset);
  const std::size_t row = third.size() / steps;
  std::vector<int32_t> h(channels * states);
  for (std::size_t t = 0; t < steps; ++t) {
    const std::span<const uint8_t> b = third.subspan(t * row + offset, states),
                                   c = third.subspan(t * row + offset + states, states);
    for (std::size_t d = 0; d < channels; ++d) {
      const std::size_t at = t * channels + d;
      const int32_t acc = scan_step(op.terms, d, x[at], delta[at], b, c, std::span(h).subspan(d * states, states));
      y[at] = static_cast<uint8_t>(requantise(op.requant, 0, acc));
    }
  }
}

}  // namespace ares::reference
