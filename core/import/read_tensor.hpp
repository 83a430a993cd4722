// A tensor message of an ONNX file as an Array. Private to the reader: names protobuf's types.
#pragma once

#include <filesystem>

#include "core/import/array.hpp"

namespace onnx {
class TensorProto;
}

namespace ares::qonnx {

/// Data that lies in another file is read from below `directory`. Fails where the data does not match type and shape,
/// lies outside the file, or is of a type without numbers.
Result<Array> read_tensor(const onnx::TensorProto& t, const std::filesystem::path& directory);

}  // namespace ares::qonnx
