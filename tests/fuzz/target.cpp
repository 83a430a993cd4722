// Text as the JSON file of a target.
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/base/file.hpp"
#include "core/target/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static const std::string file =
      (std::filesystem::temp_directory_path() / ("ares_fuzz_target_" + std::to_string(getpid()) + ".json")).string();
  if (ares::write_file(file, {reinterpret_cast<const char*>(data), size})) (void)ares::load_target(file);
  std::filesystem::remove(file);
  return 0;
}
