// Changes of an ONNX model that leave it one: what a hostile or broken exporter could write.
#pragma once

#include <random>

namespace onnx {
class ModelProto;
}

namespace ares::test {

/// One random change: of a node's operator, inputs, outputs or attributes, of a constant's shape, type or values, of
/// the model's inputs and outputs.
void mutate_model(onnx::ModelProto& model, std::mt19937& random);

}  // namespace ares::test
