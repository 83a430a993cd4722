#include "core/compare/recorded.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/base/npz.hpp"

namespace ares {
namespace {

using nlohmann::json;

std::optional<std::size_t> trailing_number(const std::string& stem) {
  const std::size_t last = stem.find_last_not_of("0123456789");
  const char* const begin = stem.data() + (last == std::string::npos ? 0 : last + 1);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(begin, stem.data() + stem.size(), number);
  if (begin == stem.data() + stem.size() || error != std::errc()) return std::nullopt;
  return number;
}

/// A number, or a list of one.
std::optional<double> number(const json& entry, const char* key) {
  const auto it = entry.find(key);
  if (it == entry.end()) return std::nullopt;
  if (it->is_number()) return it->get<double>();
  if (it->is_array() && it->size() == 1 && it->front().is_number()) return it->front().get<double>();
  return std::nullopt;
}

std::optional<std::string> text(const json& entry, const char* key) {
  const auto it = entry.find(key);
  return it != entry.end() && it->is_string() ? std::optional(it->get<std::string>()) : std::nullopt;
}

Result<RecordedTensor> read_entry(const json& entry, const std::map<std::string, NpyArray>& arrays) {
  if (!entry.is_object()) return fail("an entry is no object");
  const auto key = text(entry, "key"), name = text(entry, "tensor");
  if (!key || !name) return fail("an entry has no \"key\" or no \"tensor\"");
  const auto scale = number(entry, "scale"), zero_point = number(entry, "zero_point");
  if (!scale || !zero_point) return fail(fmt::format("tensor '{}' has no single scale and zero_point", *name));
  const auto array = arrays.find(*key);
  if (array == arrays.end()) return fail(fmt::format("tensor '{}': the .npz file has no array '{}'", *name, *key));
  RecordedTensor t{*name, array->second.shape, {}, *scale, *zero_point};
  for (const double v : values_as<double>(array->second)) {
    if (v != std::trunc(v) || std::abs(v) > 0x1p30) {
      return fail(fmt::format("tensor '{}': holds {}, no integer; record q, not the real value", *name, v));
    }
    t.integers.push_back(static_cast<int32_t>(v));
  }
  return t;
}

}  // namespace

Result<Record> read_record(const std::filesystem::path& npz) {
  const auto arrays = read_npz(npz);
  if (!arrays) return tl::unexpected(arrays.error());
  const std::filesystem::path file = std::filesystem::path(npz).replace_extension(".json");
  const auto bytes = read_file(file);
  if (!bytes) return fail(bytes.error().what + "; it names the tensors of the .npz file beside it");
  const json list = json::parse(*bytes, nullptr, false);
  if (!list.is_array() || list.empty()) return fail(fmt::format("{}: not a list of tensors", file.string()));
  Record record{{}, trailing_number(npz.stem().string())};
  for (const json& entry : list) {
    auto tensor = read_entry(entry, *arrays);
    if (!tensor) return fail(fmt::format("{}: {}", file.string(), tensor.error().what));
    record.tensors.push_back(std::move(*tensor));
  }
  return record;
}

}  // namespace ares
