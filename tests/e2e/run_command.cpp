// ares-run as a user runs it.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/base/npy.hpp"

namespace {

namespace fs = std::filesystem;
using namespace ares;

const fs::path kModels = fs::path(ARES_SOURCE_DIR) / "tests/models";
const std::string kModel = (kModels / "small_cnn.qonnx").string();
const std::string kInput = (kModels / "inputs.npy").string();

struct TempDirectory {
  fs::path path = fs::temp_directory_path() / ("ares_run_test_" + std::to_string(getpid()));
  TempDirectory() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~TempDirectory() { fs::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

struct Outcome {
  int status = -1;
  std::string out, err;
};

Outcome ares_run(const TempDirectory& dir, const std::string& arguments) {
  const std::string command = std::string(ARES_BIN_DIR "/ares-run ") + arguments + " >" + dir.file("stdout") + " 2>" +
                              dir.file("stderr") + " </dev/null";
  const int raw = std::system(command.c_str());
  return {WIFEXITED(raw) ? WEXITSTATUS(raw) : 128, *read_file(dir.file("stdout")), *read_file(dir.file("stderr"))};
}

std::string good() { return "--model " + kModel + " --input " + kInput; }

/// A refusal: status 2 and one line on stderr.
void check_refused(const Outcome& o, const std::string& part) {
  CAPTURE(o.err);
  CHECK(o.status == 2);
  CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  CHECK(o.err.find("ares-run: ") == 0);
  CHECK(o.err.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("run: outputs, integers and report of the small model") {
  const TempDirectory dir;
  const Outcome o = ares_run(dir, good() + " --requant exact --output " + dir.file("y.npy") + " --dump " +
                                      dir.file("dump") + " --json " + dir.file("r.json"));
  CAPTURE(o.err);
  REQUIRE(o.status == 0);
  CHECK(o.err == "requantisation (exact): of 3 requantised layers 0 narrow, 2 wide, 1 raw\n");
  const auto y = *read_npy(dir.path / "y.npy"), expected = *read_npy(kModels / "outputs.npy");
  CHECK(y.shape == expected.shape);
  const auto a = values_as<double>(y), b = values_as<double>(expected);
  const auto [low, high] = std::minmax_element(b.begin(), b.end());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) <= 0.03 * (*high - *low));
  int64_t elements = 0, differing = 0;
  for (const auto& entry : fs::directory_iterator(kModels / "ints")) {
    const auto ours = values_as<int>(*read_npy(dir.path / "dump" / entry.path().filename()));
    const auto theirs = values_as<int>(*read_npy(entry.path()));  // of sample 0 alone
    elements += static_cast<int64_t>(theirs.size());
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      CHECK(std::abs(ours[i] - theirs[i]) <= 1);
      differing += ours[i] != theirs[i];
    }
  }
  CHECK(elements == 144 + 1152 + 288 + 576 + 144 + 144);
  CHECK(differing * 1000 <= elements);
  const auto report = nlohmann::json::parse(*read_file(dir.file("r.json")));
  CHECK(report.at("schema_version") == 1);
  CHECK(report.at("samples") == 8);
  CHECK(report.at("requant") == "exact");
  CHECK(report.at("layers").size() == 8);
}

TEST_CASE("run: compare names the first tensor that differs") {
  const TempDirectory dir;
  REQUIRE(ares_run(dir, good() + " --dump " + dir.file("d")).status == 0);
  CHECK(ares_run(dir, good() + " --compare " + dir.file("d")).status == 0);
  const fs::path relu2 = dir.path / "d/_relu2_act_quant_export_handler_Quant_output_0.npy";
  auto array = *read_npy(relu2);
  std::get<std::vector<int16_t>>(array.values)[16 * 36 + 37] += 3;
  REQUIRE(write_npy(relu2, array));
  const Outcome o = ares_run(dir, good() + " --compare " + dir.file("d") + " --json " + dir.file("r.json"));
  CHECK(o.status == 1);
  CHECK(o.err.find("tensor '/relu2/act_quant/export_handler/Quant_output_0': 1 of 4608 elements differ, by at most 3; "
                   "the first at [1,1,0,1]") != std::string::npos);
  CHECK(nlohmann::json::parse(*read_file(dir.file("r.json")))["compare"]["difference"] != "");
  fs::create_directories(dir.path / "empty");
  check_refused(ares_run(dir, "--model " + dir.file("d") + " --input " + kInput), "is a directory");
  const Outcome none = ares_run(dir, good() + " --compare " + dir.file("empty"));
  CHECK(none.status == 2);
}

TEST_CASE("run: a checkpoint stands in for the model") {
  const TempDirectory dir;
  REQUIRE(ares_run(dir, good() + " --requant exact --output " + dir.file("a.npy") + " --checkpoints " + dir.file("c"))
              .status == 0);
  REQUIRE(ares_run(dir, "--model " + dir.file("c/09_requantise.json") + " --input " + kInput +
                            " --output output=" + dir.file("b.npy"))
              .status == 0);
  CHECK(*read_file(dir.file("a.npy")) == *read_file(dir.file("b.npy")));
}

TEST_CASE("run: labels give the accuracy") {
  const TempDirectory dir;
  REQUIRE(write_npy(dir.path / "l.npy", {{8}, std::vector<int64_t>{1, 1, 1, 0, 1, 5, 1, 1}}));
  const Outcome o = ares_run(dir, good() + " --requant exact --labels " + dir.file("l.npy"));
  CHECK(o.status == 0);
  CHECK(o.out.find("accuracy: 87.50 % (7 of 8)") != std::string::npos);
  REQUIRE(write_npy(dir.path / "l.npy", {{7}, std::vector<int64_t>(7)}));
  CHECK(ares_run(dir, good() + " --labels " + dir.file("l.npy")).status == 2);
}

TEST_CASE("run: hostile models and inputs are refused in one line") {
  const TempDirectory dir;
  const std::string bytes = *read_file(kModel);
  const auto model = [&](const std::string& content) {
    REQUIRE(write_file(dir.path / "m.qonnx", content));
    return ares_run(dir, "--model " + dir.file("m.qonnx") + " --input " + kInput);
  };
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = bytes;
    for (std::size_t at = 0; (at = changed.find(from, at)) != std::string::npos;) changed.replace(at, from.size(), to);
    return changed;
  };
  check_refused(model(bytes.substr(0, bytes.size() / 2)), "m.qonnx: not an ONNX file, or truncated");
  check_refused(model("\x01\x02random bytes, no protobuf\xff"), "m.qonnx: not an ONNX file");
  check_refused(model(""), "m.qonnx: holds no ONNX graph");
  check_refused(model(replaced("MaxPool", "LpPools")), "(LpPools): the operator is not supported");
  check_refused(model(replaced("Quant", "Quart")), "has no Quant node");
  check_refused(ares_run(dir, "--model /nonexistent.qonnx --input " + kInput), "/nonexistent.qonnx: no such file");
  check_refused(ares_run(dir, "--model " + kModel + " --input /nonexistent.npy"), "/nonexistent.npy: no such file");
  check_refused(ares_run(dir, "--model " + kModel + " --input " + kModel), "not a .npy file");
  REQUIRE(write_npy(dir.path / "x.npy", {{2, 3}, std::vector<float>(6)}));
  check_refused(ares_run(dir, "--model " + kModel + " --input " + dir.file("x.npy")), "does not fit input 'input'");
  REQUIRE(write_npy(dir.path / "x.npy", {{1, 1, 12, 12}, std::vector<float>(144, std::nanf(""))}));
  check_refused(ares_run(dir, "--model " + kModel + " --input " + dir.file("x.npy")), "not a number");
}

TEST_CASE("run: wrong usage is refused in one line, help and version are not") {
  const TempDirectory dir;
  check_refused(ares_run(dir, ""), "is required but missing");
  check_refused(ares_run(dir, good() + " --nonsense"), "--nonsense");
  check_refused(ares_run(dir, good() + " --outpu y.npy"), "--outpu");
  check_refused(ares_run(dir, good() + " stray"), "positional");
  check_refused(ares_run(dir, good() + " --requant sloppy"), "fast or exact");
  check_refused(ares_run(dir, good() + " --input " + kInput), "1 input(s)");
  CHECK(ares_run(dir, "--help").out.find("--compare") != std::string::npos);
  CHECK(ares_run(dir, "--version").out.find("ares-run ") == 0);
  CHECK(ares_run(dir, good() + " --output /nonexistent/y.npy").status == 1);
}
