// ares-run --compare with a record of the model's own integers, as a user runs it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/base/npy.hpp"
#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kModels = ARES_SOURCE_DIR "/tests/models";
const std::string kRelu1 = "/relu1/act_quant/export_handler/Quant_output_0";

/// A zip archive with stored members (APPNOTE.TXT 4.3): what numpy.savez writes. The checksums are left 0.
std::string zip(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string bytes, directory;
  const auto add = [](std::string& to, uint64_t value, int size) {
    for (int i = 0; i < size; ++i) to += static_cast<char>(value >> (8 * i));
  };
  const auto common = [&](std::string& to, const auto& member) {
    add(to, 20, 2);
    add(to, 0, 12);  // flags, stored, time, date, checksum
    add(to, member.second.size(), 4);
    add(to, member.second.size(), 4);
    add(to, member.first.size(), 2);
    add(to, 0, 2);
  };
  for (const auto& member : members) {
    directory += "PK\x01\x02";
    add(directory, 20, 2);
    common(directory, member);
    add(directory, 0, 10);
    add(directory, bytes.size(), 4);
    directory += member.first;
    bytes += "PK\x03\x04";
    common(bytes, member);
    bytes += member.first + member.second;
  }
  const std::size_t start = bytes.size();
  bytes += directory + "PK\x05\x06";
  add(bytes, 0, 4);
  add(bytes, members.size(), 2);
  add(bytes, members.size(), 2);
  add(bytes, directory.size(), 4);
  add(bytes, start, 4);
  add(bytes, 0, 2);
  return bytes;
}

/// A record of sample 0 from what ares-run dumps, in which `change` may alter the integers of a tensor.
template <class Change>
void write_record(const ScratchDirectory& scratch, const std::string& stem, const json& tensors, Change change) {
  std::vector<std::pair<std::string, std::string>> members;
  json list = json::array();
  for (const auto& t : tensors) {
    const std::string name = t.at("name");
    std::string file = name;
    std::replace(file.begin(), file.end(), '/', '_');
    auto array = value_or_throw(read_npy(fs::path(scratch / "dump") / (file + ".npy")));
    auto& all = std::get<std::vector<int16_t>>(array.values);
    all.resize(all.size() / static_cast<std::size_t>(array.shape[0]));
    array.shape[0] = 1;
    change(name, all);
    value_or_throw(write_npy(scratch / "member.npy", array));
    const std::string key = fmt::format("a{:03}", list.size());
    members.emplace_back(key + ".npy", value_or_throw(read_file(scratch / "member.npy")));
    list.push_back({{"key", key}, {"tensor", name}, {"scale", {t.at("scale")}}, {"zero_point", {t.at("zero")}}});
  }
  value_or_throw(write_file(scratch / (stem + ".npz"), zip(members)));
  value_or_throw(write_file(scratch / (stem + ".json"), list.dump()));
}

/// Name, scale and zero point of every stored tensor of the small model.
json stored_tensors(const ScratchDirectory& scratch) {
  const json graph = json::parse(value_or_throw(read_file(scratch / "c/09_requantise.json")));
  json tensors = json::array();
  for (const json& t : graph.at("layers").at("tensors")) {
    if (t.at("type") != "u8") continue;
    const json& q = t.at("q");
    tensors.push_back({{"name", t.at("name")},
                       {"scale", q.at("scale")},
                       {"zero", q.at("zero_point").get<int>() - (q.at("is_signed").get<bool>() ? 128 : 0)}});
  }
  return tensors;
}

CommandResult ares_run(const std::string& arguments) {
  return run_shell(fmt::format("{}/ares-run --model {}/small_cnn.qonnx --input {}/inputs.npy {}", ARES_BIN_DIR, kModels,
                               kModels, arguments));
}

}  // namespace

TEST_CASE("run: compare with recorded integers") {
  const ScratchDirectory scratch;
  REQUIRE(ares_run(fmt::format("--dump {} --checkpoints {}", scratch / "dump", scratch / "c")).status == 0);
  const json tensors = stored_tensors(scratch);
  REQUIRE(tensors.size() == 8);
  write_record(scratch, "ints_sample0", tensors, [](const std::string&, auto&) {});
  const CommandResult equal = ares_run("--compare " + (scratch / "ints_sample0.npz"));
  INFO(equal.text);
  CHECK(equal.status == 0);
  CHECK(equal.text.find("every tensor is equal") != std::string::npos);

  // Another sample than the record's: the whole network differs, but each layer does what is recorded.
  const CommandResult other = ares_run(fmt::format("--compare {} --sample 1", scratch / "ints_sample0.npz"));
  INFO(other.text);
  CHECK(other.status == 1);
  CHECK(other.text.find("the network's input") != std::string::npos);
  CHECK(ares_run(fmt::format("--compare {} --sample 8", scratch / "ints_sample0.npz")).status == 2);

  write_record(scratch, "ints_sample0", tensors, [](const std::string& name, auto& values) {
    if (name == kRelu1) values[13] += 3;
  });
  const CommandResult wrong =
      ares_run(fmt::format("--compare {} --json {}", scratch / "ints_sample0.npz", scratch / "r.json"));
  INFO(wrong.text);
  CHECK(wrong.status == 1);
  CHECK(wrong.text.find(fmt::format("first that differs: '{}'", kRelu1)) != std::string::npos);
  const json report = json::parse(value_or_throw(read_file(scratch / "r.json")))["compare"];
  CHECK(report["first"] == kRelu1);
  CHECK(report["sample"] == 0);
  CHECK(report["passes"] == false);
  for (const json& t : report["tensors"]) {
    if (t["tensor"] != kRelu1)
      CHECK(t["whole"]["differing"] == 0);
    else
      CHECK(t["alone"] == json{{"differing", 1}, {"largest", 3}, {"first", t["alone"]["first"]}});
  }
}

TEST_CASE("run: records that are damaged or of another model are refused in one line") {
  const ScratchDirectory scratch;
  REQUIRE(ares_run(fmt::format("--dump {} --checkpoints {}", scratch / "dump", scratch / "c")).status == 0);
  json tensors = stored_tensors(scratch);
  const auto refused = [&](const std::string& file, const std::string& part) {
    const CommandResult r = ares_run("--compare " + (scratch / file));
    CAPTURE(r.text);
    CHECK(r.status == 2);
    CHECK(r.text.find(part) != std::string::npos);
  };
  tensors[1]["scale"] = 0.5;
  write_record(scratch, "scale_sample0", tensors, [](const std::string&, auto&) {});
  refused("scale_sample0.npz", "the record is of another model or export");
  const std::string good = value_or_throw(read_file(scratch / "scale_sample0.npz"));
  const auto damaged = [&](std::string bytes, const std::string& part) {
    value_or_throw(write_file(scratch / "bad_0.npz", bytes));
    refused("bad_0.npz", part);
  };
  damaged("", "not a .npz file");
  damaged(good.substr(good.size() / 2), "not a .npz file");
  damaged(good.substr(0, good.size() - 30), "not a .npz file");
  std::string huge = good;  // the first member's size, in the central directory
  huge.replace(huge.find("PK\x01\x02") + 24, 4, "\xff\xff\xff\xff");
  damaged(huge, "damaged");
  value_or_throw(write_file(scratch / "alone_0.npz", good));
  refused("alone_0.npz", "alone_0.json");
  value_or_throw(write_file(scratch / "alone_0.json", "[{\"key\": \"a000\"}]"));
  refused("alone_0.npz", "no \"key\" or no \"tensor\"");
}
