#include "core/base/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <charconv>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>

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

/// Reads the header's Python dictionary, character by character.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() { return skip_spaces(), rest_.empty(); }

  bool take(std::string_view token) {
    skip_spaces();
    if (rest_.substr(0, token.size()) != token) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  /// A string in single quotes without escapes.
  std::optional<std::string> quoted() {
    if (!take("'")) return std::nullopt;
    const std::size_t end = rest_.find('\'');
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::optional<int64_t> number() {
    skip_spaces();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 0) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

 private:
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }

  std::string_view rest_;
};

std::optional<std::vector<int64_t>> parse_shape(Cursor& c) {
  std::vector<int64_t> shape;
  if (!c.take("(")) return std::nullopt;
  while (!c.take(")")) {
    const auto extent = c.number();
    if (!extent) return std::nullopt;
    shape.push_back(*extent);
    if (!c.take(",")) return c.take(")") ? std::optional(shape) : std::nullopt;
  }
  return shape;
}

/// One "'key': value" of the dictionary.
bool parse_item(Cursor& c, Header& header) {
  const auto key = c.quoted();
  if (!key || !c.take(":")) return false;
  if (*key == "descr") {
    const auto type = c.quoted();
    header.type = type.value_or("");
    return type.has_value();
  }
  if (*key == "fortran_order") {
    header.fortran = c.take("True");
    return header.fortran || c.take("False");
  }
  const auto shape = parse_shape(c);
  if (shape) header.shape = *shape;
  return *key == "shape" && shape;
}

/// All three keys in any order.
std::optional<Header> parse_header(const std::string& text) {
  Cursor c(text);
  Header header;
  if (!c.take("{")) return std::nullopt;
  for (int items = 0; items < 3; ++items) {
    if (!parse_item(c, header)) return std::nullopt;
    if (!c.take(",") && items < 2) return std::nullopt;
  }
  return c.take("}") && c.done() && !header.type.empty() ? std::optional(header) : std::nullopt;
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
  return fail(fmt::format("{}: element type '{}' is not supported (float32/64, int8/16/32/64, uint8)", name,
                          header->type.substr(0, 16)));
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
