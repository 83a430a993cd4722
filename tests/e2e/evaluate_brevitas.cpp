// The evaluation in real numbers against what Brevitas and others computed for their exports.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/base/npy.hpp"
#include "core/evaluate/evaluate.hpp"
#include "core/import/read_model.hpp"

namespace {

namespace fs = std::filesystem;
using namespace ares;

std::vector<fs::path> models() {
  const char* shared = std::getenv("ARES_SHARED");
  const fs::path root = (shared ? fs::path(shared) : fs::path(ARES_SOURCE_DIR) / ".." / "shared") / "models";
  std::vector<fs::path> found;
  if (!fs::is_directory(root)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const bool model = entry.path().extension() == ".qonnx" || entry.path().extension() == ".onnx";
    // What this file says is not what Brevitas 0.10 computed: it swapped signed and narrow on weights.
    if (entry.path().parent_path().filename() == "var_int8_weight_full_range") continue;
    if (model && fs::exists(entry.path().parent_path() / "outputs.npy")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Samples evaluated per model: enough to see an error, few enough to be quick.
constexpr int64_t kSamples = 4;

/// Largest difference to the expected outputs over their range.
double worst_difference(const fs::path& file) {
  const auto inputs = value_or_throw(read_npy(file.parent_path() / "inputs.npy"));
  const auto outputs = value_or_throw(read_npy(file.parent_path() / "outputs.npy"));
  const auto evaluation = value_or_throw(qonnx::Evaluation::create(value_or_throw(qonnx::read_model(file))));
  const auto x = values_as<float>(inputs);
  const auto y = values_as<double>(outputs);
  const int64_t samples = inputs.shape[0];
  const auto size = x.size() / static_cast<std::size_t>(samples), out = y.size() / static_cast<std::size_t>(samples);
  const auto [low, high] = std::minmax_element(y.begin(), y.end());
  qonnx::Shape shape = inputs.shape;
  shape[0] = 1;
  double worst = 0;
  for (std::size_t n = 0; n < static_cast<std::size_t>(std::min(samples, kSamples)); ++n) {
    const auto run = value_or_throw(evaluation.run(
        {{evaluation.model().inputs[0], qonnx::real_tensor(shape, std::span(x).subspan(n * size, size))}}));
    const auto& result = run.at(evaluation.model().outputs[0]).values;
    REQUIRE(result.size() == out);
    for (std::size_t i = 0; i < out; ++i) worst = std::max(worst, std::abs(result[i] - y[n * out + i]));
  }
  return worst / std::max(*high - *low, 1e-9);
}

}  // namespace

TEST_CASE("evaluate: published and exported models give the outputs that came with them") {
  if (models().empty()) MESSAGE("skipped: no models (ARES_SHARED names their parent's folder)");
  for (const fs::path& file : models()) {
    const double worst = worst_difference(file);
    CAPTURE(file.string());
    MESSAGE(file.parent_path().filename().string(), ": ", worst, " of the range");
    CHECK(worst <= 0.03);  // float32 elsewhere, double here: single activations round the other way
  }
}
