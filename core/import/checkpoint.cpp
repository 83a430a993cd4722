#include "core/import/checkpoint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/import/model_graph_json.hpp"
#include "core/ir/graph_json.hpp"

namespace ares {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;  // of the checkpoint files; raised when an older one can no longer be read

/// Index of the pass after the one named, or nothing.
std::optional<std::size_t> pass_after(const std::string& name) {
  const auto passes = pipeline();
  for (std::size_t i = 0; i < passes.size(); ++i) {
    if (passes[i].name == name) return i + 1;
  }
  return std::nullopt;
}

Result<Checkpoint> parse(const std::string& text) {
  const json j = json::parse(text, nullptr, false);
  if (!j.is_object() || !j.contains("ares_checkpoint") || !j.contains("after") || !j["after"].is_string()) {
    return fail("no checkpoint; give a .qonnx file or a file that --checkpoints wrote");
  }
  if (j["ares_checkpoint"] != kVersion) return fail("a checkpoint of another version; write it again");
  const auto next = pass_after(j["after"]);
  if (!next) return fail(fmt::format("follows a pass '{}' that does not exist", j["after"].get<std::string>()));
  Checkpoint checkpoint;
  checkpoint.next_pass = *next;
  if (j.contains("layers")) {
    auto layers = graph_from_json(j["layers"].dump());
    if (!layers) return tl::unexpected(layers.error());
    checkpoint.state.layers = std::move(*layers);
    return checkpoint;
  }
  if (!j.contains("model") || *next > *pass_after("quantise_constants")) return fail("holds no graph for its pass");
  auto model = qonnx::model_from_json(j["model"].dump());
  if (!model) return tl::unexpected(model.error());
  checkpoint.state.model = std::move(*model);
  return checkpoint;
}

}  // namespace

Result<void> write_checkpoint(const std::filesystem::path& directory, std::size_t index, const NetworkState& state) {
  const std::string name(pipeline()[index].name);
  const std::string graph = state.lowered() ? fmt::format("\"layers\":{}", graph_to_json(state.layers))
                                            : fmt::format("\"model\":{}", qonnx::model_to_json(state.model));
  return write_file(directory / fmt::format("{:02}_{}.json", index + 1, name),
                    fmt::format("{{\"ares_checkpoint\":{},\"after\":\"{}\",{}}}\n", kVersion, name, graph));
}

Result<Checkpoint> read_checkpoint(const std::filesystem::path& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  auto checkpoint = parse(*text);
  if (!checkpoint) return fail(fmt::format("{}: {}", path.string(), checkpoint.error().what));
  return checkpoint;
}

}  // namespace ares
