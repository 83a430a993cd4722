#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "codegen/choose_config.hpp"

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
