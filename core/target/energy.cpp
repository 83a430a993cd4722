#include "core/target/energy.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/target/embedded.hpp"

namespace ares {
namespace {

using Json = nlohmann::json;

std::string description_of(const std::string& name_or_file) {
  for (const EmbeddedTarget& e : embedded_targets())
    if (e.name == name_or_file) return std::string(e.json);
  std::ifstream in(name_or_file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Key {
  const char* name;
  double EnergyTable::*field;
};
constexpr Key keys[] = {{"idle_cycle", &EnergyTable::idle_cycle},
                        {"compute_cycle", &EnergyTable::compute_cycle},
                        {"accelerator_cycle", &EnergyTable::accelerator_cycle},
                        {"l2_byte", &EnergyTable::l2_byte},
                        {"l3_byte", &EnergyTable::l3_byte}};

}  // namespace

Result<EnergyTable> load_energy(const std::string& name_or_file) {
  const Json root = Json::parse(description_of(name_or_file), nullptr, false);
  if (!root.is_object()) return fail(fmt::format("target '{}': its description cannot be read", name_or_file));
  const auto section = root.find("energy");
  if (section == root.end()) {
    const auto base = root.find("base");
    if (base != root.end() && base->is_string() && *base != name_or_file) return load_energy(base->get<std::string>());
    return fail(fmt::format("target '{}': has no section \"energy\" (picojoules per event)", name_or_file));
  }
  EnergyTable table;
  for (const Key& key : keys) {
    const Json value = section->is_object() ? section->value(key.name, Json()) : Json();
    const Json number = value.is_object() ? value.value("value", Json()) : Json();
    const bool sound = number.is_number() && number >= 0 && value.value("source", Json()).is_string();
    if (!sound)
      return fail(fmt::format("target '{}': energy.{}: expected {{\"value\": picojoules, \"source\": \"..\"}}",
                              name_or_file, key.name));
    table.*key.field = number;
  }
  if (section->size() != std::size(keys))
    return fail(
        fmt::format("target '{}': energy: has a key that is none of idle_cycle, compute_cycle, "
                    "accelerator_cycle, l2_byte, l3_byte",
                    name_or_file));
  return table;
}

}  // namespace ares
