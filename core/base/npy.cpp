#include "core/base/npy.hpp"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <regex>

#include "core/base/file.hpp"

namespace ares {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied to and from little-endian files");

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeader = 65536;  // a dictionary with three keys; more is not an array of ours
constexpr std::size_t kAlignment = 64;

struct Header {
  std::string type;
  bool fortran = false;
  std::vector<int64_t> shape;
};

/// The dictionary's text and where the data begins.
struct HeaderText {
  std::string text;
  std::size_t data = 0;
};

std::optional<HeaderText> find_header(std::string_view bytes) {
  if (bytes.size() < 10 || bytes.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  const int major = static_cast<unsigned char>(bytes[6]);
  const std::size_t width = major == 1 ? 2 : 4;
  if (major < 1 || major > 3 || bytes.size() < 8 + width) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= std::size_t{static_cast<unsigned char>(bytes[8 + i])} << (8 * i);
  if (length > kMaxHeader || bytes.size() < 8 + width + length) return std::nullopt;
  return HeaderText{std::string(bytes.substr(8 + width, length)), 8 + width + length};
}

/// The dimensions within the parentheses of a Python tuple; nothing when one is no number of at most 18 digits.
std::optional<std::vector<int64_t>> parse_shape(const std::string& tuple) {
  static const std::regex item(R"(\s*(\d{1,18})\s*(,|$))");
  std::vector<int64_t> shape;
  auto at = tuple.cbegin();
  std::smatch match;
  while (std::regex_search(at, tuple.cend(), match, item, std::regex_constants::match_continuous)) {
    shape.push_back(std::stoll(match[1].str()));
    at = match[0].second;
  }
  if (std::string(at, tuple.cend()).find_first_not_of(' ') != std::string::npos) return std::nullopt;
  return shape;
}

std::optional<Header> parse_header(const std::string& text) {
  static const std::regex descr(R"('descr'\s*:\s*'([^']{1,8})')");
  static const std::regex order(R"('fortran_order'\s*:\s*(True|False))");
  static const std::regex shape(R"('shape'\s*:\s*\(([0-9, ]{0,512})\))");
  std::smatch d, o, s;
  if (!std::regex_search(text, d, descr) || !std::regex_search(text, o, order) || !std::regex_search(text, s, shape)) {
    return std::nullopt;
  }
  const auto dims = parse_shape(s[1].str());
  if (!dims) return std::nullopt;
  return Header{d[1].str(), o[1].str() == "True", *dims};
}

/// Number of elements, or nothing when the product does not fit what a file can hold.
std::optional<std::size_t> element_count(const std::vector<int64_t>& shape) {
  std::size_t n = 1;
  for (const int64_t d : shape) {
    if (d != 0 && n > std::numeric_limits<uint32_t>::max() / static_cast<std::size_t>(d)) return std::nullopt;
    n *= static_cast<std::size_t>(d);
  }
  return n;
}

template <class T>
NpyArray::Values copy_values(const char* data, std::size_t count) {
  std::vector<T> values(count);
  if (count) std::memcpy(values.data(), data, count * sizeof(T));
  return values;
}

struct TypeCode {
  std::string_view code;
  std::size_t bytes;
  NpyArray::Values (*copy)(const char*, std::size_t);
};

constexpr TypeCode kTypes[] = {{"<f4", 4, copy_values<float>},   {"<f8", 8, copy_values<double>},
                               {"|i1", 1, copy_values<int8_t>},  {"<i2", 2, copy_values<int16_t>},
                               {"<i4", 4, copy_values<int32_t>}, {"<i8", 8, copy_values<int64_t>},
                               {"|u1", 1, copy_values<uint8_t>}, {"|b1", 1, copy_values<uint8_t>},
                               {"<i1", 1, copy_values<int8_t>},  {"<u1", 1, copy_values<uint8_t>}};

// In the order of NpyArray::Values.
constexpr std::string_view kCodes[] = {"<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1"};

std::string header_for(const NpyArray& array) {
  std::string shape;
  for (const int64_t d : array.shape) shape += fmt::format("{}, ", d);
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  if (array.shape.size() == 1) shape.pop_back();
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", kCodes[array.values.index()], shape);
  const std::size_t unpadded = 10 + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  return text + '\n';
}

}  // namespace

Result<NpyArray> parse_npy(std::string_view bytes, const std::string& name) {
  const auto found = find_header(bytes);
  if (!found) return fail(fmt::format("{}: not a .npy file (write it with numpy.save)", name));
  const auto header = parse_header(found->text);
  if (!header) return fail(fmt::format("{}: the .npy header is not readable", name));
  if (header->fortran) return fail(fmt::format("{}: Fortran order; save numpy.ascontiguousarray of it", name));
  const auto count = element_count(header->shape);
  if (!count) return fail(fmt::format("{}: the shape in the .npy header is beyond any file", name));
  for (const auto& type : kTypes) {
    if (type.code != header->type) continue;
    const std::size_t available = bytes.size() - found->data;
    if (available / type.bytes < *count) {
      return fail(fmt::format("{}: truncated, holds {} bytes of data where its shape needs {}", name, available,
                              *count * type.bytes));
    }
    return NpyArray{header->shape, type.copy(bytes.data() + found->data, *count)};
  }
  return fail(
      fmt::format("{}: element type '{}' is not supported (float32/64, int8/16/32/64, uint8)", name, header->type));
}

Result<NpyArray> read_npy(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse_npy(*bytes, path.string());
}

Result<void> write_npy(const std::filesystem::path& path, const NpyArray& array) {
  const std::string header = header_for(array);
  std::string bytes(kMagic);
  bytes += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  bytes += header;
  std::visit(
      [&](const auto& v) {
        assert(element_count(array.shape) == v.size());
        bytes.append(reinterpret_cast<const char*>(v.data()), v.size() * sizeof(v[0]));
      },
      array.values);
  return write_file(path, bytes);
}

}  // namespace ares
