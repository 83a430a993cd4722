// Configs as JSON, and the file of configs that a user fixes.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/base/result.hpp"
#include "core/group/config.hpp"

namespace ares {

/// `{"tile_h": 14, "kernel": "slide_2x8"}`: knobs that the group does not have are left out, enumerated values appear
/// by name.
nlohmann::json config_json(const Config& config);

/// Pins of a JSON file: an object of group names, each with a config as config_json() or to_string() writes it.
Result<std::map<std::string, Config>> read_pins(const std::string& file);

}  // namespace ares
