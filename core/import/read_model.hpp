// Reads the protobuf file; the only part that knows protobuf.
#pragma once

#include <filesystem>

#include "core/import/model_graph.hpp"

namespace ares::qonnx {

/// The file's graph with its nodes in order. Fails, naming file, node and tensor, on what is no ONNX file, on data that
/// does not match its shape, on tensors that nothing produces and on cycles.
Result<ModelGraph> read_model(const std::filesystem::path& path);

/// The same from the bytes of a file; `file` stands in messages.
Result<ModelGraph> parse_model(const std::string& bytes, const std::string& file);

}  // namespace ares::qonnx
