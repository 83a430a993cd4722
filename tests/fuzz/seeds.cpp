// usage: fuzz_seeds CORPUS COUNT BYTES: random models of the builder that are no larger, as files in CORPUS/import, and
// what is read and lowered of them as JSON in CORPUS/checkpoint: what the fuzzers begin with.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/file.hpp"
#include "core/builder/write_model.hpp"
#include "core/import/load_network.hpp"
#include "core/import/model_graph_json.hpp"
#include "core/ir/graph_json.hpp"
#include "tests/support/random_models.hpp"

namespace {

namespace fs = std::filesystem;

/// JSON of a few layers takes more room than their file.
constexpr std::size_t largest_checkpoint = 20'000;

ares::Result<void> write_checkpoints(const fs::path& model_file, const ares::qonnx::ModelGraph& model,
                                     const fs::path& directory) {
  const std::string name = model_file.stem().string();
  const std::string read = ares::qonnx::model_to_json(model);
  if (read.size() <= largest_checkpoint)
    if (auto ok = ares::write_file(directory / (name + "_read.json"), read); !ok) return ok;
  const auto layers = ares::load_network(model_file, {});
  if (!layers) return {};
  const std::string lowered = ares::graph_to_json(*layers);
  if (lowered.size() > largest_checkpoint) return {};
  return ares::write_file(directory / (name + "_lowered.json"), lowered);
}

ares::Result<void> write_seed(uint64_t seed, std::size_t most, const fs::path& corpus) {
  const auto random = ares::test::random_model(seed, ares::test::kImportedSteps);
  const auto bytes = ares::qonnx::serialise_model(random.model);
  if (!bytes) return tl::unexpected(bytes.error());
  if (bytes->size() > most) return {};
  const fs::path file = corpus / "import" / ("random_" + std::to_string(seed) + ".qonnx");
  if (auto ok = ares::write_file(file, *bytes); !ok) return ok;
  return write_checkpoints(file, random.model, corpus / "checkpoint");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const fs::path corpus = argv[1];
  for (const char* reader : {"import", "checkpoint"}) fs::create_directories(corpus / reader);
  for (uint64_t seed = 1; seed <= std::strtoull(argv[2], nullptr, 10); ++seed) {
    const auto written = write_seed(seed, std::strtoull(argv[3], nullptr, 10), corpus);
    if (!written) {
      std::fprintf(stderr, "fuzz_seeds: %s\n", written.error().what.c_str());
      return 1;
    }
  }
}
