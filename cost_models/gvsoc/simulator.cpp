#include "cost_models/gvsoc/simulator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "codegen/runtime_files.hpp"
#include "cost_models/gvsoc/process.hpp"

namespace ares::gvsoc {
namespace {

namespace fs = std::filesystem;

constexpr double seconds_of_a_question = 10;
constexpr const char* compiler = "riscv64-unknown-elf-gcc";

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv).
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) hash_ = (hash_ ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  std::string text() const { return fmt::format("{:08x}", static_cast<uint32_t>(hash_ ^ hash_ >> 32)); }

 private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

/// Over names and sizes of the simulator's own files.
std::string hash_of_files(const fs::path& home) {
  std::vector<std::string> files;
  for (const char* part : {"bin", "lib", "models", "generators"}) {
    std::error_code error;
    for (fs::recursive_directory_iterator it(home / part, error), end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().lexically_relative(home).string();
      if (it->is_regular_file(error) && !name.ends_with(".pyc"))
        files.push_back(fmt::format("{} {}\n", name, it->file_size(error)));
    }
  }
  std::sort(files.begin(), files.end());
  Hash hash;
  for (const std::string& f : files) hash.add(f);
  return hash.text();
}

/// Where the installation lies in a clone.
std::string commit_of(const fs::path& home) {
  const std::atomic<bool> never{false};
  auto asked = run_process({"git", "-C", home.string(), "rev-parse", "--short", "HEAD"}, seconds_of_a_question, never);
  while (!asked.text.empty() && asked.text.back() == '\n') asked.text.pop_back();
  const bool hex = !asked.text.empty() && asked.text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return asked.status == 0 && hex ? asked.text : "of unknown version";
}

std::string target_text() {
  Hash hash;
  for (const RuntimeFile& f : runtime_files())
    if (f.path == "hal/gvsoc/target/ares_gap9.py") hash.add(f.text);
  return fmt::format("ares_gap9 ({})", hash.text());
}

}  // namespace

Result<Simulator> find_simulator(const std::string& home) {
  Simulator s;
  const char* variable = std::getenv("GVSOC_HOME");
  s.home = !home.empty() ? home : variable ? variable : "";
  if (s.home.empty()) return fail("GVSOC: set GVSOC_HOME (or --gvsoc) to where it is installed");
  std::error_code error;
  if (const fs::path absolute = fs::absolute(s.home, error); !error) s.home = absolute.lexically_normal().string();
  const fs::path program = fs::path(s.home) / "bin" / "gvsoc";
  if (access(program.c_str(), X_OK) != 0) return fail(fmt::format("GVSOC: there is no program {}", program.string()));
  const std::atomic<bool> never{false};
  if (run_process({compiler, "--version"}, seconds_of_a_question, never).status != 0)
    return fail(
        fmt::format("GVSOC: measuring needs {} (Debian's gcc-riscv64-unknown-elf and "
                    "picolibc-riscv64-unknown-elf)",
                    compiler));
  s.version = fmt::format("{} (files {})", commit_of(s.home), hash_of_files(s.home));
  s.target = target_text();
  return s;
}

Simulator host_machine() { return {"host", "", "", "this machine"}; }

std::string describe(const Simulator& s) {
  if (s.platform != "gvsoc") return s.target;
  return fmt::format("gvsoc {}, target {}", s.version, s.target);
}

std::string environment(const Simulator& s, const std::map<std::string, std::string>& properties) {
  std::string text = describe(s);
  for (const auto& [name, value] : properties)
    if (name != "unit") text += fmt::format(", {} {}", name, value);
  return text;
}

}  // namespace ares::gvsoc
