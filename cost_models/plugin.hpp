// Cost models that are not part of ARES: a shared library (plugin.h) or a command that speaks JSON lines (README.md).
// Both run in a process of their own, with a time limit for each answer. The analytical model gives feasibility and
// parts of each estimate, the plug-in its cycles. Once it has failed - crashed, hung, thrown, answered what is no
// number of cycles - the analytical model answers alone, and failure() says why.
#pragma once

#include <optional>
#include <string>

#include "cost_models/cost_model.hpp"

namespace ares {

class PluginModel : public CostModel {
 public:
  /// One line that names the plug-in and what went wrong; nothing: it works.
  virtual std::optional<std::string> failure() const = 0;
};

/// What --cost-model calls a plug-in: `exec:COMMAND`, or the file name of a shared library.
bool is_plugin(const std::string& spec);

struct PluginLimits {
  double start_seconds = 30;   ///< until it has introduced itself; an interpreter may load libraries
  double answer_seconds = 10;  ///< for each batch
};

/// Starts it. `trusted`: a shared library is loaded into this process. `host`: the program ares-pluginhost; empty: the
/// one beside this program, else on the path. Fails when there is no such file; what goes wrong inside it is a
/// failure().
Result<std::shared_ptr<const PluginModel>> make_plugin_model(const std::string& spec, const Target& target,
                                                             bool trusted, const std::string& host = "",
                                                             const PluginLimits& limits = {});

}  // namespace ares
