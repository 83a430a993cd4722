#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/import/lowering.hpp"

namespace ares::qonnx {
namespace {

// Modules that Brevitas puts between a layer and its exported quantiser.
constexpr std::array<std::string_view, 6> kExporterModules = {"export_handler", "act_quant",    "activation_impl",
                                                              "act_impl",       "weight_quant", "tensor_quant"};

std::vector<std::string> split_path(const std::string& node) {
  std::vector<std::string> parts(1);
  for (const char c : node) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  parts.erase(std::remove(parts.begin(), parts.end(), std::string()), parts.end());
  return parts;
}

/// "Conv" or "Conv_3": the operator's name as exporters append it to the module path.
bool is_operator_suffix(const std::string& part) {
  const std::size_t digits = part.find_last_not_of("0123456789");
  if (digits != std::string::npos && part[digits] == '_' && digits + 1 < part.size()) {
    return find_operator(part.substr(0, digits)) != nullptr;
  }
  return find_operator(part) != nullptr;
}

std::string sanitised(const std::vector<std::string>& parts) {
  std::string name;
  for (const std::string& part : parts) {
    if (!name.empty()) name += '_';
    for (const char c : part) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
  return name.empty() ? "layer" : name;
}

}  // namespace

std::string layer_name(const std::string& node, const std::set<std::string>& taken) {
  const std::vector<std::string> full = split_path(node);
  std::vector<std::string> path = full;
  if (path.size() > 1 && is_operator_suffix(path.back())) path.pop_back();
  const auto exporter = [](const std::string& part) {
    return std::find(kExporterModules.begin(), kExporterModules.end(), part) != kExporterModules.end();
  };
  while (path.size() > 1 && exporter(path.back())) path.pop_back();
  for (const auto& candidate : {sanitised(path), sanitised(full)}) {
    if (!taken.count(candidate)) return candidate;
  }
  for (int i = 2;; ++i) {
    const std::string candidate = fmt::format("{}_{}", sanitised(path), i);
    if (!taken.count(candidate)) return candidate;
  }
}

}  // namespace ares::qonnx
