#include <fmt/format.h>

#include <algorithm>

#include "core/import/operators/operators.hpp"

namespace ares::qonnx {
namespace {

// clang-format off
const Operator* const kOperators[] = {
    &kAdd, &kAveragePool, &kBatchNormalization, &kCast, &kConcat, &kConstant, &kConstantOfShape, &kConv, &kDiv, &kDropout, &kFlatten,
    &kGather, &kGemm, &kGlobalAveragePool, &kIdentity, &kMatMul, &kMaxPool, &kMul, &kPad, &kQuant, &kRelu, &kReshape, &kShape, &kSlice,
    &kSqueeze, &kSub, &kTranspose, &kUnsqueeze,
};
// clang-format on

}  // namespace

const Operator* find_operator(std::string_view name) {
  const auto* const* it =
      std::find_if(std::begin(kOperators), std::end(kOperators), [&](const Operator* o) { return o->name == name; });
  return it == std::end(kOperators) ? nullptr : *it;
}

std::string operator_names() {
  std::vector<std::string_view> names;
  for (const Operator* o : kOperators) names.push_back(o->name);
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace ares::qonnx
