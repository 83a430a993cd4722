// ares-tune as a user runs it, on the repository's small model.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>

#include "tune_support.hpp"

using namespace ares::tune_test;

namespace {

using Arguments = std::vector<std::string>;

std::size_t measurements(const nlohmann::json& report) { return report["total"]["measurements"].get<std::size_t>(); }

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Arguments on_model() { return {"--model", small_model()}; }

void check_group(const nlohmann::json& g) {
  CAPTURE(g.dump());
  for (const char* key : {"name", "op", "shape", "macs", "config", "bottleneck", "config_from", "evaluations"})
    CHECK_MESSAGE(g.contains(key), key);
  CHECK(g["cycles_from"] == "event");
  CHECK(g["settled"] == true);
  CHECK(g["tuned_cycles"] <= g["rule_cycles"]);
  CHECK(g["tuned_cycles"] <= g["model_best_cycles"]);
  CHECK(g["optimum_cycles"] == g["tuned_cycles"]);  // small spaces are exhausted
  CHECK(g["lower_bound_cycles"] <= g["tuned_cycles"]);
  CHECK(g["space"]["feasible"] <= g["space"]["raw"]);
}

}  // namespace

TEST_CASE("ares-tune reports every group and the network, and an identical run measures nothing") {
  const Scratch s;
  const Arguments command = on_model() + Arguments{"--kb", s / "kb", "--json", s / "a.json"};
  const Ended first = tune(s, command);
  REQUIRE_MESSAGE(first.status == 0, first.err);
  const auto a = read_json(s / "a.json");
  CHECK(a["schema_version"] == 1);
  for (const char* key : {"model", "target", "seed", "requant", "objective"}) CHECK_MESSAGE(a.contains(key), key);
  REQUIRE(a["groups"].size() == 8);
  for (const auto& g : a["groups"]) {
    check_group(g);
    CHECK(first.out.find(g["name"].get<std::string>()) != std::string::npos);
  }
  const auto& total = a["total"];
  CHECK(total["tuned_cycles"] <= total["rule_cycles"]);
  CHECK(total["tuned_cycles"] <= total["model_best_cycles"]);
  CHECK(total["tuned_cold_cycles"] > total["tuned_cycles"]);
  CHECK(measurements(a) > 0);

  REQUIRE(tune(s, command).status == 0);
  const auto b = read_json(s / "a.json");
  CHECK(measurements(b) == 0);
  for (std::size_t g = 0; g < a["groups"].size(); ++g) {
    for (const char* key : {"config", "rule_cycles", "model_best_cycles", "tuned_cycles", "optimum_cycles", "settled"})
      CHECK_MESSAGE(b["groups"][g][key] == a["groups"][g][key], key);
    CHECK(b["groups"][g]["config_from"] == "kb-exact");
  }
  CHECK(b["total"]["tuned_cycles"] == total["tuned_cycles"]);
}

TEST_CASE("same seed and --max-evals: the same trials, whatever --jobs") {
  const Scratch s;
  for (const std::string strategy : {"auto", "bayesian", "evolutionary", "random"}) {
    std::vector<std::string> trials;
    for (const std::string jobs : {"1", "2", "3"}) {
      const Ended e =
          tune(s, on_model() + Arguments{"--kb", s / ("kb" + strategy + jobs), "--jobs", jobs, "--seed", "7",
                                         "--strategy", strategy, "--max-evals", "5000", "--trials", s / "trials"});
      REQUIRE_MESSAGE(e.status == 0, e.err);
      trials.push_back(read_text(s / "trials"));
    }
    CHECK(lines(trials[0]).size() == 5000);
    CHECK(trials[0] == trials[1]);
    CHECK(trials[0] == trials[2]);
  }
}

TEST_CASE("runs that were cut go on, measure nothing twice and end with what one run finds") {
  const Scratch s;
  REQUIRE(tune(s, on_model() + Arguments{"--kb", s / "whole", "--json", s / "whole.json"}).status == 0);
  const auto expected = read_json(s / "whole.json");
  const Arguments command = on_model() + Arguments{"--kb", s / "kb", "--json", s / "a.json"};
  std::size_t sum = 0;
  for (int run = 0; run < 3; ++run) {
    REQUIRE(tune(s, command + Arguments{"--max-evals", "2000"}).status == 0);
    sum += measurements(read_json(s / "a.json"));
  }
  REQUIRE(tune(s, command).status == 0);
  const auto report = read_json(s / "a.json");
  CHECK(measurements(report) + sum == measurements(expected));
  for (std::size_t g = 0; g < report["groups"].size(); ++g)
    CHECK(report["groups"][g]["tuned_cycles"] == expected["groups"][g]["tuned_cycles"]);
}

TEST_CASE("Ctrl-C and SIGTERM end a run within a second, with its summary, and lose nothing") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Scratch s;
    const Arguments command = on_model() + Arguments{"--kb", s / "kb", "--json", s / "a.json"};
    Tuning t(s, command + Arguments{"--trials", s / "trials", "--jobs", "1", "--strategy", "random"});
    REQUIRE(t.wait_for("classifier: [0-9,]+ cycles after"));  // the last group's baseline is measured
    const auto begin = std::chrono::steady_clock::now();
    t.send(signal);
    CHECK(t.wait() == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
    CHECK(t.out().find("interrupted") != std::string::npos);
    const auto report = read_json(s / "a.json");
    CHECK(report["total"]["ended"] == "interrupted");
    CHECK(lines(read_text(s / "trials")).size() == measurements(report));

    REQUIRE(tune(s, command).status == 0);
    const auto rest = read_json(s / "a.json");
    std::size_t feasible = 0;
    for (const auto& g : rest["groups"])
      if (g["same_as"].is_null()) feasible += g["space"]["feasible"].get<std::size_t>();
    CHECK(measurements(report) + measurements(rest) == feasible);
  }
}

TEST_CASE("a dry run measures and writes nothing") {
  const Scratch s;
  const Ended e = tune(s, on_model() + Arguments{"--kb", s / "kb", "--dry-run", "--json", s / "a.json"});
  REQUIRE_MESSAGE(e.status == 0, e.err);
  CHECK_FALSE(std::filesystem::exists(s / "kb"));
  const auto report = read_json(s / "a.json");
  CHECK(report["dry_run"] == true);
  CHECK(measurements(report) == 0);
  for (const auto& g : report["groups"]) {
    uint64_t removed = 0;
    for (const auto& [constraint, count] : g["space"]["removed"].items()) removed += count.get<uint64_t>();
    CHECK(g["space"]["raw"].get<uint64_t>() == g["space"]["feasible"].get<uint64_t>() + removed);
    CHECK(g["kb"]["hit"] == "none");
  }
}

TEST_CASE("a dry run without a model shows what there is") {
  const Scratch s;
  const Ended e = tune(s, {"--dry-run", "--kb", s / "kb"});
  CHECK(e.status == 0);
  for (const char* word : {"gap9", "siracusa", "event", "auto", "grid", "random", "analytical"})
    CHECK_MESSAGE(e.out.find(word) != std::string::npos, word);
}

TEST_CASE("a dry run shows what the knowledge base has") {
  const Scratch s;
  const Arguments command = on_model() + Arguments{"--kb", s / "kb", "--json", s / "a.json"};
  REQUIRE(tune(s, command).status == 0);
  REQUIRE(tune(s, command + Arguments{"--dry-run"}).status == 0);
  for (const auto& g : read_json(s / "a.json")["groups"]) {
    CHECK(g["kb"]["hit"] == "exact");
    CHECK(g["plan"].get<std::string>().find("settled") != std::string::npos);
  }
  // Half of the L1 makes other signatures, near those that are known.
  REQUIRE(tune(s, command + Arguments{"--dry-run", "--l1-limit", "65536"}).status == 0);
  for (const auto& g : read_json(s / "a.json")["groups"]) {
    CHECK(g["kb"]["hit"] == "near");
    CHECK(g["kb"]["distance"].get<double>() > 0);
  }
}

TEST_CASE("pins win over everything") {
  const Scratch s;
  const Arguments command = on_model() + Arguments{"--no-kb", "--json", s / "a.json", "--max-evals", "100"};
  REQUIRE(tune(s, command).status == 0);
  auto pin = read_json(s / "a.json")["groups"][0]["config"];
  pin["tile_h"] = 1;
  write_text(s / "pins.json", nlohmann::json{{"conv1", pin}}.dump());
  const Ended e = tune(s, command + Arguments{"--pin", s / "pins.json"});
  REQUIRE_MESSAGE(e.status == 0, e.err);
  const auto group = read_json(s / "a.json")["groups"][0];
  CHECK(group["config_from"] == "pin");
  CHECK(group["config"] == pin);
}

TEST_CASE("without measuring, the model's best is taken and nothing is remembered") {
  const Scratch s;
  const Arguments command = on_model() + Arguments{"--kb", s / "kb", "--json", s / "a.json"};
  const Ended e = tune(s, command + Arguments{"--measure", "none"});
  REQUIRE_MESSAGE(e.status == 0, e.err);
  const auto report = read_json(s / "a.json");
  CHECK(measurements(report) == 0);
  for (const auto& g : report["groups"]) {
    CHECK(g["cycles_from"] == "model");
    CHECK(g["optimum_cycles"].is_null());
  }
  CHECK_FALSE(std::filesystem::exists(s / "kb"));
}

TEST_CASE("what cannot be done is one line and status 2") {
  const Scratch s;
  write_text(s / "bad.json", "{\"conv1\": {\"tile_h\": ");
  write_text(s / "stranger.json", "{\"conv9\": {\"tile_h\": 1}}");
  write_text(s / "random.qonnx", "no model at all");
  const std::vector<std::pair<Arguments, std::string>> wrong{
      {{"--no-kb"}, "--model"},
      {{"--model", s / "absent.qonnx"}, "absent.qonnx"},
      {{"--model", s / "random.qonnx"}, "random.qonnx"},
      {on_model() + Arguments{"--frobnicate"}, "frobnicate"},
      {on_model() + Arguments{"--strategy", "psychic"}, "psychic"},
      {on_model() + Arguments{"--cost-model", "oracle"}, "oracle"},
      {on_model() + Arguments{"--measure", "gvsoc"}, "event"},
      {on_model() + Arguments{"--measure", "stopwatch"}, "stopwatch"},
      {on_model() + Arguments{"--engine", "accel"}, "accel"},
      {on_model() + Arguments{"--objective", "beauty"}, "weighted"},
      {on_model() + Arguments{"--sweep", "magic=1,2"}, "cores (workers)"},
      {on_model() + Arguments{"--gvsoc", "/opt"}, "--gvsoc"},
      {on_model() + Arguments{"--budget", "soon"}, "soon"},
      {on_model() + Arguments{"--max-evals", "-1"}, "--max-evals"},
      {on_model() + Arguments{"--jobs", "0"}, "--jobs"},
      {on_model() + Arguments{"--cores", "0"}, "--cores"},
      {on_model() + Arguments{"--cores", "99"}, "--cores"},
      {on_model() + Arguments{"--requant", "rough"}, "rough"},
      {on_model() + Arguments{"--target", "z80"}, "z80"},
      {on_model() + Arguments{"--layers", "conv1,conv9"}, "conv9"},
      {on_model() + Arguments{"--pin", s / "absent.json"}, "absent.json"},
      {on_model() + Arguments{"--pin", s / "bad.json"}, "bad.json"},
      {on_model() + Arguments{"--pin", s / "stranger.json"}, "conv9"},
      {on_model() + Arguments{"--kb", s / "kb"}, "--no-kb"},
  };
  for (const auto& [arguments, named] : wrong) {
    const Ended e = tune(s, arguments.front() == "--no-kb" ? arguments : arguments + Arguments{"--no-kb"});
    CAPTURE(named);
    CAPTURE(e.err);
    CHECK(e.status == 2);
    REQUIRE_FALSE(lines(e.err).empty());
    const std::string last = lines(e.err).back();
    CHECK(last.starts_with("ares-tune: "));
    CHECK(last.find(named) != std::string::npos);
    CHECK(e.out.empty());
  }
}

TEST_CASE("files and knowledge bases that cannot be written are one line and status 1, before any work") {
  const Scratch s;
  write_text(s / "file", "");
  for (const Arguments& arguments : std::vector<Arguments>{
           {"--kb", s / "file"}, {"--no-kb", "--json", s / "absent/a.json"}, {"--no-kb", "--trials", s / "absent/t"}}) {
    const Ended e = tune(s, on_model() + arguments);
    CAPTURE(e.err);
    CHECK(e.status == 1);
    REQUIRE_FALSE(lines(e.err).empty());
    CHECK(lines(e.err).back().starts_with("ares-tune: "));
    CHECK(e.err.find("cycles") == std::string::npos);
  }
}

TEST_CASE("a second writer is told who holds the knowledge base") {
  const Scratch s, other;
  Tuning first(s, on_model() + Arguments{"--kb", s / "kb", "--jobs", "1"});
  REQUIRE(first.wait_for("measurements"));
  const Ended second = tune(other, on_model() + Arguments{"--kb", s / "kb"});
  CHECK(second.status == 1);
  CHECK(lines(second.err).back().starts_with("ares-tune: "));
  CHECK(first.wait() == 0);
}
