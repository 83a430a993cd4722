// One function per operation of a layer graph, on whole tensors in device order.
#pragma once

#include <cstdint>
#include <span>

#include "core/ir/layer.hpp"
#include "core/reference/engine.hpp"

namespace ares::reference {

/// Accumulates and requantises; `in` as input_dims() gives it, `zero` is the input's zero point. T is uint8_t,
/// int16_t or int32_t.
template <class T>
void weighted(const Weighted& op, const Dims& in, int zero, std::span<const uint8_t> x, const Dims& out,
              std::span<T> y);

void max_pool(const MaxPool& op, const Dims& in, std::span<const uint8_t> x, const Dims& out, std::span<uint8_t> y);

/// `op.requant` is complete. X is uint8_t or int16_t.
template <class X>
void average_pool(const AveragePool& op, const Dims& in, std::span<const X> x, const Dims& out, std::span<uint8_t> y);

/// `b` has as many elements as `a`, or one for each of the channels, which then repeat. Add: each u8 or s16; y also
/// s32.
void add(const Add& op, const TensorData& a, const TensorData& b, TensorData& y);
void multiply(const Multiply& op, int zero_a, int zero_b, std::span<const uint8_t> a, std::span<const uint8_t> b,
              std::span<uint8_t> y);

/// Writes one piece's part of `y`.
void move_piece(const Piece& piece, const Dims& in, std::span<const uint8_t> x, const Dims& out, std::span<uint8_t> y);

void curve(const Curve& op, std::span<const int16_t> x, std::span<uint8_t> y);

/// X, Y: uint8_t or int16_t; norm: X also int32_t. The constants that the pass `requantise` fills are complete in the
/// next three.
template <class X, class Y>
void norm(const Norm& op, std::span<const X> x, std::span<Y> y);

template <class X>
void softmax(const Softmax& op, std::span<const X> x, std::span<uint8_t> y);

template <class Y>
void matmul(const MatMul& op, int zero_a, int zero_b, std::span<const uint8_t> a, std::span<const uint8_t> b,
            std::span<Y> y);

/// Inputs as Scan has them; its constants are complete.
void scan(const Scan& op, std::span<const uint8_t> x, std::span<const uint8_t> delta, std::span<const uint8_t> third,
          std::span<uint8_t> y);

/// `op.requant` is complete in the next two.
void transform(const Transform& op, std::span<const uint8_t> x, std::span<uint8_t> y);
void rotary(const Rotary& op, int zero, std::span<const uint8_t> x, std::span<uint8_t> y);

/// Numbers of rows, each below op.rows. X is uint8_t or int16_t.
template <class X>
void lookup(const Lookup& op, std::span<const X> x, std::span<uint8_t> y);

void table(const Table& op, std::span<const uint8_t> x, std::span<uint8_t> y);

}  // namespace ares::reference
