// ares-zoo: the reference networks have the size they are published with, and their files hold what they say.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/base/npy.hpp"
#include "core/builder/size.hpp"
#include "core/builder/write_model.hpp"
#include "core/compare/layers.hpp"
#include "core/import/load_network.hpp"
#include "core/import/read_model.hpp"
#include "core/ir/graph.hpp"
#include "core/reference/engine.hpp"
#include "experiments/zoo/zoo.hpp"
#include "tests/support/random_models.hpp"

namespace {

namespace fs = std::filesystem;
using namespace ares;

/// Multiply-accumulates of the reference networks, as their suite's true counts are published; of MLPerf Tiny's as its
/// papers count them; the others from their layers by hand.
const std::map<std::string, int64_t> kMacs = {
    {"simplecnn", 1031744},
    {"tinycnn", 172480},
    {"mlp", 234752},
    {"resnet_basic", 1919392},
    {"densenet_basic", 967456},
    {"multitilecnn", 5317056},
    {"bottleneck", 1028928},
    {"stride2", 3048352},
    {"padding", 21075680},
    {"resnet18", 28573184},
    {"conv2d_remainder", 924656},
    {"autotune_stress", 1008877},
    {"drowsiness_fusion", 6019424},
    {"zeropad2d", 25856},
    {"ne16_linear", 49 * (192 * 64 + 64 * 64 + 64 * 10)},
    {"ne16_large", 49 * (4 * 256 * 256 + 256 * 10)},
    {"layernorm_basic", 7840},
    {"gelu_basic", 50816},
    {"transformer_simple", 11390592},
    {"multiblock_transformer", 142200064},
    {"tinymyo_tiny", 23271744},
    {"tinymyo_8ch_400tok", 1908634944},
    {"linear3d_bench", 117966144},
    {"mamba_conv1d", 8512},
    {"mamba_ssm", 12608},
    {"mamba_block", 131392},
    {"mamba_stacked", 393536},
    {"bidirectional_mamba", 262464},
    {"femba_patchembedder", 9532054},
    {"femba_full", 9532054},
    {"femba_full_input", 100191490},
    {"femba_full_expand2", 706183170},
    {"femba_tiny_int8", 706183170},
    {"luna_base", 241933568},
    {"luna_full", 259469312},
    {"llama_minimal", 4 * 64 * 64 * 32 + 2 * 32 * 32 * 64 + 2 * 64 * 256 * 32 + 64 * 4},
    {"llama_swiglu", 4 * 64 * 64 * 16 + 2 * 16 * 16 * 64 + 3 * 64 * 172 * 16 + 64 * 4},
    {"cerebro_original",
     8 * 14 * 180 + 6 * 112 * (4 * 180 * 180 + 2 * 180 * 720) + 3 * 2 * 112 * 180 * (14 + 8) + 180 * 4},
    {"resnet8", 12501632},
    {"ds_cnn", 2656768},
    {"mobilenet_v1_025", 7489664},
    {"autoencoder", 264192},
};

/// Smaller networks of the same blocks are there, and these take half a minute.
bool is_large(const zoo::Network& n) {
  return n.name == "tinymyo_8ch_400tok" || n.name == "femba_full_expand2" || n.name == "femba_tiny_int8" ||
         n.name == "luna_base";
}

struct Folder {
  fs::path path = fs::temp_directory_path() / ("ares_zoo_" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

int run_zoo(const std::string& arguments, const fs::path& log) {
  const std::string program = ARES_BIN_DIR "/ares-zoo ";
  return WEXITSTATUS(std::system((program + arguments + " >'" + log.string() + "' 2>&1").c_str()));
}

std::string text(const fs::path& file) { return value_or_throw(read_file(file)); }

}  // namespace

TEST_CASE("zoo: list gives the published multiply-accumulates") {
  const Folder folder;
  REQUIRE(run_zoo("list --json '" + (folder.path / "list.json").string() + "'", folder.path / "log") == 0);
  const auto all = nlohmann::json::parse(text(folder.path / "list.json"));
  std::map<std::string, int64_t> macs;
  for (const auto& network : all) macs[network.at("name")] = network.at("macs");
  CHECK(macs.size() == zoo::networks().size());
  for (const auto& [name, expected] : kMacs) {
    CAPTURE(name);
    CHECK(macs[name] == expected);
  }
  for (const int number : {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                           21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 36, 37, 38, 39, 40, 41, 42, 43, 44}) {
    CAPTURE(number);
    CHECK(std::count_if(all.begin(), all.end(), [&](const auto& n) { return n.at("number") == number; }) == 1);
  }
}

TEST_CASE("zoo: build writes models that read back, with inputs and outputs") {
  const Folder folder;
  const std::string names = "tutorial_cnn drowsiness_fusion";
  REQUIRE(run_zoo("build " + names + " --output '" + folder.path.string() + "' --samples 3", folder.path / "log") == 0);
  const fs::path tutorial = folder.path / "tutorial_cnn", fusion = folder.path / "drowsiness_fusion";
  CHECK(value_or_throw(read_npy(tutorial / "inputs.npy")).shape == std::vector<int64_t>{3, 1, 28, 28});
  CHECK(value_or_throw(read_npy(tutorial / "outputs.npy")).shape == std::vector<int64_t>{3, 10});
  CHECK(value_or_throw(read_npy(fusion / "inputs_ppg.npy")).shape == std::vector<int64_t>{3, 1, 2, 2200});
  CHECK(value_or_throw(qonnx::read_model(fusion / "model.qonnx")).inputs == std::vector<std::string>{"eeg", "ppg"});

  const LayerGraph g = value_or_throw(load_network(tutorial / "model.qonnx"));
  const auto x = values_as<float>(value_or_throw(read_npy(tutorial / "inputs.npy")));
  const auto expected = values_as<float>(value_or_throw(read_npy(tutorial / "outputs.npy")));
  const auto data = run(g, std::vector{quantise_input(g, 0, std::span(x).first(28 * 28))});
  const auto y = dequantise_output(g, 0, data[static_cast<std::size_t>(g.outputs[0].tensor)]);
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::abs(y[i] - expected[i]) <= 0.03 * (*high - *low));
}

TEST_CASE("zoo: the reference engine computes what every network means, layer by layer") {
  const Folder folder;
  for (const zoo::Network& network : zoo::networks()) {
    if (is_large(network)) continue;
    CAPTURE(std::string(network.name));
    const qonnx::ModelGraph model = zoo::build(network);
    const fs::path file = folder.path / "model.qonnx";
    value_or_throw(qonnx::write_model(model, file));
    ImportOptions options;
    options.policy = RequantPolicy::exact;
    const LayerGraph graph = value_or_throw(load_network(file, options));
    const auto evaluation = value_or_throw(qonnx::Evaluation::create(model));
    Judgement judgement;
    for (const uint64_t seed : {99, 100}) {
      judge_layers(graph, value_or_throw(evaluation.run(test::random_sample(seed, model))), judgement);
    }
    for (const std::string& finding : judgement.findings) FAIL_CHECK(finding);
    int64_t elements = 0, differing = 0;
    for (const auto& [kind, d] : judgement.by_kind)
      if (kind != "scan") elements += d.elements, differing += d.differing;
    const Differences scans = judgement.by_kind["scan"];  // have a bound of their own
    MESSAGE(std::string(network.name), ": ", differing, " of ", elements, " integers differ, ", scans.differing, " of ",
            scans.elements, " in scans");
    CHECK(differing * 1000 <= elements);
    CHECK(scans.differing * 100 <= scans.elements);
  }
}

TEST_CASE("zoo: every network is the same bytes when it is built again") {
  for (const zoo::Network& network : zoo::networks()) {
    if (is_large(network) || network.name == "mobilenet_v2" || network.name == "resnet18") continue;
    CAPTURE(std::string(network.name));
    const auto bytes = qonnx::serialise_model(zoo::build(network));
    REQUIRE_MESSAGE(bytes, bytes.error().what);
    const bool equal = *bytes == qonnx::serialise_model(zoo::build(network)).value();
    CHECK(equal);
    CHECK(qonnx::parse_model(*bytes, std::string(network.name)));
  }
}

TEST_CASE("zoo: python's onnx checks every model") {
  std::string python;
  for (const char* candidate : {"python3", "/usr/bin/python3"}) {
    if (std::system((std::string(candidate) + " -c 'import onnx' >/dev/null 2>&1").c_str()) == 0) python = candidate;
  }
  if (python.empty()) {
    MESSAGE("skipped: python3 has no module onnx");
    return;
  }
  const Folder folder;
  REQUIRE(run_zoo("build --all --samples 1 --output '" + folder.path.string() + "'", folder.path / "log") == 0);
  const std::string script =
      "import glob, onnx, sys\n"
      "files = glob.glob(sys.argv[1] + \"/*/model.qonnx\")\n"
      "[onnx.checker.check_model(onnx.load(f), full_check=True) for f in files]\n"
      "sys.exit(len(files) != int(sys.argv[2]))\n";
  const std::string command = python + " -c '" + script + "' '" + folder.path.string() + "' ";
  CHECK(std::system((command + std::to_string(zoo::networks().size())).c_str()) == 0);
}

TEST_CASE("zoo: wrong usage is one line and status 2") {
  const Folder folder;
  const fs::path log = folder.path / "log";
  for (const char* arguments :
       {"build", "build nonsense", "build mlp --all", "draw", "", "build mlp --samples 0", "list nonsense"}) {
    CAPTURE(std::string(arguments));
    CHECK(run_zoo(arguments, log) == 2);
    const std::string said = text(log);
    CHECK(std::count(said.begin(), said.end(), '\n') == 1);
    CHECK(said.rfind("ares-zoo", 0) == 0);
  }
  CHECK(run_zoo("build mlp --output /dev/null/x", log) == 1);
}
