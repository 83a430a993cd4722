// Text as the JSON of a model or of a layer graph: it is read and valid, or refused.
#include "core/import/model_graph_json.hpp"
#include "core/ir/graph.hpp"
#include "core/ir/graph_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto graph = ares::graph_from_json(text)) ares::graph_to_json(*graph);
  if (const auto model = ares::qonnx::model_from_json(text)) ares::qonnx::model_to_json(*model);
  return 0;
}
