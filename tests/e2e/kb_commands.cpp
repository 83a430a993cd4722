// ares-kb as a user types it.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kb/codec.hpp"
#include "tests/unit/kb_fixture.hpp"

namespace ares::kb {
namespace {

using namespace fixture;

struct Outcome {
  int status = -1;
  std::string text;  ///< standard output and errors
};

Outcome run(const std::string& arguments) {
  FILE* pipe = popen((ARES_BIN_DIR "/ares-kb " + arguments + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  Outcome o;
  char buffer[4096];
  for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) o.text.append(buffer, n);
  o.status = WEXITSTATUS(pclose(pipe));
  return o;
}

bool one_line(const std::string& text) { return text.find('\n') == text.size() - 1; }

/// Two convolutions and a failure.
struct Scene {
  TemporaryDirectory dir;
  std::string kb = " --kb " + dir.kb().string();
  std::string file(const char* name) const { return (dir.path() / name).string(); }

  Scene() {
    KnowledgeBase base = opened(dir.kb());
    for (int channels : {64, 96}) {
      Trial rule = trial(7, 200.0 * channels);
      rule.rule = true;
      const std::vector trials{rule, trial(14, 100.0 * channels),
                               failed_trial(1, FailureKind::timeout, "no answer in 60 s")};
      REQUIRE(base.record(subject(conv_signature(channels)), {"digits", "conv" + std::to_string(channels), "run", 1},
                          trials));
    }
  }
};

nlohmann::json read_json(const std::string& file) {
  std::ifstream in(file);
  return nlohmann::json::parse(in);
}

TEST_CASE("ares-kb: list, search and stats") {
  const Scene scene;
  const Outcome list = run("list --json " + scene.file("list.json") + scene.kb);
  CHECK(list.status == 0);
  CHECK(list.text.find("conv 3x3 14x14x32 -> 14x14x64") != std::string::npos);
  CHECK(list.text.find("digits:conv96") != std::string::npos);
  const auto json = read_json(scene.file("list.json"));
  REQUIRE(json["entries"].size() == 2);
  CHECK(json["entries"][0]["results"][0]["cycles"] == 6400);

  const Outcome found = run("search DIGITS conv96" + scene.kb);
  CHECK(found.text.find("14x14x96") != std::string::npos);
  CHECK(found.text.find("14x14x64") == std::string::npos);

  CHECK(run("stats --json " + scene.file("stats.json") + scene.kb).status == 0);
  CHECK(read_json(scene.file("stats.json"))["evaluations"] == 4);
  CHECK(run("negatives" + scene.kb).text.find("no answer in 60 s") != std::string::npos);
}

TEST_CASE("ares-kb: lookup by signature, by ID and by shape") {
  const Scene scene;
  const std::string text = to_string(conv_signature(64));
  const Outcome by_text = run("lookup " + text + scene.kb);
  CHECK(by_text.status == 0);
  CHECK(by_text.text.find("tile_h=14") != std::string::npos);
  const std::string id = by_text.text.substr(by_text.text.find("  id") + 4, 18);
  CHECK(run("lookup " + id + scene.kb).text == by_text.text);
  CHECK(run("lookup --family conv --in 14x14x32 --out 14x14x64 --kernel 3x3 --l1 96K" + scene.kb).text == by_text.text);

  const Outcome near = run("lookup --family conv --in 14x14x32 --out 14x14x80 --kernel 3x3 --l1 96K --json " +
                           scene.file("near.json") + scene.kb);
  CHECK(near.status == 0);
  const auto json = read_json(scene.file("near.json"));
  CHECK(json["exact"].empty());
  REQUIRE(json["near"].size() == 2);
  CHECK(json["near"][0]["distance"] < json["near"][1]["distance"]);

  CHECK(run("lookup --family linear --in 1x1x8 --out 1x1x8" + scene.kb).status == 1);
}

TEST_CASE("ares-kb: export, import, merge, delete and prune") {
  const Scene scene;
  const std::string text = scene.file("export.jsonl"), copy = " --kb " + scene.file("copy");
  CHECK(run("export " + text + scene.kb).status == 0);
  CHECK(run("import " + text + copy).status == 0);
  CHECK(run("export" + copy).text == run("export" + scene.kb).text);
  CHECK(run("merge " + scene.file("copy") + scene.kb).status == 0);
  CHECK(run("export" + copy).text == run("export" + scene.kb).text);

  CHECK(run("delete " + to_string(conv_signature(64)) + copy).status == 0);
  CHECK(run("list" + copy).text.find("14x14x64") == std::string::npos);
  CHECK(run("delete " + to_string(conv_signature(64)) + copy).status == 1);
  CHECK(run("prune" + copy).text.find("removed 1 entry") == 0);  // the fixture's environment is not today's
}

TEST_CASE("ares-kb: verify names a damaged record and prune removes it") {
  const Scene scene;
  CHECK(run("verify" + scene.kb).status == 0);
  {
    KnowledgeBase base = opened(scene.dir.kb());
    const Write damage{Column::entries, key_of(subject(conv_signature(96))), "damaged"};
    REQUIRE(const_cast<Store&>(base.store()).write({&damage, 1}, true));
  }
  const Outcome damaged = run("verify" + scene.kb);
  CHECK(damaged.status == 1);
  CHECK(damaged.text.find("out=14x14x96") != std::string::npos);
  CHECK(run("prune" + scene.kb).status == 0);
  CHECK(run("verify" + scene.kb).status == 0);
}

TEST_CASE("ares-kb: wrong usage is status 2, failing work status 1, each in one line") {
  const Scene scene;
  for (const std::string& wrong :
       {std::string("nonsense"), std::string(), "list --nonsense" + scene.kb, "list word" + scene.kb,
        "lookup conv:in=1" + scene.kb, "lookup 12345678" + scene.kb, "list --source moon" + scene.kb,
        "import /nonexistent" + scene.kb, std::string("list --kb /nonexistent")}) {
    const Outcome o = run(wrong);
    CHECK_MESSAGE(o.status == 2, wrong);
    CHECK_MESSAGE(one_line(o.text), o.text);
  }
  std::ofstream(scene.file("empty.jsonl")) << "";
  const Outcome unwritable = run("import " + scene.file("empty.jsonl") + " --kb " + scene.file("empty.jsonl") + "/kb");
  CHECK(unwritable.status == 1);
  CHECK(one_line(unwritable.text));

  const KnowledgeBase writer = opened(scene.dir.kb());
  const Outcome second = run("prune" + scene.kb);
  CHECK(second.status == 1);
  CHECK(second.text.find("is writing to it") != std::string::npos);
  CHECK(one_line(second.text));
  CHECK(run("list" + scene.kb).status == 0);
}

TEST_CASE("ares-kb: every command has a help text and the program a version") {
  CHECK(run("--help").status == 0);
  CHECK(run("--version").status == 0);
  for (const char* command :
       {"list", "search", "lookup", "stats", "negatives", "export", "import", "merge", "verify", "delete", "prune"}) {
    CHECK(run(std::string(command) + " --help").text.find("--kb") != std::string::npos);
  }
}

}  // namespace
}  // namespace ares::kb
