// A cost model in a shared library, loaded into this process, and how it is spoken to in another.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "cost_models/plugin.h"

namespace ares {

/// What ares-pluginhost writes: this, then `bytes` of payload. Status 0: the payload is the model's name (first) or a
/// double for each config; 1: one line of error.
struct PluginAnswer {
  uint64_t status = 0, bytes = 0;
};

/// What it reads: this, then `count` ares_plugin_config.
struct PluginRequest {
  ares_plugin_group group;
  uint64_t count = 0;
};

class PluginLibrary {
 public:
  /// Loads it and creates its model for the target, or says in one line why not.
  static Result<std::unique_ptr<PluginLibrary>> load(const std::string& file, const std::string& target);
  PluginLibrary(const PluginLibrary&) = delete;
  PluginLibrary& operator=(const PluginLibrary&) = delete;
  ~PluginLibrary();

  std::string name() const;
  Result<void> estimate(const ares_plugin_group& group, std::span<const ares_plugin_config> configs,
                        std::span<double> cycles);

 private:
  PluginLibrary() = default;

  void* handle_ = nullptr;
  const ares_plugin* plugin_ = nullptr;
  void* model_ = nullptr;
};

}  // namespace ares
