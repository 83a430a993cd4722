#include "core/base/npz.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>
#include <optional>
#include <string_view>

#include "core/base/file.hpp"

namespace ares {
namespace {

// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16: signatures and the
// sizes of the headers without their variable parts.
constexpr std::string_view kLocalHeader = "PK\x03\x04", kCentralHeader = "PK\x01\x02", kEndOfDirectory = "PK\x05\x06";
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr int kStored = 0, kDeflated = 8;
// https://zlib.net/zlib_tech.html: deflate never expands beyond this factor.
constexpr std::size_t kLargestExpansion = 1032;

/// One file of the archive as the central directory describes it.
struct Member {
  std::string name;
  int method = kStored;
  std::size_t packed = 0, size = 0, local = 0;
};

template <class T>
T field(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

bool starts_with_at(std::string_view bytes, std::size_t at, std::string_view signature, std::size_t size) {
  return at <= bytes.size() && bytes.size() - at >= size && bytes.substr(at, signature.size()) == signature;
}

std::optional<std::vector<Member>> read_directory(std::string_view bytes) {
  const std::size_t end = bytes.rfind(kEndOfDirectory);
  if (end == std::string_view::npos || bytes.size() - end < kEndSize) return std::nullopt;
  const auto count = field<uint16_t>(bytes, end + 10);
  std::size_t at = field<uint32_t>(bytes, end + 16);
  std::vector<Member> members;
  for (int i = 0; i < count; ++i) {
    if (!starts_with_at(bytes, at, kCentralHeader, kCentralSize)) return std::nullopt;
    const std::size_t name = field<uint16_t>(bytes, at + 28);
    const std::size_t extra = std::size_t{field<uint16_t>(bytes, at + 30)} + field<uint16_t>(bytes, at + 32);
    if (bytes.size() - at - kCentralSize < name + extra) return std::nullopt;
    members.push_back({std::string(bytes.substr(at + kCentralSize, name)), field<uint16_t>(bytes, at + 10),
                       field<uint32_t>(bytes, at + 20), field<uint32_t>(bytes, at + 24),
                       field<uint32_t>(bytes, at + 42)});
    at += kCentralSize + name + extra;
  }
  return members;
}

/// The packed bytes of a member, or nothing where the file ends before them.
std::optional<std::string_view> packed_bytes(std::string_view bytes, const Member& m) {
  if (!starts_with_at(bytes, m.local, kLocalHeader, kLocalSize)) return std::nullopt;
  const std::size_t data = m.local + kLocalSize + field<uint16_t>(bytes, m.local + 26) +  //
                           field<uint16_t>(bytes, m.local + 28);
  if (data > bytes.size() || bytes.size() - data < m.packed) return std::nullopt;
  return bytes.substr(data, m.packed);
}

/// A raw deflate stream that has to hold exactly `size` bytes.
std::optional<std::string> inflated(std::string_view packed, std::size_t size) {
  std::string out(size, '\0');
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return std::nullopt;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib does not write there
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(size);
  const int status = inflate(&z, Z_FINISH);
  const bool complete = status == Z_STREAM_END && z.avail_out == 0;
  inflateEnd(&z);
  return complete ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> unpacked(std::string_view bytes, const Member& m) {
  const auto packed = packed_bytes(bytes, m);
  if (!packed) return std::nullopt;
  if (m.method == kDeflated) return inflated(*packed, m.size);
  if (m.method == kStored && m.packed == m.size) return std::string(*packed);
  return std::nullopt;
}

}  // namespace

Result<std::map<std::string, NpyArray>> parse_npz(std::string_view bytes, const std::string& name) {
  const auto members = read_directory(bytes);
  if (!members) return fail(fmt::format("{}: not a .npz file (write it with numpy.savez)", name));
  std::map<std::string, NpyArray> arrays;
  std::size_t total = 0;
  for (const Member& m : *members) {
    const std::string where = fmt::format("{}: {}", name, m.name);
    total += m.size;
    const auto npy = total / kLargestExpansion <= bytes.size() ? unpacked(bytes, m) : std::nullopt;
    if (!npy) return fail(where + ": damaged, or packed in another way than numpy.savez does");
    auto array = parse_npy(*npy, where);
    if (!array) return tl::unexpected(array.error());
    arrays[m.name.substr(0, m.name.rfind(".npy"))] = std::move(*array);
  }
  return arrays;
}

Result<std::map<std::string, NpyArray>> read_npz(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse_npz(*bytes, path.string());
}

}  // namespace ares
