// Target descriptions: the shipped ones, inheritance, and one clear line for whatever is wrong with a user's file.
#include <doctest/doctest.h>

#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/target/target.hpp"

using namespace ares;

namespace {

/// A JSON file that lives as long as the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    static int counter = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("ares_target_" + std::to_string(::getpid()) + "_" + std::to_string(counter++) + ".json");
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string error_of(const std::string& text) {
  const TemporaryFile file(text);
  const Result<Target> t = load_target(file.path());
  REQUIRE(!t);
  CHECK(t.error().what.find(file.path()) != std::string::npos);
  CHECK(t.error().what.find('\n') == std::string::npos);
  return t.error().what;
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the shipped targets load") {
  const std::vector<std::string> names = known_targets();
  REQUIRE(names == std::vector<std::string>{"gap9", "siracusa"});
  const Target gap9 = *load_target("gap9");
  CHECK(gap9.name == "gap9");
  CHECK(gap9.l1_bytes == 128 * 1024);
  CHECK(gap9.l2_bytes == 1536 * 1024);
  CHECK(gap9.accelerator.kind == AcceleratorKind::ne16);
  const Target siracusa = *load_target("siracusa");
  CHECK(siracusa.l1_bytes == 256 * 1024);
  CHECK(siracusa.accelerator.kind == AcceleratorKind::neureka);
  CHECK(siracusa.cores.requant_narrow == gap9.cores.requant_narrow);
  CHECK(siracusa.hash != gap9.hash);
}

TEST_CASE("the hash depends on the constants alone") {
  const Target gap9 = *load_target("gap9");
  CHECK(load_target("gap9")->hash == gap9.hash);
  const TemporaryFile same(R"({"name": "mine", "description": "as gap9", "base": "gap9"})");
  CHECK(load_target(same.path())->hash == gap9.hash);
  const TemporaryFile other(
      R"({"name": "mine", "base": "gap9", "dma": {"latency": {"value": 10, "source": "guess"}}})");
  const Target changed = *load_target(other.path());
  CHECK(changed.hash != gap9.hash);
  Target in_memory = gap9;
  in_memory.dma.latency = 10;
  rehash(in_memory);
  CHECK(in_memory.hash == changed.hash);
  in_memory.accelerator.kind = AcceleratorKind::none;
  rehash(in_memory);
  CHECK(in_memory.hash != changed.hash);
}

TEST_CASE("a base is taken over and overridden") {
  const TemporaryFile file(R"({"name": "small", "base": "gap9",
    "memory": {"l1_bytes": {"value": 65536, "source": "data sheet"}},
    "accelerator": {"kind": {"value": "none", "source": "data sheet"}}})");
  const Target t = *load_target(file.path());
  CHECK(t.name == "small");
  CHECK(t.l1_bytes == 65536);
  CHECK(t.l2_bytes == load_target("gap9")->l2_bytes);
  CHECK(t.accelerator.kind == AcceleratorKind::none);
}

TEST_CASE("what is wrong is named with file and key") {
  CHECK(mentions(error_of("{"), "not valid JSON"));
  CHECK(mentions(error_of("[1]"), "expected an object"));
  CHECK(mentions(error_of(R"({"base": "gap9"})"), "name is missing"));
  CHECK(mentions(error_of(R"({"name": "x"})"), "clock_hz is missing"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap7"})"), "'gap7'"));
  CHECK(mentions(error_of(R"({"name": "x", "base": 9})"), "base: expected a string, found number"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dmaa": {}})"), "dmaa: unknown key"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": 3})"), "dma: expected an object"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": {"latancy": {"value": 1, "source": "s"}}})"),
                 "dma.latancy: unknown key"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": {"latency": 10}})"), "dma.latency: expected"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": {"latency": {"value": 10}}})"),
                 "dma.latency.source is missing"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": {"latency": {"value": 10, "source": ""}}})"),
                 "dma.latency.source is empty"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": {"latency": {"source": "s"}}})"),
                 "dma.latency.value is missing"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": {"latency": {"value": "a", "source": "s"}}})"),
                 "dma.latency.value: expected a number, found string"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "dma": {"latency": {"value": -1, "source": "s"}}})"),
                 "dma.latency.value: -1 is outside"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "cores": {"count": {"value": 2.5, "source": "s"}}})"),
                 "cores.count.value: expected a whole number"));
  CHECK(mentions(error_of(R"({"name": "x", "base": "gap9", "accelerator": {"kind": {"value": "npu", "source": "s"}}})"),
                 "accelerator.kind.value"));
  CHECK(mentions(
      error_of(R"({"name": "x", "base": "gap9", "memory": {"l2_reserved": {"value": 9999999, "source": "s"}}})"),
      "memory.l2_reserved"));
}

TEST_CASE("an unknown name lists the known ones") {
  const Result<Target> t = load_target("no_such_target");
  REQUIRE(!t);
  CHECK(mentions(t.error().what, "gap9, siracusa"));
  CHECK(!load_target("/"));
}

TEST_CASE("a number that is too large is named") {
  CHECK(mentions(error_of(R"({"name": "x", "clock_hz": {"value": 13e1072, "source": "s"}})"), "too large"));
}
