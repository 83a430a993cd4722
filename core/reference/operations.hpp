// One function per operation of a layer graph, on whole tensors in device order.
#pragma once

#include <cstdint>
#include <span>

#include "core/ir/layer.hpp"

namespace ares::reference {

/// Accumulates and requantises; `in` as input_dims() gives it, `zero` is the input's zero point. T is uint8_t or
/// int32_t.
template <class T>
void weighted(const Weighted& op, const Dims& in, int zero, std::span<const uint8_t> x, const Dims& out,
              std::span<T> y);

void max_pool(const MaxPool& op, const Dims& in, std::span<const uint8_t> x, const Dims& out, std::span<uint8_t> y);

/// `op.requant` is complete.
void average_pool(const AveragePool& op, const Dims& in, std::span<const uint8_t> x, const Dims& out,
                  std::span<uint8_t> y);

void table(const Table& op, std::span<const uint8_t> x, std::span<uint8_t> y);

}  // namespace ares::reference
