// A comparison for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/compare/compare.hpp"

namespace ares {

/// A table of all tensors and the lines that say what differs first.
std::string comparison_text(const SampleComparison& comparison);

/// The same as data.
nlohmann::json comparison_json(const SampleComparison& comparison);

/// What is beyond the bounds, in one line; empty where nothing is.
std::string complaint(const SampleComparison& comparison);

}  // namespace ares
