#include "core/reference/dump.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <cmath>
#include <set>

#include "core/base/npy.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

/// What differs between ours and theirs, or an empty string.
std::string difference(const std::string& name, const std::vector<int64_t>& shape, const std::vector<int16_t>& ours,
                       const NpyArray& theirs) {
  if (theirs.shape != shape) {
    return fmt::format("tensor '{}': shape ({}) here, ({}) there", name, fmt::join(shape, ", "),
                       fmt::join(theirs.shape, ", "));
  }
  const auto expected = values_as<double>(theirs);
  std::size_t count = 0, first = 0;
  double largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (ours[i] == expected[i]) continue;
    if (count++ == 0) first = i;
    largest = std::max(largest, std::abs(ours[i] - expected[i]));
  }
  if (count == 0) return "";
  return fmt::format("tensor '{}': {} of {} elements differ, by at most {}; the first at [{}]: {} here, {} there", name,
                     count, ours.size(), largest, element_position(first, shape), ours[first], expected[first]);
}

}  // namespace

std::string element_position(std::size_t index, const std::vector<int64_t>& shape) {
  std::string text;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    text = fmt::format("{}{}{}", index % extent, text.empty() ? "" : ",", text);
    index /= extent;
  }
  return text;
}

std::vector<int64_t> batch_shape(const ModelView& view, std::size_t samples) {
  std::vector<int64_t> shape = view.shape;
  if (shape.empty() || shape[0] != 1) shape.insert(shape.begin(), 1);
  shape[0] = static_cast<int64_t>(samples);
  return shape;
}

std::string dump_file_name(const std::string& tensor) {
  std::string name = tensor;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') c = '_';
  }
  return name + ".npy";
}

Result<TensorRecord> TensorRecord::create(const LayerGraph& g) {
  std::vector<TensorId> order;
  for (const NetworkInput& in : g.inputs) order.push_back(in.tensor);
  for (const LayerId id : execution_order(g)) order.push_back(g.dag[id].output);
  TensorRecord record;
  std::set<std::string> files;
  for (const TensorId id : order) {
    const Tensor& t = g.tensors[static_cast<std::size_t>(id)];
    if (t.type != ElementType::u8) continue;
    if (!files.insert(dump_file_name(t.name)).second) {
      return fail(fmt::format("two tensors would both be written to {}", dump_file_name(t.name)));
    }
    record.entries_.push_back({id, t.name, t.view, {}});
  }
  return record;
}

void TensorRecord::add(const LayerGraph& g, const std::vector<TensorData>& data) {
  for (Entry& e : entries_) {
    const auto id = static_cast<std::size_t>(e.tensor);
    const auto q = model_integers(g.tensors[id], data[id]);
    e.values.insert(e.values.end(), q.begin(), q.end());
  }
  ++samples_;
}

Result<void> TensorRecord::write(const std::filesystem::path& directory) const {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(fmt::format("{}: cannot be created: {}", directory.string(), error.message()));
  for (const Entry& e : entries_) {
    const auto shape = batch_shape(e.view, samples_);
    if (auto ok = write_npy(directory / dump_file_name(e.name), {shape, e.values}); !ok) return ok;
  }
  return {};
}

Result<TensorRecord::Comparison> TensorRecord::compare(const std::filesystem::path& directory) const {
  Comparison result;
  for (const Entry& e : entries_) {
    const auto file = directory / dump_file_name(e.name);
    if (!std::filesystem::exists(file)) {
      ++result.absent;
      continue;
    }
    const auto theirs = read_npy(file);
    if (!theirs) return tl::unexpected(theirs.error());
    const auto shape = batch_shape(e.view, samples_);
    ++result.compared;
    result.difference = difference(e.name, shape, e.values, *theirs);
    if (!result.difference.empty()) return result;
  }
  if (result.compared == 0) {
    return fail(fmt::format("{}: holds no tensor of this model (such as {}); write it with --dump", directory.string(),
                            dump_file_name(entries_.front().name)));
  }
  return result;
}

}  // namespace ares
