#include "core/base/json_numbers.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace ares {
namespace {

using nlohmann::json;

/// Members of layers, tensors and constants that hold real numbers.
const std::set<std::string> kReal{"bias", "channel_scale", "deviation", "epsilon", "factor",
                                  "gain", "scale",         "value",     "values",  "weight_scale"};

/// What says of itself that it holds integers, and constants that a layer's integer arithmetic runs on.
bool holds_integers(const std::string& name, const json& object) {
  const auto type = object.find("type");
  return name == "terms" || (type != object.end() && (*type == "int" || *type == "ints"));
}

void require(const json& j, const std::string& name, bool real) {
  if (j.is_number_float() && !real)
    throw std::invalid_argument(fmt::format("'{}' is {} where an integer is needed", name, j.get<double>()));
  if (j.is_array())
    for (const json& element : j) require(element, name, real);
  if (!j.is_object()) return;
  const bool integers = holds_integers(name, j);
  for (const auto& [key, value] : j.items()) require(value, key, !integers && kReal.count(key) > 0);
}

}  // namespace

void require_integers(const json& j) { require(j, "", false); }

}  // namespace ares
