#include "core/arithmetic/add.hpp"
#include "core/reference/operations.hpp"

namespace ares::reference {

void add(const Add& op, const TensorData& a, const TensorData& b, TensorData& y) {
  const auto sum = [&](const auto& first, const auto& second, auto& to) {
    using Y = typename std::decay_t<decltype(to)>::value_type;
    for (std::size_t i = 0; i < first.size(); ++i)
      to[i] = static_cast<Y>(requantised_sum(op.requant, first[i], second[i % second.size()]));
  };
  std::visit(sum, a.values, b.values, y.values);
}

void multiply(const Multiply& op, int zero_a, int zero_b, std::span<const uint8_t> a, std::span<const uint8_t> b,
              std::span<uint8_t> y) {
  for (std::size_t i = 0; i < a.size(); ++i)
    y[i] = static_cast<uint8_t>(requantise(op.requant, 0, (a[i] - zero_a) * (b[i % b.size()] - zero_b)));
}

}  // namespace ares::reference
