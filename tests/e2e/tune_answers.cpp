// What ares-tune answers beside the table: times and a verdict, the model's accuracy, why a config.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/e2e/tune_support.hpp"

using namespace ares::tune_test;

namespace {

std::vector<std::string> command(const Scratch& s, std::vector<std::string> more) {
  std::vector<std::string> all{"--model",     small_model(), "--no-kb", "--measure", "event",
                               "--max-evals", "600",         "--json",  s / "a.json"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("--clock and --target-ms give times and a verdict") {
  const Scratch s;
  Ended e = tune(s, command(s, {"--clock", "100MHz", "--target-ms", "1"}));
  REQUIRE_MESSAGE(e.status == 0, e.err);
  auto total = read_json(s / "a.json")["total"];
  CHECK(total["clock_hz"] == 100e6);
  CHECK(total["tuned_ms"].get<double>() == doctest::Approx(total["tuned_cycles"].get<double>() / 100e3));
  CHECK(total["meets_target"] == true);
  CHECK(e.out.find("is met") != std::string::npos);
  e = tune(s, command(s, {"--clock", "100e6", "--target-ms", "0.001"}));
  CHECK(read_json(s / "a.json")["total"]["meets_target"] == false);
  CHECK(e.out.find("is missed") != std::string::npos);
}

TEST_CASE("--target-cycles ends the run as soon as the groups are that fast together") {
  const Scratch s;
  REQUIRE(tune(s, command(s, {"--target-cycles", "1000000"})).status == 0);
  const auto report = read_json(s / "a.json");
  CHECK(report["total"]["ended"] == "target");
  CHECK(report["total"]["measurements"] <= 2 * report["groups"].size());  // rule and model-best, nothing else
  REQUIRE(tune(s, command(s, {"--target-cycles", "1"})).status == 0);
  CHECK(read_json(s / "a.json")["total"]["ended"] == "max-evals");
}

TEST_CASE("after a run the model's accuracy is told, for each group and in all") {
  const Scratch s;
  const Ended e = tune(s, command(s, {}));
  CHECK(e.out.find("Kendall's tau") != std::string::npos);
  const auto report = read_json(s / "a.json");
  std::size_t configs = 0;
  for (const auto& g : report["groups"])
    if (const auto& a = g["model_accuracy"]; !a.is_null()) {
      configs += a["configs"].get<std::size_t>();
      CHECK(a["mape"] < 0.2);
      CHECK(a["kendall_tau"] > 0.5);
      CHECK(a["regret"] >= 0);
    }
  const auto& all = report["total"]["model_accuracy"];
  CHECK(all["configs"] == configs);
  CHECK(all["top10_recall"] > 0.3);
}

TEST_CASE("--explain says why a group has its config") {
  const Scratch s;
  const Ended e = tune(s, command(s, {"--explain", "conv2"}));
  REQUIRE_MESSAGE(e.status == 0, e.err);
  for (const char* word : {"conv2: {tile_h=", "Limited by", "One knob changed", "differs in", "L1 window"})
    CHECK_MESSAGE(e.out.find(word) != std::string::npos, word);
  const Ended unknown = tune(s, command(s, {"--explain", "conv9"}));
  CHECK(unknown.status == 2);
  CHECK_MESSAGE(unknown.err.find("conv1") != std::string::npos, unknown.err);
  CHECK(tune(s, command(s, {"--clock", "fast"})).status == 2);
  CHECK(tune(s, command(s, {"--target-ms", "-1"})).status == 2);
}

TEST_CASE("--cost-model learned learns from the knowledge base, and says when there is nothing to learn from") {
  const Scratch s;
  const std::vector<std::string> dry{"--model",   small_model(),  "--kb",   s / "kb",
                                     "--dry-run", "--cost-model", "learned"};
  Ended e = tune(s, dry);
  REQUIRE_MESSAGE(e.status == 0, e.err);
  CHECK_MESSAGE(e.err.find("nothing to learn from") != std::string::npos, e.err);
  REQUIRE(tune(s, {"--model", small_model(), "--kb", s / "kb", "--measure", "event", "--max-evals", "600"}).status ==
          0);
  e = tune(s, dry);
  REQUIRE_MESSAGE(e.status == 0, e.err);
  CHECK_MESSAGE(e.err.find("results of event") != std::string::npos, e.err);
  CHECK(e.out.find("cost model learned") != std::string::npos);
}

TEST_CASE("--sweep shows the network on variants of the target") {
  const Scratch s;
  const Ended e = tune(s, command(s, {"--sweep", "cores=1,8,16"}));
  REQUIRE_MESSAGE(e.status == 0, e.err);
  const auto points = read_json(s / "a.json")["points"];
  REQUIRE(points.size() == 4);
  CHECK(points[0]["model_best_cycles"] == points[2]["model_best_cycles"]);  // gap9 has 8 workers
  CHECK(points[1]["model_best_cycles"] > points[2]["model_best_cycles"]);
  CHECK(points[3]["model_best_cycles"] < points[1]["model_best_cycles"]);
  REQUIRE(tune(s, command(s, {"--sweep", "l1=1K,64K"})).status == 0);
  const auto windows = read_json(s / "a.json")["points"];
  CHECK_MESSAGE(windows[1].contains("error"), windows.dump());  // not even the stacks fit
  CHECK(windows[2]["model_best_cycles"] > 0);
  CHECK(tune(s, command(s, {"--sweep", "l1=some"})).status == 2);
}

TEST_CASE("--objective makes something else small; the knowledge base still remembers cycles, and settles nothing") {
  const Scratch s;
  std::map<std::string, nlohmann::json> reports;
  for (const char* objective : {"cycles", "energy", "l1", "weighted"}) {
    const Ended e = tune(s, {"--model", small_model(), "--kb", s / "kb", "--measure", "event", "--max-iter", "300",
                             "--json", s / "a.json", "--objective", objective});
    REQUIRE_MESSAGE(e.status == 0, e.err);
    reports[objective] = read_json(s / "a.json");
  }
  CHECK(reports["cycles"]["objective"] == "warm");
  CHECK(reports["l1"]["objective"] == "l1");
  const auto& fast = reports["cycles"]["groups"];
  const auto& small = reports["l1"]["groups"];
  const auto& frugal = reports["energy"]["groups"];
  for (std::size_t g = 0; g < fast.size(); ++g) {
    CHECK(small[g]["tuned_cycles"] >= fast[g]["tuned_cycles"]);
    CHECK(small[g]["costs"]["l1_bytes"] <= frugal[g]["costs"]["l1_bytes"]);
    CHECK(frugal[g]["costs"]["energy_uj"] <= small[g]["costs"]["energy_uj"]);
    double cycles = 0;
    for (const auto& p : frugal[g].value("pareto", nlohmann::json::array())) {
      CHECK(p["cycles"] >= cycles);
      cycles = p["cycles"];
    }
  }
  CHECK(reports["l1"]["total"]["costs"]["l1_bytes"] < reports["energy"]["total"]["costs"]["l1_bytes"]);
  CHECK(tune(s, command(s, {"--objective", "weighted", "--weights", "speed=1"})).status == 2);

  REQUIRE(tune(s, {"--model", small_model(), "--kb", s / "fresh", "--measure", "event", "--max-iter", "300",
                   "--objective", "l1"})
              .status == 0);
  REQUIRE(tune(s, {"--model", small_model(), "--kb", s / "fresh", "--measure", "event", "--max-iter", "600", "--json",
                   s / "a.json"})
              .status == 0);
  const auto after = read_json(s / "a.json");
  for (std::size_t g = 0; g < fast.size(); ++g) CHECK(after["groups"][g]["tuned_cycles"] <= small[g]["tuned_cycles"]);
}

TEST_CASE("--report writes one page that needs nothing else") {
  const Scratch s;
  REQUIRE(tune(s, command(s, {"--report", s / "r.html"})).status == 0);
  const std::string page = read_text(s / "r.html");
  for (const char* part : {"<!DOCTYPE html>", "conv1", "Search", "Roofline", "Cost model", "Memory", "</html>"})
    CHECK_MESSAGE(page.find(part) != std::string::npos, part);
  for (const char* part : {"<script", "href", "src=", "url(", "nan", "inf'"})
    CHECK_MESSAGE(page.find(part) == std::string::npos, part);
  std::size_t charts = 0;
  for (std::size_t at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at + 1)) ++charts;
  CHECK(charts == 5);
  CHECK(tune(s, command(s, {"--report", s / "absent/r.html"})).status == 1);
}
