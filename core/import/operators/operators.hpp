// Every operator that registry.cpp lists; each is defined in the file of its name, the
// element-wise ones in elementwise.cpp.
#pragma once

#include "core/import/operator.hpp"

namespace ares::qonnx {

// clang-format off
extern const Operator
    kArgMax, kArgMin, kAveragePool, kBatchNormalization, kCast, kClip, kConcat, kConstant, kConstantOfShape, kConv, kDropout, kFlatten, kGather,
    kGemm, kGlobalAveragePool, kIdentity, kLogSoftmax, kMatMul, kMaxPool, kPad, kQuant, kReshape, kResize, kShape, kSlice, kSoftmax, kSplit, kSqueeze, kTranspose, kTrunc,
    kUnsqueeze, kUpsample;
// clang-format on

}  // namespace ares::qonnx
