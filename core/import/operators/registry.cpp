#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/import/operators/elementwise.hpp"
#include "core/import/operators/operators.hpp"

namespace ares::qonnx {
namespace {

// clang-format off
const Operator* const kOperators[] = {
    &kArgMax, &kArgMin, &kAveragePool, &kBatchNormalization, &kCast, &kClip, &kConcat, &kConstant, &kConstantOfShape, &kConv, &kDropout,
    &kEqual, &kExpand, &kFlatten, &kGather, &kGemm, &kGlobalAveragePool, &kGreater, &kIdentity, &kLess, &kLogSoftmax, &kMatMul, &kMaxPool,
    &kPad, &kQuant, &kRange, &kReshape, &kResize, &kShape, &kSlice, &kSoftmax, &kSplit, &kSqueeze, &kTile, &kTranspose, &kTrunc,
    &kUnsqueeze, &kUpsample, &kWhere,
    &kGroupNormalization, &kInstanceNormalization, &kLayerNormalization, &kReduceMean, &kRmsNormalization,
    &kSelectiveScan, &kDft, &kRotaryEmbedding,
};
// clang-format on

using Registry = std::map<std::string_view, const Operator*>;

const Registry& registry() {
  static const Registry operators = [] {
    Registry all;
    for (const Operator* o : kOperators) all[o->name] = o;
    for (const Operator& o : elementwise_operators()) all[o.name] = &o;
    return all;
  }();
  return operators;
}

}  // namespace

const Operator* find_operator(std::string_view name) {
  const auto it = registry().find(name);
  return it == registry().end() ? nullptr : it->second;
}

std::vector<const Operator*> operators() {
  std::vector<const Operator*> all;
  for (const auto& [name, op] : registry()) all.push_back(op);
  return all;
}

std::string operator_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, op] : registry()) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace ares::qonnx
