// Cost models that are plug-ins: those that work, and those that fail in every way we could think of.
#include "cost_models/plugin.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>

#include "core/group/space.hpp"

using namespace ares;

namespace {

constexpr PluginLimits short_limits{2, 0.5};

struct Bench {
  Target target = load_target("gap9").value();
  GroupShape shape;
  Context context;
  std::vector<Config> configs;

  Bench() {
    shape.family = Family::linear;
    shape.in = {1, 1, 64};
    shape.out = {1, 1, 32};
    context.l1_bytes = 64 * 1024;
    for_each_feasible(make_space(shape, context), [&](uint64_t, const Config& c) {
      configs.push_back(c);
      return configs.size() < 200;
    });
  }

  std::vector<Estimate> by(const CostModel& model) const {
    std::vector<Estimate> estimates(configs.size());
    model.estimate({shape, context, target}, configs, estimates);
    return estimates;
  }
};

std::string library(const std::string& behaviour) {
  return std::string(ARES_BIN_DIR) + "/../tests/plugins/libplugin_" + behaviour + ".so";
}
std::string command(const std::string& mode) {
  return std::string("exec:") + ARES_BIN_DIR + "/../tests/plugins/json_model " + mode;
}

std::shared_ptr<const PluginModel> make(const Bench& b, const std::string& spec, bool trusted = false) {
  auto model = make_plugin_model(spec, b.target, trusted, ARES_BIN_DIR "/ares-pluginhost", short_limits);
  REQUIRE_MESSAGE(model, model.error().what);
  return *model;
}

void check_twice(const Bench& b, const std::string& spec, bool trusted) {
  CAPTURE(spec);
  const auto model = make(b, spec, trusted);
  const auto analytical = b.by(**make_cost_model("analytical"));
  for (int batch = 0; batch < 3; ++batch) {
    const auto estimates = b.by(*model);
    CHECK_MESSAGE(!model->failure(), model->failure().value_or(""));
    for (std::size_t i = 0; i < estimates.size(); ++i) {
      CHECK(estimates[i].cycles == doctest::Approx(2 * analytical[i].cycles).epsilon(1e-6));
      CHECK(estimates[i].bottleneck == analytical[i].bottleneck);
    }
  }
}

/// After the failure the analytical model answers.
void check_failure(const Bench& b, const std::string& spec, const std::string& word, bool trusted = false) {
  CAPTURE(spec);
  const auto begin = std::chrono::steady_clock::now();
  const auto model = make(b, spec, trusted);
  const auto estimates = b.by(*model);
  const auto failure = model->failure();
  REQUIRE(failure);
  CHECK_MESSAGE(failure->find(spec) != std::string::npos, *failure);
  CHECK_MESSAGE(failure->find(word) != std::string::npos, *failure);
  CHECK(failure->find('\n') == std::string::npos);
  const auto analytical = b.by(**make_cost_model("analytical"));
  for (std::size_t i = 0; i < estimates.size(); ++i) CHECK(estimates[i].cycles == analytical[i].cycles);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

}  // namespace

TEST_CASE("plug-in cost models that work: in a process of their own, in ours, behind a pipe") {
  const Bench b;
  check_twice(b, library("works"), false);
  check_twice(b, library("works"), true);
  check_twice(b, command(""), false);
}

TEST_CASE("a plug-in that fails is reported by name and the analytical model goes on") {
  const Bench b;
  struct Case {
    std::string plugin, says;
    bool trusted = false;
  };
  const Case cases[] = {
      {library("throws"), "threw: no idea"},
      {library("crashes"), "crashed"},
      {library("hangs"), "within 0.5 s"},
      {library("gives_nan"), "nan"},
      {library("other_abi"), "ABI 2"},
      {library("not_created"), "gap9"},
      {library("says_failed"), "returned 1"},
      {library("throws"), "threw: no idea", true},
      {library("other_abi"), "ABI 2", true},
      {library("gives_nan"), "nan", true},
      {command("version"), "protocol"},
      {command("short"), "numbers"},
      {command("error"), "not trained"},
      {command("garbage"), "no JSON"},
      {command("nan"), "numbers"},
      {"exec:false", "status 1"},
      {"exec:/no/such/program", "127"},
      {"exec:kill -9 $$", "Killed"},
      {"exec:sleep 30", "within 2 s"},
  };
  for (const Case& c : cases) check_failure(b, c.plugin, c.says, c.trusted);
}

TEST_CASE("a file that is no library, and one that is not there") {
  const Bench b;
  const std::string text = std::string(ARES_BIN_DIR) + "/../tests/plugins/no_library.so";
  std::ofstream(text) << "text";
  check_failure(b, text, "no_library.so");
  const auto absent = make_plugin_model("./absent.so", b.target, false);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().what.find("absent.so") != std::string::npos);
  CHECK_FALSE(is_plugin("analytical"));
}
