// The models that --cost-model knows. A new model is a file of its own and one line here.
#include <fmt/format.h>

#include <array>

#include "cost_models/analytical.hpp"
#include "cost_models/cost_model.hpp"
#include "cost_models/event.hpp"

namespace ares {
namespace {

struct Entry {
  std::string_view name;
  std::shared_ptr<const CostModel> (*make)();
};

constexpr std::array<Entry, 2> registry{{
    {"analytical", make_analytical_model},
    {"event", make_event_model},
}};

}  // namespace

std::vector<std::string> cost_model_names() {
  std::vector<std::string> names;
  for (const Entry& e : registry) names.emplace_back(e.name);
  return names;
}

Result<std::shared_ptr<const CostModel>> make_cost_model(const std::string& name) {
  std::string names;
  for (const Entry& e : registry) {
    if (e.name == name) return e.make();
    names += fmt::format("{}{}", names.empty() ? "" : ", ", e.name);
  }
  return fail(fmt::format("cost model '{}' is unknown; there are: {}", name, names));
}

}  // namespace ares
