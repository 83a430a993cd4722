#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// The mask output has no use at inference; whoever reads it finds no shape.
ShapesResult shapes(const NodeView& node) { return same_shape(node); }

}  // namespace

const Operator kDropout{
    .name = "Dropout", .shapes = shapes, .lower = pass_through, .host = OnHost::moves, .supports = "does nothing"};

}  // namespace ares::qonnx
