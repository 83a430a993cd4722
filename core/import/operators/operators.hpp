// Every operator that registry.cpp lists; each is defined in the file of its name.
#pragma once

#include "core/import/operator.hpp"

namespace ares::qonnx {

extern const Operator kAdd, kAveragePool, kBatchNormalization, kCast, kConcat, kConstant, kConstantOfShape, kConv, kDiv,
    kDropout, kFlatten, kGather, kGemm, kGlobalAveragePool, kIdentity, kMatMul, kMaxPool, kMul, kPad, kQuant, kRelu,
    kReshape, kShape, kSlice, kSqueeze, kSub, kTranspose, kUnsqueeze;

}  // namespace ares::qonnx
