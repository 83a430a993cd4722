#include <fmt/format.h>

#include "core/import/lowering.hpp"
#include "core/passes/pass.hpp"

namespace ares {

Result<void> lower(NetworkState& state) {
  auto graph =
      qonnx::lower_model(state.model, state.layers.policy, state.notice, state.check, std::move(state.observed));
  if (!graph) return tl::unexpected(graph.error());
  const bool partial = state.check && has_unsupported(state.check->findings);
  if (auto ok = partial ? Result<void>() : validate(*graph); !ok)
    return fail(fmt::format("{}: {}", state.model.file, ok.error().what));
  state.layers = std::move(*graph);
  state.model = {};
  return {};
}

}  // namespace ares
