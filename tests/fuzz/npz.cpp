// Bytes as a .npz file.
#include "core/base/npz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  (void)ares::parse_npz({reinterpret_cast<const char*>(data), size}, "fuzz.npz");
  return 0;
}
