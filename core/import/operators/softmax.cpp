#include "core/import/operators/common.hpp"

namespace ares::qonnx {

const Operator kSoftmax{
    .name = "Softmax", .shapes = same_shape, .host = OnHost::yes, .supports = "of what the network gives out"};
const Operator kLogSoftmax{
    .name = "LogSoftmax", .shapes = same_shape, .host = OnHost::yes, .supports = "of what the network gives out"};

}  // namespace ares::qonnx
