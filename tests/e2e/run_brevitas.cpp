// Networks that Brevitas exported against the integers and outputs that Brevitas itself computed.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/import/load_network.hpp"
#include "core/ir/graph.hpp"
#include "core/reference/engine.hpp"
#include "tests/e2e/npz.hpp"

namespace {

namespace fs = std::filesystem;
using namespace ares;

/// Folder of Brevitas's exports; empty, with a message, where this machine has none.
fs::path exports() {
  const char* shared = std::getenv("ARES_SHARED");
  const fs::path root = shared ? fs::path(shared) : fs::path(ARES_SOURCE_DIR) / ".." / "shared";
  if (fs::is_directory(root / "models/brevitas")) return root / "models/brevitas";
  MESSAGE("skipped: no models in ", (root / "models/brevitas").string(), " (ARES_SHARED names their parent's folder)");
  return {};
}

LayerGraph load(const fs::path& folder, RequantPolicy policy) {
  ImportOptions options;
  options.policy = policy;
  return value_or_throw(load_network(folder / "model.qonnx", options));
}

std::vector<float> samples(const fs::path& folder, const char* file) {
  return values_as<float>(value_or_throw(read_npy(folder / file)));
}

std::vector<float> sample(const std::vector<float>& all, const LayerGraph& g, std::size_t n) {
  std::size_t size = 1;
  for (const int64_t d : g.inputs[0].view.shape) size *= static_cast<std::size_t>(d);
  return {all.begin() + static_cast<std::ptrdiff_t>(n * size),
          all.begin() + static_cast<std::ptrdiff_t>((n + 1) * size)};
}

/// Brevitas's integers of sample 0 by tensor name, in the model's order.
std::map<std::string, std::vector<int32_t>> brevitas_integers(const fs::path& folder) {
  const auto arrays = test::read_npz(folder / "act_ints_sample0.npz");
  std::map<std::string, std::vector<int32_t>> integers;
  for (const auto& entry : nlohmann::json::parse(value_or_throw(read_file(folder / "act_ints_sample0.json")))) {
    integers[entry.at("tensor")] = values_as<int32_t>(arrays.at(entry.at("key")));
  }
  return integers;
}

/// Inverse of model_integers().
TensorData stored(const Tensor& t, const std::vector<int32_t>& q) {
  std::vector<uint8_t> bytes(q.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    const std::size_t at = t.view.order.empty() ? i : static_cast<std::size_t>(t.view.order[i]);
    bytes[at] = static_cast<uint8_t>(q[i] + (t.q.is_signed ? 128 : 0));
  }
  return {std::move(bytes)};
}

struct Agreement {
  std::string tensor;
  int64_t elements = 0, differing = 0, largest = 0;
};

Agreement compare(const Tensor& t, const TensorData& data, const std::vector<int32_t>& expected) {
  const auto q = model_integers(t, data);
  Agreement a{t.name, static_cast<int64_t>(q.size())};
  REQUIRE(q.size() == expected.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    const int64_t step = std::abs(int64_t{q[i]} - expected[i]);
    a.differing += step != 0;
    a.largest = std::max(a.largest, step);
  }
  return a;
}

/// Sample 0. `own`: every layer reads what the one before computed; else it reads Brevitas's integers, so that steps
/// inherited from an earlier difference do not count.
std::vector<Agreement> agreement(const fs::path& folder, const LayerGraph& g, bool own) {
  const auto integers = brevitas_integers(folder);
  const auto all = samples(folder, "inputs.npy");
  std::vector<TensorData> data(g.tensors.size());
  std::vector<Agreement> result;
  const auto judge = [&](TensorId id) {
    const auto t = static_cast<std::size_t>(id);
    const auto it = integers.find(g.tensors[t].name);
    if (it == integers.end()) return;
    result.push_back(compare(g.tensors[t], data[t], it->second));
    if (!own) data[t] = stored(g.tensors[t], it->second);
  };
  data[static_cast<std::size_t>(g.inputs[0].tensor)] = quantise_input(g, 0, sample(all, g, 0));
  judge(g.inputs[0].tensor);
  for (const LayerId id : execution_order(g)) {
    run_layer(g, id, data);
    judge(g.dag[id].output);
  }
  CHECK(result.size() == integers.size());
  return result;
}

struct Outputs {
  double worst = 0;  ///< largest error over the range of Brevitas's outputs
  double same_argmax = 0, accuracy = 0;
};

Outputs run_all(const fs::path& folder, const LayerGraph& g) {
  const auto all = samples(folder, "inputs.npy"), expected = samples(folder, "outputs.npy");
  const auto labels = values_as<int64_t>(value_or_throw(read_npy(folder / "labels.npy")));
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  const auto classes = static_cast<std::ptrdiff_t>(expected.size() / labels.size());
  Outputs o;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const auto data = run(g, std::vector{quantise_input(g, 0, sample(all, g, n))});
    const auto y = dequantise_output(g, 0, data[static_cast<std::size_t>(g.outputs[0].tensor)]);
    const auto e = expected.begin() + static_cast<std::ptrdiff_t>(n) * classes;
    for (std::size_t i = 0; i < y.size(); ++i) {
      o.worst = std::max(o.worst, std::abs(double{y[i]} - e[static_cast<std::ptrdiff_t>(i)]) / (double{*high} - *low));
    }
    const auto ours = std::max_element(y.begin(), y.end()) - y.begin();
    o.same_argmax += ours == std::max_element(e, e + classes) - e;
    o.accuracy += ours == labels[n];
  }
  o.same_argmax /= static_cast<double>(labels.size());
  o.accuracy /= static_cast<double>(labels.size());
  return o;
}

struct Network {
  std::string name;
  double accuracy;
};

const Network kNetworks[] = {{"tutorial_cnn_digits", 0.970}, {"simple_mlp_digits", 0.945}};

}  // namespace

TEST_CASE("run: exact policy agrees with Brevitas's integers") {
  const fs::path root = exports();
  if (root.empty()) return;
  for (const Network& network : kNetworks) {
    const LayerGraph g = load(root / network.name, RequantPolicy::exact);
    int64_t elements = 0, differing = 0;
    for (const Agreement& a : agreement(root / network.name, g, true)) {
      CAPTURE(network.name);
      CAPTURE(a.tensor);
      CHECK(a.differing <= std::max<int64_t>(1, a.elements / 200));
      CHECK(a.largest <= 1);
      elements += a.elements;
      differing += a.differing;
    }
    MESSAGE(network.name, ": ", differing, " of ", elements, " integers differ from Brevitas's");
    CHECK(differing * 1000 <= elements);
  }
}

TEST_CASE("run: outputs and accuracy") {
  const fs::path root = exports();
  if (root.empty()) return;
  for (const Network& network : kNetworks) {
    CAPTURE(network.name);
    const Outputs exact = run_all(root / network.name, load(root / network.name, RequantPolicy::exact));
    CHECK(exact.worst <= 0.03);
    CHECK(exact.same_argmax >= 0.99);
    CHECK(exact.accuracy == doctest::Approx(network.accuracy).epsilon(1e-9));
    const Outputs fast = run_all(root / network.name, load(root / network.name, RequantPolicy::fast));
    CHECK(std::abs(fast.accuracy - network.accuracy) <= 0.005 + 1e-9);
    MESSAGE(network.name, ": worst error ", exact.worst, " of the range, accuracy ", exact.accuracy, " (exact), ",
            fast.accuracy, " (fast)");
  }
}

TEST_CASE("run: the variants of a small network, layer by layer on Brevitas's integers") {
  const fs::path root = exports();
  if (root.empty()) return;
  for (const char* name : {"var_base", "var_asym_act", "var_asym_weight", "var_bias_int32", "var_bn_unmerged",
                           "var_dynamic_batch", "var_nobias", "var_perchannel_w", "var_pow2", "var_relu_uint8",
                           "var_w4", "misc_rect", "misc_poolpad", "tiny_cnn_5x5", "autoencoder_ad_bnmerged"}) {
    CAPTURE(name);
    const LayerGraph g = load(root / name, RequantPolicy::exact);
    for (const Agreement& a : agreement(root / name, g, false)) {
      CAPTURE(a.tensor);
      CHECK(a.largest <= 1);
      CHECK(a.differing <= std::max<int64_t>(1, a.elements / 200));
      if (std::string(name) == "var_bias_int32") CHECK(a.differing == 0);
    }
  }
}
