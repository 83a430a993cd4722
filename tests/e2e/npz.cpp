#include "tests/e2e/npz.hpp"

#include <zlib.h>

#include <cstring>
#include <stdexcept>

#include "core/base/file.hpp"

namespace ares::test {
namespace {

template <class T>
T field(const std::string& bytes, std::size_t at) {
  if (at + sizeof(T) > bytes.size()) throw std::runtime_error("truncated zip file");
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

/// Raw deflate stream of known size.
std::string inflate(const std::string& packed, std::size_t size) {
  std::string out(size, '\0');
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) throw std::runtime_error("zlib");
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(size);
  const int status = ::inflate(&z, Z_FINISH);
  inflateEnd(&z);
  if (status != Z_STREAM_END || z.avail_out) throw std::runtime_error("damaged zip member");
  return out;
}

}  // namespace

// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT: end of central directory, central directory headers and
// local headers, in that order.
std::map<std::string, NpyArray> read_npz(const std::filesystem::path& path) {
  const std::string bytes = value_or_throw(read_file(path));
  const std::size_t end = bytes.rfind("PK\x05\x06");
  if (end == std::string::npos) throw std::runtime_error(path.string() + ": not a zip file");
  const auto entries = field<uint16_t>(bytes, end + 10);
  std::size_t at = field<uint32_t>(bytes, end + 16);
  std::map<std::string, NpyArray> arrays;
  for (int i = 0; i < entries; ++i) {
    const auto method = field<uint16_t>(bytes, at + 10);
    const auto packed = field<uint32_t>(bytes, at + 20), size = field<uint32_t>(bytes, at + 24);
    const auto name_length = field<uint16_t>(bytes, at + 28);
    const auto local = field<uint32_t>(bytes, at + 42);
    std::string name = bytes.substr(at + 46, name_length);
    const std::size_t data = local + 30 + field<uint16_t>(bytes, local + 26) + field<uint16_t>(bytes, local + 28);
    const std::string member = bytes.substr(data, packed);
    const std::string npy = method == 8 ? inflate(member, size) : member;
    arrays[name.substr(0, name.rfind(".npy"))] = value_or_throw(parse_npy(npy, name));
    at += 46 + name_length + field<uint16_t>(bytes, at + 30) + field<uint16_t>(bytes, at + 32);
  }
  return arrays;
}

}  // namespace ares::test
