// Files that are no models, or broken ones: one line, never a crash.
#include <doctest/doctest.h>

#include <random>

#include "core/base/file.hpp"
#include "core/import/load_network.hpp"
#include "core/import/read_model.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

const std::string kModel = ARES_SOURCE_DIR "/tests/models/small_cnn.qonnx";

std::string model_bytes() { return *ares::read_file(kModel); }

/// The error of reading and lowering these bytes; empty when they are a good model.
std::string error_of(const std::string& bytes) {
  auto model = ares::qonnx::parse_model(bytes, "broken.qonnx");
  if (!model) return model.error().what;
  const auto graph = ares::test::run_pipeline(*model);
  return graph ? "" : graph.error().what;
}

void check_line(const std::string& what) {
  CAPTURE(what);
  CHECK(what.find('\n') == std::string::npos);
  CHECK(what.size() > 20);
}

/// All occurrences replaced by a word of the same length, so that the file's lengths stay right.
std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  REQUIRE(from.size() == to.size());
  for (std::size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at)) {
    bytes.replace(at, from.size(), to);
  }
  return bytes;
}

}  // namespace

TEST_CASE("import: the small model loads, its truncations do not") {
  const std::string bytes = model_bytes();
  CHECK(error_of(bytes) == "");
  for (std::size_t n = 0; n < bytes.size(); n += 61) check_line(error_of(bytes.substr(0, n)));
  check_line(error_of(bytes.substr(0, bytes.size() - 1)));
}

TEST_CASE("import: random bytes are no model") {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random() % 2000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    check_line(error_of(bytes));
  }
}

TEST_CASE("import: a changed byte is noticed or harmless, never a crash") {
  const std::string bytes = model_bytes();
  std::mt19937 random(2);
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string changed = bytes;
    for (int k = 0; k < 1 + i % 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    const std::string what = error_of(changed);
    CHECK(what.find('\n') == std::string::npos);
    refused += !what.empty();
  }
  CHECK(refused > 0);
}

TEST_CASE("import: operators and models that are not supported are named") {
  const std::string unknown = error_of(replaced(model_bytes(), "MaxPool", "MinPool"));
  CHECK(unknown.find("broken.qonnx: node '/pool1/MinPool' (MinPool): the operator is not supported") == 0);
  CHECK(unknown.find("'/pool1/MinPool_output_0'") != std::string::npos);
  const std::string float_only = error_of(replaced(model_bytes(), "Quant", "Quart"));
  CHECK(float_only.find("broken.qonnx: has no Quant node") == 0);
  const std::string lost = error_of(replaced(model_bytes(), "conv2.bias", "conv9.bias").replace(0, 0, ""));
  CHECK(lost == "");  // renamed everywhere
}

TEST_CASE("import: files that are not there") {
  const auto what = [](const char* path) { return ares::load_network(path).error().what; };
  CHECK(what("/nonexistent/m.qonnx") == "/nonexistent/m.qonnx: no such file");
  CHECK(what("/nonexistent/m.json") == "/nonexistent/m.json: no such file");
  CHECK(what("/") == "/: is a directory");
}
