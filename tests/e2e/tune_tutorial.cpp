// The tutorial's two networks, from the shared models beside the repository: what tuning them has to reach.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tune_support.hpp"

using namespace ares::tune_test;

namespace {

using Arguments = std::vector<std::string>;

/// Of an export among the shared models, in $ARES_SHARED_MODELS or else beside the repository; empty: not there.
std::string shared_model(const std::string& name) {
  const char* named = std::getenv("ARES_SHARED_MODELS");
  const std::string root = named ? named : ARES_SOURCE_DIR "/../shared/models";
  const std::string file = root + "/brevitas/" + name + "/model.qonnx";
  if (std::filesystem::exists(file)) return file;
  MESSAGE("not beside the repository, so nothing is checked: " << file);
  return {};
}

double cycles(const nlohmann::json& where, const char* key) { return where[key].get<double>(); }

void check_feasible(const nlohmann::json& report, const std::string& group, uint64_t least) {
  for (const auto& g : report["groups"])
    if (g["name"] == group) {
      CHECK(g["space"]["feasible"].get<uint64_t>() >= least);
      return;
    }
  FAIL_CHECK("no group " << group);
}

/// Within a minute near the exhaustive optimum, well ahead of the rule; then nothing is left to measure.
void check_tuning(const std::string& model, const Arguments& large_groups) {
  if (model.empty()) return;
  const Scratch s;
  const Arguments exhaustive{"--model",  model, "--no-kb", "--strategy",  "grid",
                             "--budget", "1h",  "--json",  s / "all.json"};
  REQUIRE(tune(s, exhaustive).status == 0);
  const auto all = read_json(s / "all.json");
  const Arguments minute{"--model", model, "--kb", s / "kb", "--budget", "60s", "--json", s / "minute.json"};
  REQUIRE(tune(s, minute).status == 0);
  const auto tuned = read_json(s / "minute.json");
  CHECK(cycles(tuned["total"], "wall_s") < 62);
  for (const std::string& group : large_groups) check_feasible(tuned, group, 10000);
  for (std::size_t g = 0; g < all["groups"].size(); ++g) {
    CAPTURE(all["groups"][g]["name"]);
    REQUIRE_FALSE(all["groups"][g]["optimum_cycles"].is_null());
    CHECK(cycles(tuned["groups"][g], "tuned_cycles") <= 1.02 * cycles(all["groups"][g], "optimum_cycles"));
  }
  CHECK(cycles(tuned["total"], "tuned_cycles") <= 1.02 * cycles(all["total"], "optimum_cycles"));
  CHECK(cycles(tuned["total"], "rule_cycles") >= 1.15 * cycles(tuned["total"], "tuned_cycles"));

  const Arguments settle{"--model", model, "--kb", s / "kb", "--max-evals", "100000000", "--json", s / "settled.json"};
  REQUIRE(tune(s, settle).status == 0);
  REQUIRE(tune(s, settle).status == 0);
  CHECK(read_json(s / "settled.json")["total"]["measurements"] == 0);
}

}  // namespace

TEST_SUITE("full") {
  TEST_CASE("the tutorial's CNN") { check_tuning(shared_model("tutorial_cnn_digits"), {"conv2", "conv3"}); }
  TEST_CASE("the tutorial's MLP") { check_tuning(shared_model("simple_mlp_digits"), {"fc1"}); }
}
