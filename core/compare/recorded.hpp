// The integers that the model's own framework computed, as Brevitas's users record them: the value of every activation
// quantiser for one sample.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace ares {

/// One tensor of the model for one sample.
struct RecordedTensor {
  std::string name;  ///< the model's name of it
  std::vector<int64_t> shape;
  std::vector<int32_t> integers;  ///< q as QONNX means it, in the model's row-major order
  double scale = 1;
  double zero_point = 0;
};

struct Record {
  std::vector<RecordedTensor> tensors;  ///< in the order in which they were computed
  std::optional<std::size_t> sample;    ///< the number that the file's name ends in: act_ints_sample3.npz
};

/// Reads FILE.npz and, beside it, FILE.json: a list of {"key": array, "tensor": name in the model, "scale",
/// "zero_point"} (numbers or lists of one). Fails with file, tensor and reason.
Result<Record> read_record(const std::filesystem::path& npz);

}  // namespace ares
