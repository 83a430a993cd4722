// The options of every command that takes a model, and what they load.
#pragma once

#include <functional>
#include <string>

#include "core/base/cli.hpp"
#include "core/ir/layer.hpp"

namespace ares {

/// Whether a command has something to do without a model.
enum class ModelOption { required, optional };

/// Adds --model, --requant and --checkpoints.
void add_model_options(Options& options, ModelOption model = ModelOption::required);

/// The network they name. `notice` takes one-line notices, as they come; by default they go to stderr. Throws
/// CommandError (usage) when it cannot be loaded.
LayerGraph load_model(const OptionValues& values, const std::function<void(const std::string&)>& notice = print_notice);

}  // namespace ares
