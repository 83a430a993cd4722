#include "core/group/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <optional>
#include <vector>

namespace ares {
namespace {

constexpr std::array<std::string_view, knob_count> knob_names{"tile_h", "tile_w",   "tile_co", "tile_ci", "tile_l2",
                                                              "buf_in", "buf_w",    "buf_out", "buf_l2",  "order",
                                                              "kernel", "parallel", "kernel2", "share"};
constexpr std::array<std::string_view, 4> order_names{"none", "channels_outer", "channels_inner", "channels_middle"};
constexpr std::array<std::string_view, 4> axis_names{"none", "rows", "pixels", "channels"};

std::string value_text(Knob k, uint16_t v) {
  if (k == Knob::order && v < order_names.size()) return std::string(order_names[v]);
  if (k == Knob::parallel && v < axis_names.size()) return std::string(axis_names[v]);
  if ((k == Knob::kernel || k == Knob::kernel2) && v >= 1 && v <= kernel_tilings.size())
    return std::string(kernel_tiling(v).name);
  return std::to_string(v);
}

template <class Names>
std::optional<uint16_t> position_of(const Names& names, std::string_view text) {
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return std::nullopt;
  return static_cast<uint16_t>(it - names.begin());
}

std::optional<uint16_t> parse_value(Knob k, std::string_view text) {
  if (k == Knob::order) return position_of(order_names, text);
  if (k == Knob::parallel) return position_of(axis_names, text);
  if (k == Knob::kernel || k == Knob::kernel2) {
    for (size_t i = 0; i < kernel_tilings.size(); ++i)
      if (kernel_tilings[i].name == text) return static_cast<uint16_t>(i + 1);
    return std::nullopt;
  }
  uint16_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return v;
}

}  // namespace

std::string_view name_of(Knob k) { return knob_names[static_cast<size_t>(k)]; }

std::string to_string(const Config& c) {
  std::string text;
  for (size_t i = 0; i < knob_count; ++i) {
    if (c.value[i] == 0) continue;
    const auto k = static_cast<Knob>(i);
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name_of(k), value_text(k, c.value[i]));
  }
  return "{" + text + "}";
}

Result<Config> parse_config(std::string_view text) {
  const std::string trimmed = boost::trim_copy_if(std::string(text), boost::is_any_of("{} \t"));
  Config c;
  if (trimmed.empty()) return c;
  std::vector<std::string> parts;
  boost::split(parts, trimmed, boost::is_any_of(","));
  for (std::string& part : parts) {
    boost::trim(part);
    const size_t equals = part.find('=');
    if (equals == std::string::npos) return fail(fmt::format("config '{}': '{}' is not knob=value", text, part));
    const auto knob = position_of(knob_names, boost::trim_copy(part.substr(0, equals)));
    if (!knob) return fail(fmt::format("config '{}': there is no knob '{}'", text, part.substr(0, equals)));
    const auto v = parse_value(static_cast<Knob>(*knob), boost::trim_copy(part.substr(equals + 1)));
    if (!v) return fail(fmt::format("config '{}': '{}' has no such value", text, part));
    c.value[*knob] = *v;
  }
  return c;
}

}  // namespace ares
