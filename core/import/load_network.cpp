#include "core/import/load_network.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "core/import/checkpoint.hpp"
#include "core/import/read_model.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

Result<void> prepare_directory(const std::filesystem::path& directory) {
  if (directory.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(fmt::format("{}: cannot be created: {}", directory.string(), error.message()));
  return {};
}

/// A file's word on operators and shapes is not taken: what the first passes of the pipeline found out is found out
/// again before the passes after them build on it.
Result<void> check_again(NetworkState& state, std::size_t next_pass) {
  using Check = Result<void> (*)(NetworkState&);
  constexpr Check checks[] = {canonicalise, infer_shapes};
  for (std::size_t i = 0; i < std::min(std::size(checks), next_pass); ++i) {
    if (auto ok = checks[i](state); !ok) return ok;
  }
  return {};
}

/// Runs passes [first, end).
Result<LayerGraph> run_passes(NetworkState state, std::size_t first, const ImportOptions& options) {
  const auto passes = pipeline();
  if (auto ok = state.lowered() ? Result<void>() : check_again(state, first); !ok) return tl::unexpected(ok.error());
  if (auto ok = prepare_directory(options.checkpoints); !ok) return tl::unexpected(ok.error());
  for (std::size_t i = first; i < passes.size(); ++i) {
    const auto done = passes[i].run(state);
    if (options.needs_ranges) *options.needs_ranges = state.needs_ranges;
    if (!done) return tl::unexpected(done.error());
    if (options.checkpoints.empty()) continue;
    if (auto ok = write_checkpoint(options.checkpoints, i, state); !ok) return tl::unexpected(ok.error());
  }
  return std::move(state.layers);
}

Result<LayerGraph> load(const std::filesystem::path& path, const ImportOptions& options) {
  NetworkState state;
  std::size_t first = 0;
  if (path.extension() == ".json") {
    auto checkpoint = read_checkpoint(path);
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    state = std::move(checkpoint->state);
    first = checkpoint->next_pass;
    const bool other = options.policy && *options.policy != state.layers.policy;
    if (other && state.lowered()) first = std::min(first, pipeline().size() - 1);
  } else {
    auto model = qonnx::read_model(path);
    if (!model) return tl::unexpected(model.error());
    state.model = std::move(*model);
  }
  if (options.policy) state.layers.policy = *options.policy;
  state.ranges = options.ranges;
  state.notice = options.notice ? options.notice : [](const std::string&) {};
  return run_passes(std::move(state), first, options);
}

}  // namespace

Result<LayerGraph> load_network(const std::filesystem::path& path, const ImportOptions& options) {
  auto network = load(path, options);
  if (!network) network.error().what = printable(network.error().what);
  return network;
}

}  // namespace ares
