// Checkpoints: any of them can be given in place of the model.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/import/load_network.hpp"
#include "core/ir/graph.hpp"
#include "core/ir/graph_json.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kModel = fs::path(ARES_SOURCE_DIR) / "tests/models/small_cnn.qonnx";

struct TempDirectory {
  fs::path path = fs::temp_directory_path() / ("ares_checkpoint_test_" + std::to_string(getpid()));
  TempDirectory() { fs::remove_all(path); }
  ~TempDirectory() { fs::remove_all(path); }
};

std::vector<fs::path> sorted_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("import: going on from every checkpoint gives the same network") {
  const TempDirectory directory;
  ares::ImportOptions options;
  options.policy = ares::RequantPolicy::exact;
  options.checkpoints = directory.path;
  const auto direct = ares::load_network(kModel, options);
  REQUIRE(direct);
  const std::string expected = ares::graph_to_json(*direct);
  const auto files = sorted_files(directory.path);
  REQUIRE(files.size() == 9);
  CHECK(files.front().filename() == "01_canonicalise.json");
  CHECK(files.back().filename() == "09_requantise.json");
  for (const fs::path& file : files) {
    CAPTURE(file.string());
    ares::ImportOptions same;
    same.policy = ares::RequantPolicy::exact;
    const auto again = ares::load_network(file, same);
    REQUIRE_MESSAGE(again, (again ? "" : again.error().what));
    CHECK(ares::graph_to_json(*again) == expected);
  }
}

TEST_CASE("import: a checkpoint keeps its policy unless another is asked for") {
  const TempDirectory directory;
  ares::ImportOptions options;
  options.policy = ares::RequantPolicy::exact;
  options.checkpoints = directory.path;
  REQUIRE(ares::load_network(kModel, options));
  const fs::path last = directory.path / "09_requantise.json";
  CHECK(ares::load_network(last)->policy == ares::RequantPolicy::exact);
  ares::ImportOptions fast;
  fast.policy = ares::RequantPolicy::fast;
  CHECK(ares::graph_to_json(*ares::load_network(last, fast)) == ares::graph_to_json(*ares::load_network(kModel)));
}

TEST_CASE("import: checkpoints that do not hold together are refused") {
  const TempDirectory directory;
  ares::ImportOptions options;
  options.checkpoints = directory.path;
  REQUIRE(ares::load_network(kModel, options));
  const auto good = nlohmann::json::parse(*ares::read_file(directory.path / "09_requantise.json"));
  const auto file = directory.path / "broken.json";
  const auto error_of = [&](const std::string& text) {
    REQUIRE(ares::write_file(file, text));
    const auto r = ares::load_network(file);
    return r ? std::string() : r.error().what;
  };
  CHECK(error_of(good.dump()) == "");
  for (const char* text : {"", "{", "[]", "7", R"({"ares_checkpoint":1})", R"({"ares_checkpoint":1,"after":"lower"})",
                           R"({"ares_checkpoint":1,"after":"nothing","layers":{}})",
                           R"({"ares_checkpoint":99,"after":"lower","layers":{}})",
                           R"({"ares_checkpoint":1,"after":"canonicalise","model":{}})"}) {
    CAPTURE(text);
    CHECK(error_of(text).find(file.string() + ": ") == 0);
  }
  const auto broken = [&](const char* pointer, const nlohmann::json& value) {
    auto j = good;
    j[nlohmann::json::json_pointer(pointer)] = value;
    CAPTURE(pointer);
    CHECK(error_of(j.dump()) != "");
  };
  broken("/layers/layers/0/inputs", {99});
  broken("/layers/layers/0/inputs", {-1});
  broken("/layers/layers/1/output", 0);
  broken("/layers/layers/0/kind", "Nothing");
  broken("/layers/layers/0/operation/weights", {1, 2, 3});
  broken("/layers/layers/0/operation/window/sh", 0);
  broken("/layers/layers/0/operation/requant/shift", 77);
  broken("/layers/layers/2/operation/map", {1});
  broken("/layers/layers/0/name", "conv2");
  broken("/layers/tensors/0/dims/h", 1 << 30);
  broken("/layers/tensors/0/q/scale", -1);
  broken("/layers/tensors/1/view/order", {0, 0});
  broken("/layers/inputs", nlohmann::json::array());
}

TEST_CASE("import: the word of a model checkpoint on operators and shapes is not taken") {
  const TempDirectory directory;
  ares::ImportOptions options;
  options.checkpoints = directory.path;
  const auto direct = ares::load_network(kModel, options);
  REQUIRE(direct);
  auto j = nlohmann::json::parse(*ares::read_file(directory.path / "06_quantise_constants.json"));
  const auto file = directory.path / "changed.json";
  for (auto& [name, shape] : j["model"]["shapes"].items()) {
    if (name != "input") shape = {7, 7, 7};
  }
  REQUIRE(ares::write_file(file, j.dump()));
  const auto again = ares::load_network(file);
  REQUIRE_MESSAGE(again, (again ? "" : again.error().what));
  CHECK(ares::graph_to_json(*again) == ares::graph_to_json(*direct));
  j["model"]["nodes"][1]["op"] = "Nothing";
  REQUIRE(ares::write_file(file, j.dump()));
  CHECK(ares::load_network(file).error().what.find("(Nothing): the operator is not supported") != std::string::npos);
}
