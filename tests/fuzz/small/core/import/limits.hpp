// core/import/limits.hpp for the preset fuzz, with limits of a 256th: large tensors take time and find nothing that
// small ones do not.
#pragma once

#include <cstdint>

namespace ares::qonnx {

/// Bytes of a model file.
inline constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

/// Elements of one tensor.
inline constexpr int64_t kMaxElements = int64_t{1} << 16;

/// Elements of all activations of a model together: each may carry the device offset of every element.
inline constexpr int64_t kMaxActivations = int64_t{1} << 18;

/// Elements of one constant that is computed in the graph, unless it is no larger than what it is computed from.
inline constexpr int64_t kMaxFolded = int64_t{1} << 13;

/// Elements of all constants that are computed in the graph.
inline constexpr int64_t kMaxAllFolded = int64_t{1} << 16;

/// Elements of all tensors whose data lies in other files.
inline constexpr int64_t kMaxExternal = int64_t{1} << 18;

/// Nodes of a model.
inline constexpr int kMaxNodes = 10000;

}  // namespace ares::qonnx
