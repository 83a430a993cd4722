// Several processes on one knowledge base. A child is this program again, at one of the skipped test cases below.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rocksdb/db.h>

#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "kb_fixture.hpp"

namespace ares::kb {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

constexpr int subject_count = 3;

/// What report number `i` of a child holds: subject, result and failure follow from the number.
Subject subject_of(int i) {
  return subject(conv_signature(16 * (1 + i % subject_count)), i % 7 == 0 ? Source::gvsoc : Source::event);
}
Config config_of(int i) {
  Config c = config(static_cast<uint16_t>(1 + i % 60000));
  c[Knob::tile_w] = static_cast<uint16_t>(1 + i / 60000);
  return c;
}
double cycles_of(int i) { return 1000 + i * 7919 % 5000; }
bool fails(int i) { return i % 11 == 0; }

Trial trial_of(int i) {
  Trial t;
  t.config = config_of(i);
  if (fails(i)) {
    t.failure = FailureReason{FailureKind::timeout, "late"};
  } else {
    t.cycles = cycles_of(i);
  }
  return t;
}

/// Runs one of the skipped test cases in a process of its own; what it writes to `reports` can be read here.
class Child {
 public:
  Child(const char* test_case, const std::filesystem::path& dir, int first) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const std::string filter = std::string("--test-case=") + test_case;
    const std::string where = "ARES_KB_TEST_DIR=" + dir.string(), begin = "ARES_KB_TEST_FIRST=" + std::to_string(first);
    std::vector<char*> env;
    for (char** e = environ; *e; ++e) env.push_back(*e);
    for (const std::string* e : {&where, &begin}) env.push_back(const_cast<char*>(e->c_str()));
    env.push_back(nullptr);
    const char* arguments[] = {"child", filter.c_str(), "--no-skip", "--quiet", nullptr};
    REQUIRE(posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, const_cast<char**>(arguments), env.data()) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    reports_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    end();
    close(reports_);
  }

  /// The next report, -1 when there will be none.
  int next() {
    int report = -1;
    return read(reports_, &report, sizeof report) == sizeof report ? report : -1;
  }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int reports_ = -1;
};

void report(int i) {
  if (write(STDOUT_FILENO, &i, sizeof i) != sizeof i) std::_Exit(1);
}

TEST_CASE("child: records without end" * doctest::skip()) {
  KnowledgeBase kb = opened(getenv("ARES_KB_TEST_DIR"));
  for (int i = std::atoi(getenv("ARES_KB_TEST_FIRST"));; ++i) {
    const Trial t = trial_of(i);
    if (!kb.record(subject_of(i), origin, {&t, 1}, std::to_string(i))) std::_Exit(1);
    report(i);
  }
}

TEST_CASE("child: holds the right to write" * doctest::skip()) {
  const KnowledgeBase kb = opened(getenv("ARES_KB_TEST_DIR"));
  report(0);
  pause();
}

/// What a knowledge base knows of the reports, by config.
struct Known {
  std::map<std::array<uint16_t, knob_count>, double> cycles;
  std::map<std::array<uint16_t, knob_count>, bool> failed;
};

Known known_in(const KnowledgeBase& kb) {
  Known known;
  for (int i = 0; i < subject_count * 7; ++i) {
    for (const auto& [c, cycles] : kb.measured(subject_of(i))) known.cycles[c.value] = cycles;
    for (const Failure& f : kb.failures(subject_of(i))) known.failed[f.config.value] = true;
  }
  return known;
}

bool holds(const Known& known, int i) {
  if (fails(i)) return known.failed.contains(config_of(i).value);
  const auto found = known.cycles.find(config_of(i).value);
  return found != known.cycles.end() && found->second == cycles_of(i);
}

TEST_CASE("kb: kill -9 at random moments loses nothing that was reported") {
  const TemporaryDirectory dir;
  std::mt19937 random(20240607);
  int reported = 0;  // all reports below this number were made
  for (int round = 0; round < 20; ++round) {
    Child child("child: records without end", dir.kb(), reported);
    // Half of them after some reports, however slow the machine is, the others at any time, opening included.
    const int awaited = round % 2 == 0 ? std::uniform_int_distribution(1, 100)(random) : 0;
    for (int i = 0; i < awaited; ++i) {
      const int next = child.next();
      REQUIRE(next >= 0);
      reported = next + 1;
    }
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution(0, awaited > 0 ? 2000 : 150000)(random)));
    child.end();
    for (int i = child.next(); i >= 0; i = child.next()) reported = i + 1;

    KnowledgeBase kb = opened(dir.kb());
    const auto damages = kb.verify();
    CHECK_MESSAGE(damages.empty(), damages.front());
    const Known known = known_in(kb);
    int lost = 0;
    for (int i = 0; i < reported; ++i) lost += !holds(known, i);
    CHECK(lost == 0);
    CHECK(kb.misses() == 0);
  }
  CHECK(reported > 100);
}

TEST_CASE("kb: a reader beside a writer sees what was reported before it looked") {
  const TemporaryDirectory dir;
  Child child("child: records without end", dir.kb(), 0);
  REQUIRE(child.next() == 0);
  int reported = 0;
  for (int round = 0; round < 10; ++round) {
    auto kb = KnowledgeBase::open_read_only(dir.kb());
    REQUIRE_MESSAGE(kb, kb.error().what);
    CHECK(holds(known_in(*kb), reported));
    for (int more = 0; more < 50; ++more) reported = child.next();
    REQUIRE(kb->refresh());
    const Known known = known_in(*kb);
    int missing = 0;
    for (int i = 0; i <= reported; ++i) missing += !holds(known, i);
    CHECK(missing == 0);
    CHECK(kb->misses() == 0);
  }
}

TEST_CASE("kb: a second writer is told who holds it, or waits") {
  const TemporaryDirectory dir;
  Child child("child: holds the right to write", dir.kb(), 0);
  REQUIRE(child.next() == 0);
  const auto refused = KnowledgeBase::open(dir.kb());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("process " + std::to_string(child.pid())) != std::string::npos);
  CHECK(KnowledgeBase::open_read_only(dir.kb()));
  const auto refused_again = KnowledgeBase::open(dir.kb());
  REQUIRE_FALSE(refused_again);
  CHECK(refused_again.error().what == refused.error().what);

  int told = 0;
  OpenOptions options;
  options.store.wait = 60s;
  options.store.on_wait = [&](const std::string& holder) {
    ++told;
    CHECK(holder.find(std::to_string(child.pid())) != std::string::npos);
    child.end();
  };
  const auto waited = KnowledgeBase::open(dir.kb(), options);
  CHECK_MESSAGE(waited, waited.error().what);
  CHECK(told == 1);
}

TEST_CASE("kb: one process cannot write twice either") {
  const TemporaryDirectory dir;
  {
    const KnowledgeBase kb = opened(dir.kb());
    const auto second = KnowledgeBase::open(dir.kb());
    REQUIRE_FALSE(second);
    CHECK(second.error().what.find(std::to_string(getpid())) != std::string::npos);
  }
  CHECK(KnowledgeBase::open(dir.kb()));
}

TEST_CASE("kb: results of several threads are all there") {
  const TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  constexpr int threads = 4, reports = 100;
  {
    std::vector<std::jthread> workers;
    workers.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&kb, t] {
        for (int i = t * reports; i < (t + 1) * reports; ++i) {
          const Trial result = trial_of(i);
          if (!kb.record(subject(), origin, {&result, 1})) std::abort();
        }
      });
    }
  }
  CHECK(kb.measured(subject()).size() + kb.failures(subject()).size() == threads * reports);
  CHECK(kb.verify().empty());
}

TEST_CASE("kb: a writer that died while it created the store leaves one that opens, empty") {
  for (const bool begun : {false, true}) {
    const TemporaryDirectory dir;
    std::filesystem::create_directories(dir.kb());
    std::ofstream(dir.kb() / "OWNER").flush();
    if (begun) {  // RocksDB creates its column families one by one, after the database
      rocksdb::Options options;
      options.create_if_missing = true;
      rocksdb::DB* db = nullptr;
      REQUIRE(rocksdb::DB::Open(options, dir.kb().string(), &db).ok());
      delete db;
    }
    const auto kb = KnowledgeBase::open_read_only(dir.kb());
    REQUIRE_MESSAGE(kb, kb.error().what);
    CHECK(kb->verify().empty());
    CHECK(KnowledgeBase::open(dir.kb()));
  }
}

}  // namespace
}  // namespace ares::kb
