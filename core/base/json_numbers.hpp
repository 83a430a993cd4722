// Numbers of checkpoints, before they are converted.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace ares {

/// Throws std::invalid_argument where a number with a fraction or an exponent stands for an integer: converting one
/// that the integer's type does not hold is undefined. Which members are real numbers, their names tell.
void require_integers(const nlohmann::json& j);

}  // namespace ares
