#include <doctest/doctest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "kb/codec.hpp"
#include "kb/json.hpp"
#include "kb/location.hpp"
#include "kb_fixture.hpp"

namespace ares::kb {
namespace {

using namespace fixture;

void must(const Result<void>& r) {
  if (!r) FAIL(r.error().what);
}

TEST_CASE("kb: an entry comes back after reopening, the fastest first, with its marks") {
  const TemporaryDirectory dir;
  Trial rule = trial(1, 900), model_best = trial(2, 500);
  rule.rule = model_best.model_best = true;
  model_best.cold_cycles = 650;
  {
    KnowledgeBase kb = opened(dir.kb());
    must(kb.record(subject(), origin, std::vector{rule, model_best, trial(3, 400)}, "step 3"));
  }
  const KnowledgeBase kb = value_or_throw(KnowledgeBase::open_read_only(dir.kb()));
  const auto e = kb.find(subject());
  REQUIRE(e);
  CHECK(e->subject == subject());
  REQUIRE(e->results.size() == 3);
  CHECK(e->best().config == config(3));
  CHECK(e->best().provenance == origin);
  CHECK(e->rule()->cycles == 900);
  CHECK(e->model_best()->cold_cycles == 650);
  CHECK(e->evaluations == 3);
  CHECK(e->worst_cycles == 900);
  CHECK(e->cursor == "step 3");
  CHECK_FALSE(e->settled);
}

TEST_CASE("kb: keeps the best 64 and always rule and model-best; the fewest cycles of a config win") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  Trial rule = trial(1000, 1e6);
  rule.rule = true;
  must(kb.record(subject(), origin, std::vector{rule}));
  std::vector<Trial> many;
  for (uint16_t i = 1; i <= 200; ++i) many.push_back(trial(i, 10000 - i));
  must(kb.record(subject(), origin, many));
  must(kb.record(subject(), origin, std::vector{trial(7, 5), trial(200, 99999)}));
  const auto e = kb.find(subject());
  REQUIRE(e);
  CHECK(e->results.size() == best_kept + 1);
  CHECK(e->best().config == config(7));
  CHECK(e->results[1].config == config(200));
  CHECK(e->results[1].cycles == 9800);
  REQUIRE(e->rule());
  CHECK(e->rule()->cycles == 1e6);
  CHECK(e->evaluations == 203);
  CHECK(kb.verify().empty());
}

TEST_CASE("kb: the mark of model-best moves to the newest") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  Trial a = trial(1, 100), b = trial(2, 200);
  a.model_best = b.model_best = true;
  must(kb.record(subject(), origin, std::vector{a}));
  must(kb.record(subject(), origin, std::vector{b}));
  const auto e = kb.find(subject());
  CHECK(e->model_best()->config == config(2));
  CHECK(std::count_if(e->results.begin(), e->results.end(), [](auto& m) { return m.model_best; }) == 1);
}

TEST_CASE("kb: sources stay apart and the most trusted answers") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  must(kb.record(subject(conv_signature(), Source::event), origin, std::vector{trial(1, 100)}));
  CHECK(kb.exact(conv_signature(), current())->subject.source == Source::event);
  must(kb.record(subject(conv_signature(), Source::gvsoc), origin, std::vector{trial(2, 300)}));
  CHECK(kb.exact(conv_signature(), current())->best().config == config(2));
  must(kb.record(subject(conv_signature(), Source::board), origin, std::vector{trial(3, 900)}));
  CHECK(kb.exact(conv_signature(), current())->best().config == config(3));
  CHECK(kb.all(conv_signature()).size() == 3);
}

TEST_CASE("kb: another environment is never an answer, but a candidate") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  must(kb.record(subject(conv_signature(64), Source::gvsoc, 1), origin, std::vector{trial(1, 100)}));
  CHECK_FALSE(kb.exact(conv_signature(64), current(2)));
  const CurrentEnvironment now = current(2);
  CHECK(kb.nearest(conv_signature(96), {}, &now).empty());
  CHECK(kb.nearest(conv_signature(96), {}, nullptr).size() == 1);
  must(kb.record(subject(conv_signature(64), Source::event, 2), origin, std::vector{trial(2, 50)}));
  CHECK(kb.exact(conv_signature(64), now)->best().config == config(2));
  CHECK(kb.exact(conv_signature(64), current(1))->best().config == config(1));

  CurrentEnvironment unknown_simulator = current(1);
  unknown_simulator.simulator = {};
  CHECK(kb.exact(conv_signature(64), unknown_simulator)->best().config == config(1));
  CurrentEnvironment other_simulator = current(1);
  other_simulator.simulator = {"2", "2", "2"};
  CHECK_FALSE(kb.exact(conv_signature(64), other_simulator));
}

TEST_CASE("kb: nearest comes in order of distance, within tolerance and family") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  for (int channels : {8, 32, 48, 64, 100, 128, 1024}) {
    must(kb.record(subject(conv_signature(channels)), origin, std::vector{trial(1, channels)}));
  }
  Signature other_family = conv_signature(65);
  other_family.shape.window.sh = 2;
  must(kb.record(subject(other_family), origin, std::vector{trial(1, 1)}));
  const CurrentEnvironment now = current();
  const auto channels_of = [&](double tolerance, size_t count) {
    std::vector<int> channels;
    for (const Neighbour& n : kb.nearest(conv_signature(64), {tolerance, count}, &now)) {
      channels.push_back(n.entry.subject.signature.shape.out.c);
    }
    return channels;
  };
  CHECK(channels_of(1, 10) == std::vector{48, 100, 32, 128});
  CHECK(channels_of(1, 2) == std::vector{48, 100});
  CHECK(channels_of(4, 10) == std::vector{48, 100, 32, 128, 8, 1024});
  CHECK(channels_of(0.1, 10).empty());
}

TEST_CASE("kb: nearest sees what was recorded and forgotten since the last question") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  const CurrentEnvironment now = current();
  const auto nearest = [&] { return kb.nearest(conv_signature(64), {4, 1}, &now).at(0).entry.subject.signature; };
  must(kb.record(subject(conv_signature(128)), origin, std::vector{trial(1, 1)}));
  CHECK(nearest() == conv_signature(128));
  must(kb.record(subject(conv_signature(72)), origin, std::vector{trial(1, 1)}));
  CHECK(nearest() == conv_signature(72));
  must(kb.erase(subject(conv_signature(72))));
  CHECK(nearest() == conv_signature(128));
}

TEST_CASE("kb: what does not decode is a miss, is counted, reported, and can be written anew") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  must(kb.record(subject(conv_signature(64)), origin, std::vector{trial(1, 100)}));
  must(kb.record(subject(conv_signature(65)), origin, std::vector{trial(1, 100)}));
  const std::string key = key_of(subject(conv_signature(64)));
  const std::string foreign = *kb.store().get(Column::entries, key_of(subject(conv_signature(65))));
  for (const std::string& garbage : {std::string(), std::string("garbage"), std::string(100, '\xff'), foreign}) {
    Store& store = const_cast<Store&>(kb.store());
    const Write damage{Column::entries, key, garbage};
    must(store.write({&damage, 1}, false));
    const uint64_t before = kb.misses();
    CHECK_FALSE(kb.find(subject(conv_signature(64))));
    CHECK_FALSE(kb.exact(conv_signature(64), current()));
    CHECK(kb.misses() == before + 2);
    const auto damages = kb.verify();
    REQUIRE(damages.size() == 1);
    CHECK(damages[0].find("out=14x14x64") != std::string::npos);
  }
  must(kb.record(subject(conv_signature(64)), origin, std::vector{trial(2, 200)}));
  CHECK(kb.find(subject(conv_signature(64)))->best().config == config(2));
  CHECK(kb.verify().empty());
}

TEST_CASE("kb: what two runs found of one group is sound when it is put together") {
  const TemporaryDirectory dir;
  KnowledgeBase one = opened(dir.path() / "one"), two = opened(dir.path() / "two");
  must(one.record(subject(), origin, std::vector{trial(1, 100), trial(2, 200)}));
  must(two.record(subject(), origin, std::vector{trial(3, 150), trial(4, 50)}));
  REQUIRE(merge(one, two));
  CHECK(one.find(subject())->results.size() == 4);
  CHECK(one.find(subject())->evaluations == 4);
  CHECK(one.verify().empty());
}

TEST_CASE("kb: the trial list serves resuming and goes when the subject is settled") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  std::vector<Trial> many;
  for (uint16_t i = 1; i <= 100; ++i) many.push_back(trial(i, 1000 + i));
  must(kb.record(subject(), origin, many));
  must(kb.record(subject(), origin, std::vector{trial(500, 1), failed_trial(501, FailureKind::timeout, "60 s")}));
  auto told = kb.measured(subject());
  REQUIRE(told.size() == 101);
  CHECK(told.front() == std::pair(config(1), 1001.0));
  CHECK(told.back() == std::pair(config(500), 1.0));
  const auto failures = kb.failures(subject());
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].config == config(501));
  CHECK(failures[0].reason == FailureReason{FailureKind::timeout, "60 s"});

  must(kb.settle(subject(), {"grid", "space exhausted", 200, 102, 1700000001}));
  CHECK(kb.find(subject())->settled->reason == "space exhausted");
  CHECK(kb.find(subject())->evaluations == 101);
  CHECK(kb.measured(subject()).size() == best_kept);
  CHECK(kb.failures(subject()).size() == 1);
  CHECK(kb.verify().empty());
}

TEST_CASE("kb: a result without cycles and without a failure is refused") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  CHECK_FALSE(kb.record(subject(), origin, std::vector{trial(1, 0)}));
  CHECK_FALSE(kb.record(subject(), origin, std::vector{trial(1, std::numeric_limits<double>::quiet_NaN())}));
  CHECK_FALSE(kb.find(subject()));
}

PlanEntry sample_plan(double cycles) {
  PlanEntry p;
  p.subject.groups = {conv_signature(16), conv_signature(32)};
  p.subject.edges = {{-1, 0}, {0, 1}, {1, -1}};
  p.subject.environment = environment();
  p.configs = {config(1), config(2)};
  p.detail = std::string("opaque\0\xff", 8);
  p.cycles = cycles;
  p.provenance = origin;
  return p;
}

TEST_CASE("kb: of two plans of a network the faster stays") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  must(kb.record(sample_plan(1000)));
  must(kb.record(sample_plan(1200)));
  const auto found = kb.plan(sample_plan(0).subject, current());
  REQUIRE(found);
  CHECK(*found == sample_plan(1000));
  PlanSubject reordered = sample_plan(0).subject;
  std::swap(reordered.groups[0], reordered.groups[1]);
  CHECK_FALSE(kb.plan(reordered, current()));
  PlanSubject rewired = sample_plan(0).subject;
  rewired.edges.pop_back();
  CHECK_FALSE(kb.plan(rewired, current()));
  CHECK_FALSE(kb.plan(sample_plan(0).subject, current(2)));
}

TEST_CASE("kb: what ships is the best of each entry with rule and model-best, and nothing of who measured when") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  Trial rule = trial(9, 900), model_best = trial(8, 800);
  rule.rule = model_best.model_best = true;
  must(
      kb.record(subject(), origin, std::vector{rule, trial(1, 100), trial(2, 200), trial(3, 300), model_best}, "step"));
  must(kb.record(sample_plan(1000)));
  std::stringstream text;
  REQUIRE(export_best(kb, text, 2));
  KnowledgeBase copy = opened(dir.path() / "copy");
  REQUIRE(import_text(copy, text, "best.jsonl"));
  const auto e = copy.find(subject());
  REQUIRE(e);
  REQUIRE(e->results.size() == 4);
  CHECK(e->results[1].config == config(2));
  CHECK(e->rule()->cycles == 900);
  CHECK(e->model_best()->cycles == 800);
  CHECK(e->evaluations == 5);
  CHECK(e->cursor.empty());
  for (const Measured& m : e->results) CHECK(m.provenance == Provenance{origin.model, origin.layer, "", 0});
  CHECK_FALSE(copy.plan(sample_plan(1000).subject, current()));
}

TEST_CASE("kb: export and import carry everything over, twice is once") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  Trial rule = trial(1, 900.5);
  rule.rule = rule.model_best = true;
  must(kb.record(subject(), origin,
                 std::vector{rule, trial(2, 1.0 / 3), failed_trial(9, FailureKind::wrong_output, "byte 3 of 'y'")},
                 std::string("\x00\xff", 2)));
  must(kb.settle(subject(), {"grid", "space exhausted", 10, 3, 1}));
  must(kb.record(sample_plan(77)));
  must(kb.record(Run{new_run_id(), "ares-tune --model \"m\"", "m", "gap9", 7, 3, 1, 2}));
  std::stringstream text;
  const auto counts = export_text(kb, text);
  REQUIRE(counts);
  CHECK(counts->entries == 1);
  CHECK(counts->failures == 1);

  KnowledgeBase copy = opened(dir.path() / "copy");
  for (int pass = 0; pass < 2; ++pass) {
    std::istringstream in(text.str());
    REQUIRE(import_text(copy, in, "export.jsonl"));
    std::stringstream again;
    REQUIRE(export_text(copy, again));
    CHECK(again.str() == text.str());
  }
  CHECK(copy.find(subject()) == kb.find(subject()));
  CHECK(copy.verify().empty());

  KnowledgeBase merged = opened(dir.path() / "merged");
  REQUIRE(merge(merged, kb));
  CHECK(merged.plan(sample_plan(0).subject, current()) == sample_plan(77));
}

TEST_CASE("kb: an import with an unreadable line names it and writes nothing") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  must(kb.record(subject(), origin, std::vector{trial(1, 10)}));
  std::stringstream text;
  REQUIRE(export_text(kb, text));
  KnowledgeBase copy = opened(dir.path() / "copy");
  for (const char* bad : {"{", "[]", "{\"record\":\"entry\",\"version\":1}", "{\"record\":\"entry\",\"version\":99}"}) {
    std::istringstream in(text.str() + bad + "\n");
    const auto counts = import_text(copy, in, "export.jsonl");
    REQUIRE_FALSE(counts);
    CHECK(counts.error().what.starts_with("export.jsonl:2: "));
  }
  CHECK_FALSE(copy.find(subject()));
}

TEST_CASE("kb: erase forgets a subject and nothing else") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  for (Source s : sources) {
    must(kb.record(subject(conv_signature(), s), origin,
                   std::vector{trial(1, 10), failed_trial(2, FailureKind::timeout, "")}));
  }
  must(kb.erase(subject(conv_signature(), Source::gvsoc)));
  CHECK_FALSE(kb.find(subject(conv_signature(), Source::gvsoc)));
  CHECK(kb.failures(subject(conv_signature(), Source::gvsoc)).empty());
  CHECK(kb.measured(subject(conv_signature(), Source::event)).size() == 1);
  CHECK(kb.all(conv_signature()).size() == 2);
}

TEST_CASE("kb: a place that cannot be written, and one that holds something else, are refused in one line") {
  const TemporaryDirectory dir;
  const auto error_of = [](const std::filesystem::path& place) {
    const auto kb = KnowledgeBase::open(place);
    REQUIRE_FALSE(kb);
    CHECK(kb.error().what.find('\n') == std::string::npos);
    CHECK(kb.error().what.find(place.string()) != std::string::npos);
    return kb.error().what;
  };
  const std::filesystem::path file = dir.path() / "file";
  std::ofstream(file) << "text";
  CHECK(error_of(file).find("--kb") != std::string::npos);
  CHECK(error_of(file / "below").find("--kb") != std::string::npos);
  CHECK(error_of(dir.path()).find("something else") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(dir.path() / "OWNER"));
  CHECK_FALSE(KnowledgeBase::open_read_only(dir.path() / "nowhere"));
}

TEST_CASE("kb: the format of a newer program is left alone") {
  const TemporaryDirectory dir;
  {
    KnowledgeBase kb = opened(dir.kb());
    const Write newer{Column::meta, "format", "3"};
    must(const_cast<Store&>(kb.store()).write({&newer, 1}, true));
  }
  for (const auto& kb : {KnowledgeBase::open(dir.kb()), KnowledgeBase::open_read_only(dir.kb())}) {
    REQUIRE_FALSE(kb);
    CHECK(kb.error().what.find("format 3") != std::string::npos);
  }
}

TEST_CASE("kb: entries of format 1 are read") {
  // kb.proto's Entry, two results as messages of their own: 1000 cycles and 1500.5, of two networks.
  constexpr std::string_view payload_text =
      "0a110907000000000000001002180122027633120b110000000000408f4020011218110000000000729740190000000000409f40280130"
      "0138011a110a036e65741205636f6e76311a017220051a090a056f74686572200620092900000000007297403a04686572654207030508"
      "0406ac024803";
  std::string payload;
  for (std::size_t i = 0; i < payload_text.size(); i += 2)
    payload.push_back(static_cast<char>(std::stoi(std::string(payload_text.substr(i, 2)), nullptr, 16)));
  const Subject s{fixture::conv_signature(), Source::event, {7, 2, 1, "v3"}};
  const std::string key = key_of(s);
  std::string value(1, '\1');
  const uint64_t checksum = hash_of(payload, hash_of(key));
  for (int shift = 56; shift >= 0; shift -= 8) value.push_back(static_cast<char>(checksum >> shift));
  const auto entry = decode_entry(key, value + payload);
  REQUIRE(entry);
  REQUIRE(entry->results.size() == 2);
  CHECK(entry->subject == s);
  CHECK(entry->best() == Measured{{{3, 5, 8}}, 1000, 0, true, false, {"net", "conv1", "r", 5}, false});
  CHECK(entry->results[1] == Measured{{{4, 6, 300}}, 1500.5, 2000, false, true, {"other", "", "", 6}, true});
  CHECK(entry->cursor == "here");
  const std::string today = encode(key, *entry);
  CHECK(today[0] == 2);
  CHECK(decode_entry(key, today) == entry);
}

TEST_CASE("kb: the place follows the option, then the environment") {
  const auto with = [](const char* kb, const char* data, const char* home, const std::optional<std::string>& option) {
    setenv("ARES_KB", kb, 1);
    setenv("XDG_DATA_HOME", data, 1);
    setenv("HOME", home, 1);
    return location(option).string();
  };
  const std::string old_home = getenv("HOME") ? getenv("HOME") : "";
  CHECK(with("/a", "/b", "/c", "/d") == "/d");
  CHECK(with("/a", "/b", "/c", std::nullopt) == "/a");
  CHECK(with("", "/b", "/c", std::nullopt) == "/b/ares/kb");
  CHECK(with("", "", "/c", std::nullopt) == "/c/.local/share/ares/kb");
  unsetenv("ARES_KB");
  unsetenv("XDG_DATA_HOME");
  setenv("HOME", old_home.c_str(), 1);
}

TEST_CASE("kb: stored numbers keep their meaning") {
  // Records hold knobs, kernels, loop orders and axes by number. If this fails, names were inserted or moved instead of
  // added at the end: put them at the end, or raise `format` in codec.cpp.
  const std::vector<std::string> knobs{"tile_h", "tile_w",  "tile_co", "tile_ci", "tile_l2", "buf_in",
                                       "buf_w",  "buf_out", "buf_l2",  "order",   "kernel",  "parallel"};
  REQUIRE(knob_count >= knobs.size());
  for (size_t i = 0; i < knobs.size(); ++i) CHECK(name_of(static_cast<Knob>(i)) == knobs[i]);
  const std::vector<std::string> kernels{"gemm_4x2",   "gemm_4x4",   "gemm_5x4",  "gemm_8x1",
                                         "im2col_4x2", "im2col_4x4", "slide_4x4", "slide_2x8"};
  REQUIRE(kernel_tilings.size() >= kernels.size());
  for (size_t i = 0; i < kernels.size(); ++i) CHECK(kernel_tilings[i].name == kernels[i]);
  CHECK(static_cast<int>(LoopOrder::channels_middle) == 3);
  CHECK(static_cast<int>(ParallelAxis::channels) == 3);
}

}  // namespace
}  // namespace ares::kb
