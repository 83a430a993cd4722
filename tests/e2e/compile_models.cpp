// ares-compile on real models: the project it writes passes on any number of cores and under sanitizers.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/group/space.hpp"
#include "core/import/load_network.hpp"
#include "cost_models/cost_model.hpp"
#include "kb/environment.hpp"
#include "kb/knowledge_base.hpp"
#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

const std::string small_model = ARES_SOURCE_DIR "/tests/models/small_cnn.qonnx";

/// The shared exports: in $ARES_SHARED_MODELS, else beside the repository.
std::filesystem::path shared_models() {
  const char* named = std::getenv("ARES_SHARED_MODELS");
  return named ? std::filesystem::path(named) : std::filesystem::path(ARES_SOURCE_DIR) / ".." / "shared" / "models";
}

CommandResult compile(const std::string& model, const std::string& project, const std::string& options) {
  return run_shell(fmt::format("{}/ares-compile --model {} --output {} {}", ARES_BIN_DIR, model, project, options));
}

/// Compiles and runs with each set of make flags.
void check_passes(const std::string& model, const std::string& options, const std::vector<std::string>& runs) {
  const ScratchDirectory scratch;
  const CommandResult compiled = compile(model, scratch / "project", options);
  INFO(compiled.text);
  REQUIRE(compiled.status == 0);
  for (const std::string& flags : runs) {
    CAPTURE(flags);
    const CommandResult made = make_project(scratch / "project", flags);
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.lines().back() == "Test PASSED");
  }
}

/// A knowledge base with one measured config for a group of the small model.
void remember(const std::string& directory, const std::string& group, const Config& config) {
  auto kb = value_or_throw(kb::KnowledgeBase::open(directory));
  const LayerGraph graph = value_or_throw(load_network(small_model));
  const Target target = value_or_throw(load_target("gap9"));
  for (const GroupInContext& g : value_or_throw(plan_contexts(graph, target, {}))) {
    if (g.group.name != group) continue;
    const auto environment = kb::current_environment(target, g.group.shape.family).of(kb::Source::event);
    const kb::Subject subject{kb::make_signature(g.group.shape, g.context, target.name, graph.policy),
                              kb::Source::event, environment};
    const kb::Trial trial{config, 1234, 0, false, false, std::nullopt};
    value_or_throw(kb.record(subject, {"model", group, "run", 0}, std::span(&trial, 1)));
  }
}

/// A knowledge base with many configs for a group of the small model, by a GVSOC whose accelerator is three times
/// slower than the model's.
void remember_slow_accelerator(const std::string& directory, const std::string& group) {
  auto kb = value_or_throw(kb::KnowledgeBase::open(directory));
  const LayerGraph graph = value_or_throw(load_network(small_model));
  const Target target = value_or_throw(load_target("gap9"));
  const auto model = value_or_throw(make_cost_model("analytical"));
  for (const GroupInContext& g : value_or_throw(plan_contexts(graph, target, {}))) {
    if (g.group.name != group) continue;
    std::vector<kb::Trial> trials;
    for_each_feasible(make_space(g.group.shape, g.context), [&](uint64_t, const Config& config) {
      const double cycles = estimate(*model, {g.group.shape, g.context, target}, config).cycles;
      trials.push_back({config, cycles * (on_accelerator(config) ? 3 : 1), 0, false, false, std::nullopt});
      return true;
    });
    const std::size_t every = trials.size() / kb::best_kept + 1;
    std::erase_if(trials, [&, n = std::size_t{0}](const kb::Trial&) mutable { return n++ % every != 0; });
    const kb::Subject subject{kb::make_signature(g.group.shape, g.context, target.name, graph.policy),
                              kb::Source::gvsoc,
                              kb::current_environment(target, g.group.shape.family).of(kb::Source::gvsoc)};
    value_or_throw(kb.record(subject, {"model", group, "run", 0}, trials));
  }
}

}  // namespace

TEST_CASE("ares-compile: the repository's model passes on 1, 3 and 8 cores and under sanitizers") {
  check_passes(small_model, "--no-kb", {"CORE=1", "CORE=3", "CORE=8 SANITIZE=thread", "CORE=8 SANITIZE=address"});
  check_passes(small_model, "--no-kb --requant exact --input " ARES_SOURCE_DIR "/tests/models/inputs.npy --sample 1",
               {"CORE=8 ENABLE_PERF=1"});
}

TEST_CASE("ares-compile: the tutorial's networks pass") {
  bool found = false;
  for (const char* name : {"tutorial_cnn_digits", "simple_mlp_digits"}) {
    const std::filesystem::path directory = shared_models() / "brevitas" / name;
    if (!std::filesystem::exists(directory)) continue;
    found = true;
    const std::string sample = fmt::format("--no-kb --input {}/inputs.npy --sample 7", directory.string());
    check_passes((directory / "model.qonnx").string(), sample, {"CORE=1", "CORE=3", "CORE=8"});
    check_passes((directory / "model.qonnx").string(), sample + " --requant exact --target siracusa", {"CORE=8"});
    check_passes((directory / "model.qonnx").string(), sample + " --l2-limit 200000 --cores 5 --stack 2048",
                 {"CORE=5 SANITIZE=thread", "CORE=2 SANITIZE=address"});
  }
  if (!found) MESSAGE("no shared models beside the repository: nothing checked");
}

TEST_CASE("ares-compile: an average pool of a real model passes") {
  const std::filesystem::path directory = shared_models() / "brevitas" / "misc_avgpool";
  if (!std::filesystem::exists(directory)) {
    MESSAGE("no shared models beside the repository: nothing checked");
    return;
  }
  const std::string sample = fmt::format("--no-kb --input {}/inputs.npy --sample 3", directory.string());
  check_passes((directory / "model.qonnx").string(), sample + " --requant exact", {"CORE=1", "CORE=3", "CORE=8"});
  check_passes((directory / "model.qonnx").string(), sample, {"CORE=8 SANITIZE=address"});
}

TEST_CASE("ares-compile: what the knowledge base knows is applied, and pins win over it") {
  const ScratchDirectory scratch;
  const Config known = value_or_throw(parse_config(
      "{tile_h=5, tile_w=12, tile_co=4, buf_in=2, buf_w=2, buf_out=2, order=channels_outer, kernel=im2col_4x2, "
      "parallel=rows}"));
  remember(scratch / "kb", "conv1", known);
  const std::string options = fmt::format("--kb {} --json {}", scratch / "kb", scratch / "report.json");

  const CommandResult compiled = compile(small_model, scratch / "project", options);
  INFO(compiled.text);
  REQUIRE(compiled.status == 0);
  CHECK(compiled.says("[KB] Auto-applying config for conv1: " + to_string(known)));
  CHECK(compiled.says("[model] config for conv2: "));
  auto report = nlohmann::json::parse(read_text(scratch / "report.json"));
  CHECK(report["groups"][0]["config_from"] == "kb-exact");
  CHECK(report["groups"][0]["config"]["tile_h"] == 5);
  CHECK(read_text(scratch / "project/report.md").find("kb-exact") != std::string::npos);

  write_text(scratch / "pins.json", R"({"conv1": "{tile_h=3, tile_w=12, tile_co=8, buf_in=2, buf_w=1, buf_out=2, )"
                                    R"(order=channels_outer, kernel=slide_2x8, parallel=channels}"})");
  const CommandResult pinned = compile(small_model, scratch / "project", options + " --pin " + (scratch / "pins.json"));
  INFO(pinned.text);
  REQUIRE(pinned.status == 0);
  CHECK(pinned.says("[pin] config for conv1: {tile_h=3, "));
  CHECK(make_project(scratch / "project", "CORE=8").says("Test PASSED"));

  CHECK(compile(small_model, scratch / "project", options + " --no-kb").says("[model] config for conv1: "));
}

TEST_CASE("ares-compile: what GVSOC measured of another group corrects the model's choice") {
  const ScratchDirectory scratch;
  remember_slow_accelerator(scratch / "kb", "conv2");
  const auto kernel_of_conv1 = [&](const std::string& options) {
    const CommandResult r = compile(small_model, scratch / "project", options + " --json " + (scratch / "r.json"));
    INFO(r.text);
    REQUIRE(r.status == 0);
    CHECK(r.says("of 1 groups in the knowledge base correct the model") == (options != "--no-kb"));
    const auto report = nlohmann::json::parse(read_text(scratch / "r.json"));
    return report["groups"][0]["config"]["kernel"].get<std::string>();
  };
  CHECK(kernel_of_conv1("--no-kb") == "ne16");
  CHECK(kernel_of_conv1("--kb " + (scratch / "kb")) != "ne16");
}

TEST_CASE("ares-compile: a pinned config that JSON gives as knobs") {
  const ScratchDirectory scratch;
  REQUIRE(compile(small_model, scratch / "project", fmt::format("--no-kb --json {}", scratch / "a.json")).status == 0);
  const auto report = nlohmann::json::parse(read_text(scratch / "a.json"));
  nlohmann::json pins;
  for (const auto& g : report["groups"]) pins[g["name"].get<std::string>()] = g["config"];
  write_text(scratch / "pins.json", pins.dump());
  const CommandResult again =
      compile(small_model, scratch / "project",
              fmt::format("--no-kb --pin {} --json {}", scratch / "pins.json", scratch / "b.json"));
  INFO(again.text);
  REQUIRE(again.status == 0);
  const auto pinned = nlohmann::json::parse(read_text(scratch / "b.json"));
  for (size_t i = 0; i < report["groups"].size(); ++i) {
    CHECK(pinned["groups"][i]["config_from"] == "pin");
    CHECK(pinned["groups"][i]["config"] == report["groups"][i]["config"]);
  }
}

TEST_CASE("ares-compile: what cannot be done is one line") {
  const ScratchDirectory scratch;
  write_text(scratch / "file", "x");
  write_text(scratch / "pins.json", R"({"nobody": {"tile_h": 1}})");
  write_text(scratch / "huge.json", R"({"conv1": {"tile_h": 999}})");
  struct Case {
    std::string model, output, options, says;
    int status;
  };
  const std::string project = scratch / "project";
  for (const Case& c :
       {Case{scratch / "missing.qonnx", project, "", "missing.qonnx", 2},
        Case{scratch / "file", project, "", "file", 2}, Case{small_model, scratch / "file", "", "file", 1},
        Case{small_model, project, "--cores 9", "--cores 9", 2},
        Case{small_model, project, "--stack 200000", "--stack", 1},
        Case{small_model, project, "--l1-limit 8250", "conv1", 1},
        Case{small_model, project, "--l2-limit 1000", "L2", 1}, Case{small_model, project, "--sample 1", "--input", 2},
        Case{small_model, project, "--input " ARES_SOURCE_DIR "/tests/models/inputs.npy --sample 999", "--sample 999",
             2},
        Case{small_model, project, "--target nosuchchip", "nosuchchip", 2},
        Case{small_model, project, "--pin " + (scratch / "pins.json"), "nobody", 2},
        Case{small_model, project, "--pin " + (scratch / "huge.json"), "conv1", 1},
        Case{small_model, project, "--kb " + (scratch / "nowhere"), "nowhere", 2}}) {
    const std::string no_kb = c.options.starts_with("--kb") ? "" : " --no-kb";
    const CommandResult r = compile(c.model, c.output, c.options + no_kb + " >/dev/null");
    CAPTURE(c.options);
    INFO(r.text);
    CHECK(r.status == c.status);
    CHECK(r.says("ares-compile: "));
    CHECK(r.says(c.says));
    CHECK(r.lines().back().starts_with("ares-compile: "));
  }
}
