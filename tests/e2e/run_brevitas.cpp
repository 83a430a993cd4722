// Networks that Brevitas exported against the integers and outputs that Brevitas itself computed.
#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>

#include "core/base/npy.hpp"
#include "core/compare/report.hpp"
#include "core/evaluate/evaluate.hpp"
#include "core/import/load_network.hpp"
#include "core/import/read_model.hpp"
#include "core/ir/graph.hpp"
#include "tests/e2e/exports.hpp"

namespace {

namespace fs = std::filesystem;
using namespace ares;

const std::string kIntegerBias = "var_bias_int32";

/// Read with the ranges of their samples: they lack their first Quant.
const std::set<std::string> kUnquantisedInput{"qkeras_qconv2d_0", "qkeras_qdense_0", "qkeras_qconv2d_conversion"};

LayerGraph load(const fs::path& folder, RequantPolicy policy) {
  ImportOptions options;
  options.policy = policy;
  const std::string name = folder.filename().string();
  if (kUnquantisedInput.count(name)) options.ranges = (folder / "inputs.npy").string();
  return value_or_throw(load_network(folder / "model.qonnx", options));
}

std::vector<float> floats(const fs::path& file) { return values_as<float>(value_or_throw(read_npy(file))); }

std::vector<TensorData> stored_sample(const LayerGraph& g, const std::vector<float>& all, std::size_t n) {
  REQUIRE(g.inputs.size() == 1);
  const std::size_t size =
      static_cast<std::size_t>(g.tensors[static_cast<std::size_t>(g.inputs[0].tensor)].dims.count());
  return {quantise_input(g, 0, std::span(all).subspan(n * size, size))};
}

std::ptrdiff_t argmax(std::span<const float> y) { return std::max_element(y.begin(), y.end()) - y.begin(); }

struct Outputs {
  std::size_t samples = 0;
  double worst = 0;  ///< largest error over the range of the recorded outputs
  double same_argmax = 0;
  bool classifies = false;  ///< there is a class for each sample
  double accuracy = 0, recorded_accuracy = 0;
};

Outputs run_all(const fs::path& folder, const LayerGraph& g) {
  const auto all = floats(folder / "inputs.npy"), expected = floats(folder / "outputs.npy");
  Outputs o;
  o.samples = static_cast<std::size_t>(value_or_throw(read_npy(folder / "outputs.npy")).shape[0]);
  std::vector<int64_t> labels;
  if (fs::exists(folder / "labels.npy")) {
    const NpyArray array = value_or_throw(read_npy(folder / "labels.npy"));
    if (is_integral(array) && array.shape.size() == 1) labels = values_as<int64_t>(array);
  }
  o.classifies = labels.size() == o.samples;
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  const std::size_t size = expected.size() / o.samples;
  for (std::size_t n = 0; n < o.samples; ++n) {
    const auto data = run(g, stored_sample(g, all, n));
    const auto y = dequantise_output(g, 0, data[static_cast<std::size_t>(g.outputs[0].tensor)]);
    const auto e = std::span(expected).subspan(n * size, size);
    REQUIRE(y.size() == size);
    for (std::size_t i = 0; i < size; ++i)
      o.worst = std::max(o.worst, std::abs(double{y[i]} - e[i]) / (double{*high} - *low));
    o.same_argmax += argmax(y) == argmax(e);
    if (!o.classifies) continue;
    o.accuracy += argmax(y) == labels[n];
    o.recorded_accuracy += argmax(e) == labels[n];
  }
  for (double* share : {&o.same_argmax, &o.accuracy, &o.recorded_accuracy}) *share /= static_cast<double>(o.samples);
  return o;
}

/// Every activation's integers by the evaluation of the model in real numbers.
Record evaluated_record(const qonnx::Evaluation& evaluation, const LayerGraph& g, std::span<const float> sample) {
  const auto run = value_or_throw(
      evaluation.run({{evaluation.model().inputs[0], qonnx::real_tensor(g.inputs[0].view.shape, sample)}}));
  Record record;
  for (const qonnx::Node& node : evaluation.model().nodes) {
    const auto t = std::find_if(g.tensors.begin(), g.tensors.end(),
                                [&](const Tensor& tensor) { return tensor.name == node.outputs[0]; });
    if (node.op != "Quant" || t == g.tensors.end()) continue;
    const auto q = value_or_throw(qonnx::quantised_integers(evaluation, run, node));
    record.tensors.push_back({t->name,
                              t->view.shape,
                              {q.begin(), q.end()},
                              t->q.scale,
                              double(t->q.zero_point - (t->q.is_signed ? 128 : 0))});
  }
  return record;
}

}  // namespace

TEST_CASE("run: every export agrees with Brevitas's integers in exact policy, layer by layer") {
  for (const fs::path& folder : ares::test::shared_exports()) {
    const fs::path record_file = folder / "act_ints_sample0.npz";
    if (!fs::exists(record_file)) continue;
    const LayerGraph g = load(folder, RequantPolicy::exact);
    CAPTURE(folder.filename().string());
    const Record record = value_or_throw(read_record(record_file));
    REQUIRE(record.sample == 0);
    const auto result = value_or_throw(compare(g, stored_sample(g, floats(folder / "inputs.npy"), 0), record));
    CHECK(result.absent.empty());
    CHECK(result.tensors.size() == record.tensors.size());
    CHECK(complaint(result) == "");
    const Verdict v = judge(result);
    MESSAGE(folder.filename().string(), ": alone ", v.differing, " of ", v.elements, " differ");
    // Every bias is an integer in steps of the accumulator there.
    if (folder.filename() == kIntegerBias) {
      for (const TensorComparison& t : result.tensors) CHECK(t.whole.differing == 0);
    }
  }
}

TEST_CASE("run: with integer biases every activation of every sample is that of real numbers") {
  for (const fs::path& folder : ares::test::shared_exports()) {
    if (folder.filename() != kIntegerBias) continue;
    const LayerGraph g = load(folder, RequantPolicy::exact);
    const auto evaluation =
        value_or_throw(qonnx::Evaluation::create(value_or_throw(qonnx::read_model(folder / "model.qonnx"))));
    const auto all = floats(folder / "inputs.npy");
    const std::size_t samples = static_cast<std::size_t>(value_or_throw(read_npy(folder / "inputs.npy")).shape[0]);
    for (std::size_t n = 0; n < samples; ++n) {
      CAPTURE(n);
      const Record record =
          evaluated_record(evaluation, g, std::span(all).subspan(n * all.size() / samples, all.size() / samples));
      CHECK(record.tensors.size() == 3);
      const auto result = value_or_throw(compare(g, stored_sample(g, all, n), record));
      for (const TensorComparison& t : result.tensors) CHECK(t.whole.differing == 0);
    }
  }
}

TEST_CASE("run: a MobileNetV1 of width 0.25 takes less than 50 ms an image") {
  for (const fs::path& folder : ares::test::shared_exports()) {
    if (folder.filename() != "mobilenetv1_025_vww_bnmerged_perchannel") continue;
    const LayerGraph g = load(folder, RequantPolicy::exact);
    const auto input = stored_sample(g, floats(folder / "inputs.npy"), 0);
    double best = 1;
    for (int repeat = 0; repeat < 5; ++repeat) {
      const std::clock_t start = std::clock();
      run(g, input);
      best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    MESSAGE("the best of 5 runs: ", 1e3 * best, " ms of one core");
#ifdef NDEBUG
    CHECK(best < 0.050);
#endif
  }
}

TEST_CASE("run: every export's outputs and accuracy") {
  for (const fs::path& folder : ares::test::shared_exports()) {
    const LayerGraph g = load(folder, RequantPolicy::exact);
    CAPTURE(folder.filename().string());
    const Outputs exact = run_all(folder, g), fast = run_all(folder, load(folder, RequantPolicy::fast));
    CHECK(exact.worst <= 0.03);
    if (exact.classifies) {
      CHECK(exact.same_argmax >= 0.99);
      CHECK(std::abs(exact.accuracy - exact.recorded_accuracy) <= 0.005 + 1e-9);
      CHECK(std::abs(fast.accuracy - fast.recorded_accuracy) <= 0.005 + 1e-9);
    }
    MESSAGE(folder.filename().string(), ": worst error ", exact.worst, " of the range, accuracy ",
            exact.recorded_accuracy, " recorded, ", exact.accuracy, " exact, ", fast.accuracy, " fast");
  }
}
