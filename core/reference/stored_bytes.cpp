#include <bit>
#include <cassert>
#include <cstring>

#include "core/reference/engine.hpp"

namespace ares {

static_assert(std::endian::native == std::endian::little, "stored bytes are little endian, and copied here");

std::vector<uint8_t> stored_bytes(const TensorData& data) {
  std::vector<uint8_t> bytes;
  std::visit(
      [&](const auto& values) {
        bytes.resize(values.size() * sizeof(values.front()));
        std::memcpy(bytes.data(), values.data(), bytes.size());
      },
      data.values);
  return bytes;
}

TensorData from_stored_bytes(ElementType type, std::span<const uint8_t> bytes) {
  const auto as = [&](auto element) -> TensorData {
    assert(bytes.size() % sizeof element == 0);
    std::vector<decltype(element)> values(bytes.size() / sizeof element);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return {std::move(values)};
  };
  switch (type) {
    case ElementType::u8:
      return as(uint8_t{});
    case ElementType::s16:
      return as(int16_t{});
    case ElementType::s32:
      return as(int32_t{});
  }
  return {};
}

}  // namespace ares
