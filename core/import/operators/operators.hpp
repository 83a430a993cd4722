// Every operator that registry.cpp lists; each is defined in the file of its name, the
// element-wise ones in elementwise.cpp, comparisons in compare.cpp.
#pragma once

#include "core/import/operator.hpp"

namespace ares::qonnx {

// clang-format off
extern const Operator
    kArgMax, kArgMin, kAveragePool, kBatchNormalization, kCast, kClip, kConcat, kConstant, kConstantOfShape, kConv, kDropout, kEqual,
    kExpand, kFlatten, kGather, kGemm, kGlobalAveragePool, kGreater, kIdentity, kLess, kLogSoftmax, kMatMul, kMaxPool, kPad, kQuant,
    kRange, kReshape, kResize, kShape, kSlice, kSoftmax, kSplit, kSqueeze, kTile, kTranspose, kTrunc, kUnsqueeze, kUpsample, kWhere,
    kGroupNormalization, kInstanceNormalization, kLayerNormalization, kReduceMean, kRmsNormalization, kSelectiveScan,
    kDft, kRotaryEmbedding;
// clang-format on

}  // namespace ares::qonnx
