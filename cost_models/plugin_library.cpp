#include "cost_models/plugin_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <exception>

namespace ares {
namespace {

/// What a call throws becomes an error.
template <class Call>
Result<void> guarded(const char* function, Call call) {
  try {
    call();
    return {};
  } catch (const std::exception& e) {
    return fail(fmt::format("{}() threw: {}", function, e.what()));
  } catch (...) {
    return fail(fmt::format("{}() threw something", function));
  }
}

}  // namespace

Result<std::unique_ptr<PluginLibrary>> PluginLibrary::load(const std::string& file, const std::string& target) {
  std::unique_ptr<PluginLibrary> library(new PluginLibrary);
  const std::string path = file.find('/') == std::string::npos ? "./" + file : file;  // dlopen searches bare names
  library->handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle_) return fail(dlerror());
  const auto entry =
      reinterpret_cast<decltype(&ares_cost_model_plugin)>(dlsym(library->handle_, "ares_cost_model_plugin"));
  if (!entry) return fail("exports no ares_cost_model_plugin()");
  const ares_plugin* plugin = nullptr;
  if (auto ok = guarded("ares_cost_model_plugin", [&] { plugin = entry(); }); !ok) return tl::unexpected(ok.error());
  if (!plugin) return fail("ares_cost_model_plugin() returned null");
  if (plugin->abi != ARES_PLUGIN_ABI)
    return fail(fmt::format("was built for plug-in ABI {}, this ARES has {}: build it with this plugin.h", plugin->abi,
                            ARES_PLUGIN_ABI));
  if (!plugin->name || !plugin->create || !plugin->estimate || !plugin->destroy)
    return fail("name, create, estimate or destroy is null");
  void* model = nullptr;
  if (auto ok = guarded("create", [&] { model = plugin->create(target.c_str()); }); !ok)
    return tl::unexpected(ok.error());
  if (!model) return fail(fmt::format("does not know the target '{}'", target));
  library->plugin_ = plugin;
  library->model_ = model;
  return library;
}

PluginLibrary::~PluginLibrary() {
  if (model_) (void)guarded("destroy", [&] { plugin_->destroy(model_); });
  if (handle_) dlclose(handle_);
}

std::string PluginLibrary::name() const { return plugin_->name; }

Result<void> PluginLibrary::estimate(const ares_plugin_group& group, std::span<const ares_plugin_config> configs,
                                     std::span<double> cycles) {
  int status = 0;
  if (auto ok =
          guarded("estimate",
                  [&] { status = plugin_->estimate(model_, &group, configs.data(), configs.size(), cycles.data()); });
      !ok)
    return ok;
  if (status != 0) return fail(fmt::format("estimate() returned {}", status));
  return {};
}

}  // namespace ares
