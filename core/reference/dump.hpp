// The integers of every quantised tensor over some samples, as files of a directory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/reference/engine.hpp"

namespace ares {

/// Collects the quantised tensors of one sample after the other.
class TensorRecord {
 public:
  /// Fails where two tensors would share a file.
  static Result<TensorRecord> create(const LayerGraph& g);

  /// `data` is what run() returned for the next sample.
  void add(const LayerGraph& g, const std::vector<TensorData>& data);

  /// Writes <file name>.npy (int16, batch axis first) for each tensor; creates the directory.
  Result<void> write(const std::filesystem::path& directory) const;

  struct Comparison {
    int compared = 0, absent = 0;  ///< tensors with and without a file
    std::string difference;        ///< of the first tensor that differs, in execution order; empty: none
  };
  /// Compares with the files of a directory; tensors without a file are counted, at least one has to have one.
  Result<Comparison> compare(const std::filesystem::path& directory) const;

 private:
  struct Entry {
    TensorId tensor = -1;
    std::string name;
    ModelView view;
    std::vector<int16_t> values;
  };
  std::vector<Entry> entries_;
  std::size_t samples_ = 0;
};

/// The model's shape with a batch axis of `samples`: in place of its leading 1, or before it where there is none.
std::vector<int64_t> batch_shape(const ModelView& view, std::size_t samples);

/// Element `index` in row-major order as "1,0,3".
std::string element_position(std::size_t index, const std::vector<int64_t>& shape);

/// The name with every character outside A-Za-z0-9._- replaced by '_', and ".npy".
std::string dump_file_name(const std::string& tensor);

}  // namespace ares
