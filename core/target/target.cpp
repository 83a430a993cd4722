// Loading target descriptions. One table names every constant with its section and range; reading, checking and hashing
// all walk it, so that a new constant is one new line.
#include "core/target/target.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>

#include "core/target/embedded.hpp"

namespace ares {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 3> accelerator_names{"none", "ne16", "neureka"};

/// Calls visit(section, key, field, lowest, highest) for each numeric constant; the section of clock_hz is empty.
template <class AnyTarget, class Visit>
void for_each_constant(AnyTarget& t, Visit&& visit) {
  visit("", "clock_hz", t.clock_hz, 1e3, 1e11);
  visit("memory", "l1_bytes", t.l1_bytes, 4096, 1 << 26);
  visit("memory", "l2_bytes", t.l2_bytes, 16384, 1 << 30);
  visit("memory", "l2_reserved", t.l2_reserved, 0, 1 << 30);
  visit("memory", "l3_bytes", t.l3_bytes, 0, 1e12);
  visit("memory", "l1_reserved", t.l1_reserved, 0, 1 << 20);
  visit("memory", "default_stack", t.default_stack, 128, 1 << 20);
  visit("cores", "count", t.cores.count, 1, 64);
  visit("cores", "fork_join", t.cores.fork_join, 0, 1e5);
  visit("cores", "barrier", t.cores.barrier, 0, 1e5);
  visit("cores", "kernel_entry", t.cores.kernel_entry, 0, 1e5);
  visit("cores", "group_start", t.cores.group_start, 0, 1e6);
  visit("cores", "l1_latency", t.cores.l1_latency, 1, 100);
  visit("cores", "contention", t.cores.contention, 1, 16);
  visit("cores", "mulh", t.cores.mulh, 1, 100);
  visit("cores", "requant_narrow", t.cores.requant_narrow, 1, 1000);
  visit("cores", "requant_wide", t.cores.requant_wide, 1, 1000);
  visit("cores", "half_even", t.cores.half_even, 0, 1000);
  visit("dma", "issue", t.dma.issue, 0, 1e5);
  visit("dma", "wait", t.dma.wait, 0, 1e5);
  visit("dma", "issue_known", t.dma.issue_known, 0, 1e5);
  visit("dma", "setup_1d", t.dma.setup_1d, 0, 1e5);
  visit("dma", "setup_2d", t.dma.setup_2d, 0, 1e5);
  visit("dma", "latency", t.dma.latency, 0, 1e5);
  visit("dma", "fill", t.dma.fill, 0, 1e5);
  visit("dma", "bytes_per_cycle_in", t.dma.bytes_per_cycle_in, 0.01, 1024);
  visit("dma", "bytes_per_cycle_out", t.dma.bytes_per_cycle_out, 0.01, 1024);
  visit("dma", "unaligned_row", t.dma.unaligned_row, 0, 1000);
  visit("dma", "max_bytes", t.dma.max_bytes, 64, 1 << 30);
  visit("l3", "setup", t.l3.setup, 0, 1e6);
  visit("l3", "latency", t.l3.latency, 0, 1e7);
  visit("l3", "bytes_per_cycle_read", t.l3.bytes_per_cycle_read, 0.001, 1024);
  visit("l3", "bytes_per_cycle_write", t.l3.bytes_per_cycle_write, 0.001, 1024);
  visit("accelerator", "program_job", t.accelerator.program_job, 0, 1e6);
}

std::string path_of(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
}

/// One description being read into a Target; collects the first error.
class Reader {
 public:
  Reader(std::string file, const Json& root) : file_(std::move(file)), root_(root) {}

  Result<Target> read();

 private:
  bool error(const std::string& what) {
    if (error_.empty()) error_ = fmt::format("target file {}: {}", file_, what);
    return false;
  }

  bool check_layout();
  bool check_constant(std::string_view section, std::string_view key, const Json& constant);
  void read_texts(Target& t);
  const Json* find(std::string_view section, std::string_view key) const;
  template <class Field>
  void read_number(std::string_view section, std::string_view key, Field& field, double lowest, double highest);
  void read_accelerator(AcceleratorKind& kind);
  void check_together(const Target& t);

  std::string file_;
  const Json& root_;
  bool has_base_ = false;
  std::string error_;
};

bool is_constant(std::string_view section, std::string_view key) {
  bool found = section == "accelerator" && key == "kind";
  const Target t;
  for_each_constant(t, [&](std::string_view s, std::string_view k, auto&, double, double) {
    found = found || (s == section && k == key);
  });
  return found;
}

bool is_section(std::string_view name) {
  bool found = false;
  const Target t;
  for_each_constant(t, [&](std::string_view s, std::string_view, auto&, double, double) {
    found = found || (!s.empty() && s == name);
  });
  return found;
}

/// Every key is known, and every constant is {"value", "source"}.
bool Reader::check_layout() {
  if (!root_.is_object()) return error(fmt::format("expected an object at the top, found {}", root_.type_name()));
  for (const auto& [key, value] : root_.items()) {
    if (key == "name" || key == "base" || key == "description") {
      if (!value.is_string()) return error(fmt::format("{}: expected a string, found {}", key, value.type_name()));
    } else if (key == "energy") {
      continue;  // energy.hpp reads it
    } else if (is_section(key)) {
      if (!value.is_object()) return error(fmt::format("{}: expected an object, found {}", key, value.type_name()));
      for (const auto& [inner, constant] : value.items()) {
        if (!check_constant(key, inner, constant)) return false;
      }
    } else if (!check_constant("", key, value)) {
      return false;
    }
  }
  return true;
}

bool Reader::check_constant(std::string_view section, std::string_view key, const Json& constant) {
  const std::string path = path_of(section, key);
  if (!is_constant(section, key)) return error(fmt::format("{}: unknown key", path));
  if (!constant.is_object()) {
    return error(
        fmt::format("{}: expected {{\"value\": .., \"source\": \"..\"}}, found {}", path, constant.type_name()));
  }
  for (const auto& [inner, value] : constant.items()) {
    if (inner != "value" && inner != "source") return error(fmt::format("{}.{}: unknown key", path, inner));
  }
  if (!constant.contains("value")) return error(fmt::format("{}.value is missing", path));
  if (!constant.contains("source"))
    return error(fmt::format("{}.source is missing: say where the value is from", path));
  const Json& source = constant["source"];
  if (!source.is_string()) {
    return error(fmt::format("{}.source: expected a string, found {}", path, source.type_name()));
  }
  if (source.get_ref<const std::string&>().empty()) {
    return error(fmt::format("{}.source is empty: say where the value is from", path));
  }
  return true;
}

const Json* Reader::find(std::string_view section, std::string_view key) const {
  const Json* where = &root_;
  if (!section.empty()) {
    const auto it = root_.find(std::string(section));
    if (it == root_.end()) return nullptr;
    where = &*it;
  }
  const auto it = where->find(std::string(key));
  return it == where->end() ? nullptr : &(*it)["value"];
}

template <class Field>
void Reader::read_number(std::string_view section, std::string_view key, Field& field, double lowest, double highest) {
  const std::string path = path_of(section, key);
  const Json* value = find(section, key);
  if (!value) {
    if (!has_base_) error(fmt::format("{} is missing (give it, or name a \"base\")", path));
    return;
  }
  if (!value->is_number()) {
    error(fmt::format("{}.value: expected a number, found {}", path, value->type_name()));
    return;
  }
  const double number = value->get<double>();
  if (std::is_integral_v<Field> && number != std::floor(number)) {
    error(fmt::format("{}.value: expected a whole number, found {}", path, number));
    return;
  }
  if (!(number >= lowest && number <= highest)) {
    error(fmt::format("{}.value: {} is outside {} to {}", path, number, lowest, highest));
    return;
  }
  field = static_cast<Field>(number);
}

void Reader::read_accelerator(AcceleratorKind& kind) {
  const Json* value = find("accelerator", "kind");
  if (!value) {
    if (!has_base_) error("accelerator.kind is missing (give it, or name a \"base\")");
    return;
  }
  if (!value->is_string()) {
    error(fmt::format("accelerator.kind.value: expected a string, found {}", value->type_name()));
    return;
  }
  for (size_t i = 0; i < accelerator_names.size(); ++i) {
    if (value->get_ref<const std::string&>() == accelerator_names[i]) {
      kind = static_cast<AcceleratorKind>(i);
      return;
    }
  }
  error(fmt::format("accelerator.kind.value: {} is none of none, ne16, neureka", value->dump()));
}

void Reader::read_texts(Target& t) {
  if (!root_.contains("name")) {
    error("name is missing");
    return;
  }
  t.name = root_["name"].get<std::string>();
  if (t.name.empty()) error("name is empty");
  if (root_.contains("description")) t.description = root_["description"].get<std::string>();
}

void Reader::check_together(const Target& t) {
  if (t.l2_reserved >= t.l2_bytes) {
    error(fmt::format("memory.l2_reserved: {} bytes leave nothing of L2 ({} bytes)", t.l2_reserved, t.l2_bytes));
  }
  const uint64_t stacks = t.l1_reserved + uint64_t{t.default_stack} * static_cast<uint64_t>(t.cores.count);
  if (stacks >= t.l1_bytes) {
    error(fmt::format("memory.default_stack: {} stacks of {} bytes leave nothing of L1 ({} bytes)", t.cores.count,
                      t.default_stack, t.l1_bytes));
  }
}

Result<Target> load_shipped(std::string_view name);

Result<Target> Reader::read() {
  if (!check_layout()) return fail(error_);
  Target t;
  if (const auto base = root_.find("base"); base != root_.end()) {
    Result<Target> from = load_shipped(base->get_ref<const std::string&>());
    if (!from) return fail(fmt::format("target file {}: base: {}", file_, from.error().what));
    t = *from;
    has_base_ = true;
  }
  read_texts(t);
  for_each_constant(t, [&](std::string_view section, std::string_view key, auto& field, double lowest, double highest) {
    read_number(section, key, field, lowest, highest);
  });
  read_accelerator(t.accelerator.kind);
  if (error_.empty()) check_together(t);
  if (!error_.empty()) return fail(error_);
  rehash(t);
  return t;
}

Result<Target> parse(const std::string& file, std::string_view text) {
  Json root;
  try {
    root = Json::parse(text);
  } catch (const Json::parse_error& e) {
    return fail(fmt::format("target file {}: not valid JSON near byte {}", file, e.byte));
  } catch (const Json::out_of_range&) {
    return fail(fmt::format("target file {}: a number in it is too large", file));
  }
  return Reader(file, root).read();
}

std::string shipped_names() {
  std::string names;
  for (const EmbeddedTarget& e : embedded_targets()) names += fmt::format("{}{}", names.empty() ? "" : ", ", e.name);
  return names;
}

Result<Target> load_shipped(std::string_view name) {
  for (const EmbeddedTarget& e : embedded_targets()) {
    if (e.name == name) return parse(fmt::format("{}.json (built in)", e.name), e.json);
  }
  return fail(fmt::format("'{}' is no target that ships with the project ({})", name, shipped_names()));
}

}  // namespace

Result<Target> load_target(const std::string& name_or_file) {
  for (const EmbeddedTarget& e : embedded_targets()) {
    if (e.name == name_or_file) return load_shipped(e.name);
  }
  std::string text;
  std::error_code ignored;
  std::ifstream in;
  if (!std::filesystem::is_directory(name_or_file, ignored)) in.open(name_or_file, std::ios::binary);
  if (in.is_open()) text.assign(std::istreambuf_iterator<char>(in), {});
  if (text.empty()) {
    return fail(fmt::format("target '{}': neither a target that ships with the project ({}) nor a readable JSON file",
                            name_or_file, shipped_names()));
  }
  return parse(name_or_file, text);
}

std::vector<std::string> known_targets() {
  std::vector<std::string> names;
  for (const EmbeddedTarget& e : embedded_targets()) names.emplace_back(e.name);
  return names;
}

void rehash(Target& target) {
  uint64_t h = 0xcbf29ce484222325u;  // FNV-1a, 64 bit
  const auto mix = [&h](uint64_t value) {
    for (int i = 0; i < 64; i += 8) h = (h ^ ((value >> i) & 0xff)) * 0x100000001b3u;
  };
  const Target& constants = target;
  for_each_constant(constants, [&](std::string_view, std::string_view, const auto& field, double, double) {
    mix(std::bit_cast<uint64_t>(static_cast<double>(field)));
  });
  mix(static_cast<uint64_t>(target.accelerator.kind));
  target.hash = h;
}

}  // namespace ares
