// The examples of experiments/plugin_example, as their readers use them: built outside the tree against what
// `cmake --install` put down, and in Python.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "tests/e2e/tune_support.hpp"

using namespace ares::tune_test;

namespace {

const std::string example = ARES_SOURCE_DIR "/experiments/plugin_example";

bool succeeds(const std::string& command) { return std::system((command + " > /dev/null 2>&1").c_str()) == 0; }

nlohmann::json by_model(const Scratch& s, const std::string& model) {
  const Ended e =
      tune(s, {"--model", small_model(), "--no-kb", "--dry-run", "--cost-model", model, "--json", s / "a.json"});
  REQUIRE_MESSAGE(e.status == 0, e.err);
  CHECK_MESSAGE(e.err.find("going on") == std::string::npos, e.err);
  return read_json(s / "a.json");
}

}  // namespace

TEST_CASE("the example of a plug-in is built out of tree and ranks configs") {
  const Scratch s;
  REQUIRE(succeeds(fmt::format("cmake --install {}/.. --component plugin --prefix {}", ARES_BIN_DIR, s / "ares")));
  REQUIRE(succeeds(fmt::format("cmake -S {} -B {} -DCMAKE_PREFIX_PATH={}", example, s / "build", s / "ares")));
  REQUIRE(succeeds(fmt::format("cmake --build {}", s / "build")));
  const auto report = by_model(s, s / "build/libmine.so"), analytical = by_model(s, "analytical");
  CHECK_FALSE(report.contains("cost_model_failure"));
  for (std::size_t g = 0; g < report["groups"].size(); ++g)  // at least one step each
    CHECK(report["groups"][g]["model_best_cycles"] >= analytical["groups"][g]["model_best_cycles"].get<double>() + 150);
}

TEST_CASE("the example of a strategy is built out of tree against the installed libraries and conforms") {
  const Scratch s;
  REQUIRE(succeeds(fmt::format("cmake --install {}/.. --component search --prefix {}", ARES_BIN_DIR, s / "ares")));
  const std::string strategy = ARES_SOURCE_DIR "/experiments/strategy_example";
  REQUIRE(succeeds(fmt::format("cmake -S {} -B {} -DCMAKE_PREFIX_PATH={}", strategy, s / "build", s / "ares")));
  REQUIRE(succeeds(fmt::format("cmake --build {}", s / "build")));
  CHECK(succeeds(s / "build/mine"));
}

TEST_CASE("ares-conform tells the plug-in that keeps the contract from those that break it") {
  const std::string conform = ARES_BIN_DIR "/ares-conform --cost-model ", plugins = ARES_BIN_DIR "/../tests/plugins/";
  CHECK(succeeds(conform + plugins + "libplugin_works.so"));
  CHECK_FALSE(succeeds(conform + plugins + "libplugin_gives_nan.so"));
  CHECK_FALSE(succeeds(conform + plugins + "libplugin_moody.so"));
}

TEST_CASE("the Python example learns from trials") {
  if (!succeeds("python3 -c 'import numpy'")) {
    MESSAGE("there is no python3 with numpy: not tested");
    return;
  }
  const Scratch s;
  REQUIRE(tune(s, {"--model", small_model(), "--no-kb", "--max-evals", "500", "--trials", s / "t.jsonl"}).status == 0);
  const std::string model = "exec:python3 " + example + "/mine.py";
  const auto plain = by_model(s, model), trained = by_model(s, model + " " + s / "t.jsonl");
  CHECK(succeeds(ARES_BIN_DIR "/ares-conform --cost-model '" + model + "'"));
  const auto analytical = by_model(s, "analytical");
  for (std::size_t g = 0; g < plain["groups"].size(); ++g) {
    const double expected = analytical["groups"][g]["model_best_cycles"];
    CHECK(plain["groups"][g]["model_best_cycles"].get<double>() == doctest::Approx(expected).epsilon(1e-4));
    CHECK(trained["groups"][g]["model_best_cycles"].get<double>() == doctest::Approx(expected).epsilon(0.3));
  }
}

TEST_CASE("a plug-in that crashes is named, and the run is that of the analytical model") {
  const Scratch s;
  const std::string crashing = ARES_BIN_DIR "/../tests/plugins/libplugin_crashes.so";
  const std::vector<std::string> command{"--model", small_model(), "--no-kb",   "--max-evals",
                                         "300",     "--json",      s / "a.json"};
  REQUIRE(tune(s, command).status == 0);
  const auto expected = read_json(s / "a.json");
  auto with_plugin = command;
  with_plugin.insert(with_plugin.end(), {"--cost-model", crashing});
  const Ended e = tune(s, with_plugin);
  CHECK(e.status == 0);
  CHECK_MESSAGE(e.err.find("libplugin_crashes.so': crashed") != std::string::npos, e.err);
  const auto report = read_json(s / "a.json");
  CHECK(report["cost_model"] == "analytical");
  CHECK(report.contains("cost_model_failure"));
  for (std::size_t g = 0; g < report["groups"].size(); ++g)
    CHECK(report["groups"][g]["trials_hash"] == expected["groups"][g]["trials_hash"]);
}
