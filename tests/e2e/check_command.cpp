// ares-check as a user runs it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "core/builder/model_builder.hpp"
#include "core/builder/write_model.hpp"
#include "tests/e2e/compile_support.hpp"

namespace ares {
namespace {

using namespace test;
using namespace builder;

CommandResult ares_check(const std::string& arguments) {
  return run_shell(std::string(ARES_BIN_DIR "/ares-check ") + arguments);
}

const std::string kModel = ARES_SOURCE_DIR "/tests/models/small_cnn.qonnx";

/// A model of two layers, written to a file; the first has 16-bit weights where it is broken.
std::string model(const ScratchDirectory& dir, bool broken) {
  ModelBuilder b("two", {.seed = 3});
  const Value x = b.quant("input_quant", b.input("input", {1, 4, 8, 8}));
  const int bits = broken ? 16 : 8;
  const Value y = b.relu("relu", b.conv("conv", x, {.out = 8, .kernel = {3, 3}, .weights = {.bits = bits}}));
  const qonnx::ModelGraph graph = b.finish({b.linear("fc", b.flatten(y), {.out = 10})});
  const std::string file = dir / (broken ? "broken.qonnx" : "clean.qonnx");
  value_or_throw(qonnx::write_model(graph, file));
  return file;
}

}  // namespace

TEST_CASE("check: a model that can be deployed") {
  const ScratchDirectory dir;
  const CommandResult r = ares_check("--model " + kModel + " --json " + (dir / "r.json"));
  CAPTURE(r.text);
  CHECK(r.status == 0);
  CHECK(r.says("can be deployed on gap9"));
  const auto json = nlohmann::json::parse(read_text(dir / "r.json"));
  CHECK(json["status"] != "unsupported");
  CHECK(json["memory"]["l2"]["arena"] > 0);
  CHECK(json["event_cycles"]["cold"] > json["event_cycles"]["warm"]);
  int64_t macs = 0;
  for (const auto& node : json["nodes"]) macs += node.value("macs", int64_t{0});
  CHECK(json["macs"] == macs);
  CHECK(macs == 12 * 12 * 8 * 9 + 6 * 6 * 16 * 8 * 9 + 144 * 10);
}

TEST_CASE("check: a finding, its change and status 1") {
  const ScratchDirectory dir;
  CHECK(ares_check("--model " + model(dir, false)).status == 0);
  const CommandResult r = ares_check("--model " + model(dir, true) + " --json " + (dir / "r.json"));
  CAPTURE(r.text);
  CHECK(r.status == 1);
  CHECK(r.says("change: conv: weight_bit_width=8"));
  const auto json = nlohmann::json::parse(read_text(dir / "r.json"));
  CHECK(json["status"] == "unsupported");
  REQUIRE(json["findings"].size() == 1);
  CHECK(json["findings"][0]["node"] == "/conv/Conv");
  CHECK(json["findings"][0]["severity"] == "unsupported");
}

TEST_CASE("check: what cannot be read or makes no sense is one line and status 2") {
  const ScratchDirectory dir;
  write_text(dir / "rubbish.qonnx", "no model at all");
  for (const std::string& arguments : {"--model " + (dir / "rubbish.qonnx"), "--model " + (dir / "absent.qonnx"),
                                       std::string(), "--model " + kModel + " --target nothing",
                                       "--model " + kModel + " --cores 99", "--model " + kModel + " --requant slow"}) {
    const CommandResult r = ares_check(arguments);
    CAPTURE(arguments);
    CAPTURE(r.text);
    CHECK(r.status == 2);
    CHECK(r.lines().size() == 1);
  }
}

TEST_CASE("check: the page of operations") {
  const CommandResult r = ares_check("--operations");
  CHECK(r.status == 0);
  CHECK(r.says("| Conv | network |"));
}

}  // namespace ares
