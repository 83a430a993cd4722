#include "core/import/operators/common.hpp"

namespace ares::qonnx {

const Operator kIdentity{.name = "Identity",
                         .shapes = same_shape,
                         .fold = fold_identity,
                         .lower = pass_through,
                         .host = OnHost::moves,
                         .supports = "does nothing"};

}  // namespace ares::qonnx
