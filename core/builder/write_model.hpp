// Writes a model graph as a QONNX file.
#pragma once

#include <filesystem>

#include "core/import/model_graph.hpp"

namespace ares::qonnx {

/// The bytes of an ONNX file as PyTorch 1.13 with Brevitas 0.12 lays it out: IR version 7, opset 14 and
/// qonnx.custom_op.general 2, initialisers also listed as graph inputs, raw tensor data. Equal graphs give equal bytes,
/// and parsing them and writing again gives the same ones. Shapes of outputs are the model's, or are inferred where it
/// has none; fails where that cannot be done.
Result<std::string> serialise_model(const ModelGraph& model);

/// The same into a file.
Result<void> write_model(const ModelGraph& model, const std::filesystem::path& path);

}  // namespace ares::qonnx
