// Bytes as a model: they load or are refused in one line.
#include <cstdlib>

#include "core/import/read_model.hpp"
#include "core/passes/pass.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  auto model = ares::qonnx::parse_model(std::string(reinterpret_cast<const char*>(data), size), "fuzz.qonnx");
  if (!model) return 0;
  ares::NetworkState state{std::move(*model), {}, [](const std::string&) {}};
  for (const ares::Pass& pass : ares::pipeline()) {
    const auto done = pass.run(state);
    if (!done && done.error().what.empty()) std::abort();
    if (!done) return 0;
  }
  return 0;
}
