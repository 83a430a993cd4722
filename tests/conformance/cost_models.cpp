// The suite of tests/suites over every cost model that is registered.
#include "cost_models/cost_model.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "tests/suites/cost_model_suite.hpp"

using namespace ares;
using namespace ares::conformance;

namespace {

/// A model whose answers depend on how often it was asked, and sometimes are none.
class Moody final : public CostModel {
 public:
  std::string name() const override { return "moody"; }
  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    analytical_->estimate(query, configs, estimates);
    for (Estimate& e : estimates) e.cycles = ++asked_ % 100 ? e.cycles + asked_ : std::nan("");
  }

 private:
  std::shared_ptr<const CostModel> analytical_ = *make_cost_model("analytical");
  mutable int asked_ = 0;
};

}  // namespace

TEST_CASE("every cost model conforms") {
  const Target gap9 = *load_target("gap9");
  for (const std::string& name : cost_model_names()) {
    CAPTURE(name);
    const Findings found = check_cost_model(**make_cost_model(name), gap9);
    CHECK_MESSAGE(found.empty(), found.text());
  }
}

TEST_CASE("the suite finds what a cost model does not keep") {
  const Findings found = check_cost_model(Moody{}, *load_target("gap9"), 0.2);
  CHECK(found.text().find("the same config, the same estimate") != std::string::npos);
  CHECK(found.text().find("a batch equals") != std::string::npos);
  CHECK(found.text().find("finite") != std::string::npos);
  bool binding = false;
  for (const Finding& f : found.list()) binding = binding || f.binding;
  CHECK(binding);
}

TEST_CASE("cost models: an unknown name lists the known ones") {
  const auto model = make_cost_model("crystal ball");
  REQUIRE(!model);
  for (const std::string& name : cost_model_names()) CHECK(model.error().what.find(name) != std::string::npos);
}
