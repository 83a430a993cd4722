#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base/npy.hpp"
#include "core/evaluate/evaluate.hpp"
#include "core/passes/pass.hpp"

namespace ares {

Result<void> observe_ranges(NetworkState& state) {
  const qonnx::ModelGraph& model = state.model;
  if (state.ranges.empty() || !std::filesystem::exists(state.ranges) || model.inputs.size() != 1) return {};
  const auto array = read_npy(state.ranges);
  if (!array) return fail(fmt::format("--ranges {}: {}", state.ranges, array.error().what));
  const qonnx::Shape& shape = model.shapes.at(model.inputs[0]);
  const auto size = static_cast<std::size_t>(*qonnx::element_count(shape));
  const auto values = values_as<float>(*array);
  if (values.empty() || values.size() % size != 0)
    return fail(fmt::format("--ranges {}: holds {} values, no samples of {}", state.ranges, values.size(), size));
  const auto evaluation = qonnx::Evaluation::create(model);
  if (!evaluation) return {};  // an operator that is known to the importer alone
  for (std::size_t at = 0; at < values.size(); at += size) {
    const auto sample = qonnx::real_tensor(shape, std::span(values).subspan(at, size));
    const auto tensors = evaluation->run({{model.inputs[0], sample}});
    if (!tensors) return tl::unexpected(tensors.error());
    for (const auto& [name, tensor] : *tensors) {
      if (tensor.values.empty()) continue;
      const auto [lo, hi] = std::minmax_element(tensor.values.begin(), tensor.values.end());
      const auto [range, added] = state.observed.try_emplace(name, *lo, *hi);
      range->second = {std::min(range->second.first, *lo), std::max(range->second.second, *hi)};
    }
  }
  return {};
}

}  // namespace ares
