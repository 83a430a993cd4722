// What the importer accepts at most: far beyond what ARES plans memory for, small enough that a hostile file ends in
// one line within a second and 200 MB.
#pragma once

#include <cstdint>

namespace ares::qonnx {

#ifdef ARES_SMALL_LIMITS
/// Fuzzers are built with a 256th of each limit on elements: large tensors take time and find nothing that small ones
/// do not.
inline constexpr int kSmaller = 8;
#else
inline constexpr int kSmaller = 0;
#endif

/// Bytes of a model file.
inline constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

/// Elements of one tensor.
inline constexpr int64_t kMaxElements = int64_t{1} << (24 - kSmaller);

/// Elements of all activations of a model together: each may carry the device offset of every element.
inline constexpr int64_t kMaxActivations = int64_t{1} << (27 - kSmaller);

/// Elements of one constant that is computed in the graph, unless it is no larger than what it is computed from.
inline constexpr int64_t kMaxFolded = int64_t{1} << (21 - kSmaller);

/// Elements of all constants that are computed in the graph.
inline constexpr int64_t kMaxAllFolded = int64_t{1} << (24 - kSmaller);

/// Elements of all tensors whose data lies in other files.
inline constexpr int64_t kMaxExternal = int64_t{1} << (26 - kSmaller);

/// Nodes of a model.
inline constexpr int kMaxNodes = 10000;

}  // namespace ares::qonnx
