#include "core/import/read_tensor.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <Eigen/Core>
#include <cstring>
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

}  // namespace

Result<Array> read_tensor(const TensorProto& t) {
  Shape shape(t.dims().begin(), t.dims().end());
  const auto count = element_count(shape);
  if (!count) return tl::unexpected(count.error());
  if (t.data_location() == TensorProto::EXTERNAL) {
    return fail("its data lies in another file; save the model with its weights inside");
  }
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
