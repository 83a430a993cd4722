// Bytes as a .npy file.
#include "core/base/npy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const auto array = ares::parse_npy({reinterpret_cast<const char*>(data), size}, "fuzz.npy");
  if (array) ares::values_as<float>(*array);
  return 0;
}
