// usage: fuzz_seeds DIRECTORY COUNT BYTES: writes those of so many random models of the builder that are no larger:
// what the fuzzer begins with.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/file.hpp"
#include "core/builder/write_model.hpp"
#include "tests/support/random_models.hpp"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::filesystem::path directory = argv[1];
  std::filesystem::create_directories(directory);
  for (uint64_t seed = 1; seed <= std::strtoull(argv[2], nullptr, 10); ++seed) {
    const auto random = ares::test::random_model(seed, ares::test::kImportedSteps);
    const auto bytes = ares::qonnx::serialise_model(random.model);
    if (bytes && bytes->size() > std::strtoull(argv[3], nullptr, 10)) continue;
    const auto file = directory / ("random_" + std::to_string(seed) + ".qonnx");
    const auto written = bytes ? ares::write_file(file, *bytes) : tl::unexpected(bytes.error());
    if (!written) {
      std::fprintf(stderr, "fuzz_seeds: %s\n", written.error().what.c_str());
      return 1;
    }
  }
}
