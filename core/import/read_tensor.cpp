#include "core/import/read_tensor.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <Eigen/Core>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>

namespace ares::qonnx {
namespace {

using onnx::TensorProto;

/// Elements of type From in raw little-endian bytes, converted to To.
template <class From, class To>
std::vector<To> from_raw(const std::string& raw) {
  std::vector<To> out(raw.size() / sizeof(From));
  for (std::size_t i = 0; i < out.size(); ++i) {
    From value;
    std::memcpy(static_cast<void*>(&value), raw.data() + i * sizeof(From), sizeof(From));
    out[i] = static_cast<To>(value);
  }
  return out;
}

/// Half precision in int32_data holds the bits of one element in each (onnx.proto, TensorProto.int32_data).
template <class Half>
std::vector<float> from_bits(const TensorProto& t) {
  std::vector<float> out;
  for (const int32_t bits : t.int32_data()) {
    out.push_back(static_cast<float>(Eigen::numext::bit_cast<Half>(static_cast<uint16_t>(bits))));
  }
  return out;
}

template <class To, class Field>
std::vector<To> from_field(const Field& field) {
  return {field.begin(), field.end()};
}

template <class From, class To, class Field>
std::vector<To> read_values(const TensorProto& t, const Field& field) {
  return t.has_raw_data() ? from_raw<From, To>(t.raw_data()) : from_field<To>(field);
}

template <class Half>
std::vector<float> read_half(const TensorProto& t) {
  return t.has_raw_data() ? from_raw<Half, float>(t.raw_data()) : from_bits<Half>(t);
}

/// The values, or nothing for a type that holds no numbers.
std::optional<decltype(Array::values)> read_any(const TensorProto& t) {
  using I = int64_t;
  switch (t.data_type()) {
    case TensorProto::FLOAT:
      return read_values<float, float>(t, t.float_data());
    case TensorProto::DOUBLE:
      return read_values<double, double>(t, t.double_data());
    case TensorProto::FLOAT16:
      return read_half<Eigen::half>(t);
    case TensorProto::BFLOAT16:
      return read_half<Eigen::bfloat16>(t);
    case TensorProto::INT64:
      return read_values<int64_t, I>(t, t.int64_data());
    case TensorProto::INT32:
      return read_values<int32_t, I>(t, t.int32_data());
    case TensorProto::INT16:
      return read_values<int16_t, I>(t, t.int32_data());
    case TensorProto::UINT16:
      return read_values<uint16_t, I>(t, t.int32_data());
    case TensorProto::INT8:
      return read_values<int8_t, I>(t, t.int32_data());
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return read_values<uint8_t, I>(t, t.int32_data());
    case TensorProto::UINT32:
      return read_values<uint32_t, I>(t, t.uint64_data());
    default:
      return std::nullopt;
  }
}

/// Where the data of a tensor lies (onnx.proto, TensorProto.external_data).
struct External {
  std::string location;
  uint64_t offset = 0, length = 0;
  bool has_length = false;
};

Result<External> read_location(const TensorProto& t) {
  External e;
  for (const auto& entry : t.external_data()) {
    if (entry.key() == "location") e.location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    uint64_t number = 0;
    const char* end = entry.value().data() + entry.value().size();
    const auto [rest, error] = std::from_chars(entry.value().data(), end, number);
    if (error != std::errc() || rest != end) {
      return fail(fmt::format("its {} '{}' in another file is no number", entry.key(), entry.value()));
    }
    if (entry.key() == "length") e.has_length = true;
    (entry.key() == "length" ? e.length : e.offset) = number;
  }
  if (e.location.empty()) return fail("its data lies in another file that is not named");
  return e;
}

/// The file, which has to lie below the model's directory, links followed.
Result<std::filesystem::path> external_file(const std::string& location, const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path root = fs::weakly_canonical(directory.empty() ? fs::path(".") : directory, error);
  const fs::path file = error ? fs::path() : fs::weakly_canonical(root / location, error);
  const auto below = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (error || fs::path(location).is_absolute() || below.first != root.end()) {
    return fail(
        fmt::format("its data file '{}' lies outside the model's directory; put it beside the model", location));
  }
  if (!fs::is_regular_file(file, error)) {
    return fail(fmt::format("its data file '{}' does not lie beside the model; copy it there", location));
  }
  return file;
}

Result<std::string> read_external(const TensorProto& t, const std::filesystem::path& directory, uint64_t count) {
  const auto where = read_location(t);
  if (!where) return tl::unexpected(where.error());
  const auto file = external_file(where->location, directory);
  if (!file) return tl::unexpected(file.error());
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(*file, error);
  const uint64_t length = where->has_length ? where->length : size - std::min(size, where->offset);
  if (error || where->offset > size || length > size - where->offset || length > 8 * count) {
    return fail(fmt::format("its data (offset {}, {} bytes for {} values) does not fit '{}', which has {} bytes",
                            where->offset, length, count, where->location, size));
  }
  std::string raw(length, '\0');
  std::ifstream in(*file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(where->offset));
  if (!in.read(raw.data(), static_cast<std::streamsize>(length))) {
    return fail(fmt::format("its data file '{}' cannot be read", where->location));
  }
  return raw;
}

}  // namespace

Result<Array> read_tensor(const TensorProto& given, const std::filesystem::path& directory) {
  Shape shape(given.dims().begin(), given.dims().end());
  const auto count = element_count(shape);
  if (!count) return tl::unexpected(count.error());
  TensorProto loaded;
  if (given.data_location() == TensorProto::EXTERNAL) {
    auto raw = read_external(given, directory, static_cast<uint64_t>(*count));
    if (!raw) return tl::unexpected(raw.error());
    loaded.set_data_type(given.data_type());
    loaded.set_raw_data(std::move(*raw));
  }
  const TensorProto& t = given.data_location() == TensorProto::EXTERNAL ? loaded : given;
  auto values = read_any(t);
  if (!values) return fail(fmt::format("data type {} is not supported", TensorProto::DataType_Name(t.data_type())));
  Array array{std::move(shape), std::move(*values)};
  if (array.count() != *count) {
    return fail(
        fmt::format("holds {} values where its shape {} needs {}", array.count(), to_string(array.shape), *count));
  }
  return array;
}

}  // namespace ares::qonnx
