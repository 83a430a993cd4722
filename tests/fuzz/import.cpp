// Bytes as a model: every pass takes them or refuses them in one line, whether it is loaded or checked; what loads is a
// valid graph and computes.
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "core/base/text.hpp"
#include "core/check/check_model.hpp"
#include "core/group/group.hpp"
#include "core/import/read_model.hpp"
#include "core/passes/pass.hpp"
#include "core/reference/engine.hpp"
#include "tests/fuzz/mutate_model.hpp"

extern "C" std::size_t LLVMFuzzerMutate(uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace ares;

/// How far executions went; printed at the end.
struct Reached {
  std::size_t executions = 0, parsed = 0, loaded = 0, computed = 0;
  std::vector<std::size_t> passed = std::vector<std::size_t>(pipeline().size());  ///< of each pass

  ~Reached() {
    std::fprintf(stderr, "reached: %zu executions, %zu parsed", executions, parsed);
    for (std::size_t i = 0; i < pipeline().size(); ++i) {
      std::fprintf(stderr, ", %zu %s", passed[i], std::string(pipeline()[i].name).c_str());
    }
    std::fprintf(stderr, ", %zu loaded, %zu computed\n", loaded, computed);
  }
} reached;

/// Models that loaded: what most changes begin with. What is broken already would mostly end where it did before.
constexpr std::size_t kMostGood = 1000;
std::vector<std::string> good;

void remember(const uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (good.size() < kMostGood) {
    good.push_back(std::move(bytes));
  } else {
    good[reached.loaded % kMostGood] = std::move(bytes);
  }
}

void require(bool holds, const char* what, const std::string& detail) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s: %s\n", what, detail.c_str());
  std::abort();
}

void require_line(const Error& error) {
  const std::string line = printable(error.what);
  require(!line.empty() && line.find('\n') == std::string::npos && is_clean_text(line), "no line of text", line);
}

/// Zeros through the reference engine, whose asserts hold the proofs about widths to account.
void compute(const LayerGraph& g) {
  constexpr int64_t kMostWork = 50000;  // multiply-accumulates and elements
  int64_t work = 0;
  for (const Tensor& t : g.tensors) work += t.dims.count();
  for (const LayerId id : execution_order(g)) work += macs(g, id);
  if (work > kMostWork) return;
  std::vector<TensorData> inputs;
  for (const NetworkInput& in : g.inputs) {
    const Tensor& t = g.tensors[static_cast<std::size_t>(in.tensor)];
    inputs.push_back({std::vector<uint8_t>(static_cast<std::size_t>(t.dims.count()), static_cast<uint8_t>(t.q.hi))});
  }
  run(g, inputs);
  ++reached.computed;
}

/// What ares-run and ares-compile do; whether it loads.
bool load(qonnx::ModelGraph model) {
  NetworkState state{std::move(model), {}, [](const std::string& line) { require(!line.empty(), "empty notice", ""); }};
  state.layers.policy = RequantPolicy::exact;
  for (std::size_t i = 0; i < pipeline().size(); ++i) {
    if (const auto done = pipeline()[i].run(state); !done) {
      require_line(done.error());
      return false;
    }
    ++reached.passed[i];
  }
  const auto valid = validate(state.layers);
  require(valid.has_value(), "an invalid graph was loaded", valid ? "" : valid.error().what);
  ++reached.loaded;
  make_groups(state.layers);
  compute(state.layers);
  return true;
}

/// What ares-check does.
void check(qonnx::ModelGraph model) {
  const ModelCheck result = check_model(std::move(model), RequantPolicy::fast);
  for (const Finding& f : result.findings) require(!f.what.empty(), "an empty finding", f.cause);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  ++reached.executions;
  auto model = qonnx::parse_model(std::string(reinterpret_cast<const char*>(data), size), "fuzz.qonnx");
  if (!model) {
    require_line(model.error());
    return 0;
  }
  ++reached.parsed;
  check(*model);
  if (load(std::move(*model))) remember(data, size);
  return 0;
}

/// Mostly the model is changed, seldom its bytes, so that most executions get beyond the reader.
extern "C" std::size_t LLVMFuzzerCustomMutator(uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  std::mt19937 random(seed);
  if (random() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const google::protobuf::LogSilencer silent;
  onnx::ModelProto model;
  const bool anew = !good.empty() && random() % 4;
  const bool read =
      anew ? model.ParseFromString(good[random() % good.size()]) : model.ParseFromArray(data, static_cast<int>(size));
  if (!read || model.graph().node_size() == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (unsigned i = 0; i <= random() % 3; ++i) test::mutate_model(model, random);
  if (model.ByteSizeLong() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  model.SerializeToArray(data, static_cast<int>(max_size));
  return model.ByteSizeLong();
}
