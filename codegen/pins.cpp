#include "codegen/pins.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

namespace ares {
namespace {

using Json = nlohmann::json;

/// The text that parse_config() reads, from the knobs of an object.
Result<std::string> config_text(const Json& knobs) {
  std::string text;
  for (const auto& [name, value] : knobs.items()) {
    if (!value.is_string() && !value.is_number_unsigned())
      return fail(fmt::format("{}: neither a number nor a name", name));
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name,
                        value.is_string() ? value.get<std::string>() : std::to_string(value.get<uint64_t>()));
  }
  return fmt::format("{{{}}}", text);
}

}  // namespace

Json config_json(const Config& config) {
  std::vector<std::string> knobs;
  const std::string text = boost::trim_copy_if(to_string(config), boost::is_any_of("{}"));
  boost::split(knobs, text, boost::is_any_of(","));
  Json j = Json::object();
  for (const std::string& knob : knobs) {
    const size_t equals = knob.find('=');
    if (equals == std::string::npos) continue;
    const std::string value = knob.substr(equals + 1);
    const bool number = value.find_first_not_of("0123456789") == std::string::npos;
    j[boost::trim_copy(knob.substr(0, equals))] = number ? Json(std::stoi(value)) : Json(value);
  }
  return j;
}

Result<std::map<std::string, Config>> read_pins(const std::string& file) {
  std::ifstream in(file);
  if (!in) return fail(fmt::format("{}: cannot be read", file));
  const Json pins = Json::parse(in, nullptr, false);
  if (!pins.is_object()) return fail(fmt::format("{}: not a JSON object of group names with their configs", file));
  std::map<std::string, Config> result;
  for (const auto& [group, value] : pins.items()) {
    const auto text = value.is_object()   ? config_text(value)
                      : value.is_string() ? Result<std::string>(value.get<std::string>())
                                          : fail("neither an object of knobs nor a text");
    const auto config = text.and_then([](const std::string& t) { return parse_config(t); });
    if (!config) return fail(fmt::format("{}: group {}: {}", file, group, config.error().what));
    result[group] = *config;
  }
  return result;
}

}  // namespace ares
