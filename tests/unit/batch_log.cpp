// Logs of measuring programs as GVSOC printed them, whole, cut off, failing and damaged; and commands that hang.
#include "cost_models/gvsoc/batch_log.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>

#include "cost_models/gvsoc/process.hpp"

using namespace ares::gvsoc;

namespace {

const std::string whole =
    "MEASURE PROPERTIES unit=cycles mul=1 mulh=4 conflicts=1\n"
    "MEASURE BEGIN 4\n"
    "MEASURE RESULT 4 cold=5120 warm=3988 wrong=0 first=0 got=0 want=0\n"
    "MEASURE BEGIN 9\n"
    "MEASURE RESULT 9 cold=6001 warm=4102 wrong=0 first=0 got=0 want=0\n"
    "MEASURE END 2\n";

}  // namespace

TEST_CASE("a whole log") {
  const BatchLog log = parse_batch_log(whole);
  CHECK(log.started);
  CHECK(log.ended);
  CHECK_FALSE(log.running);
  CHECK_FALSE(log.died);
  CHECK(log.properties.at("mulh") == "4");
  CHECK(log.results.size() == 2);
  CHECK(log.results.at(4) == CandidateLine{5120, 3988, 0, 0, 0, 0});
  CHECK(log.results.at(9).warm == 4102);
}

TEST_CASE("a log that is cut off anywhere tells what is known so far, and who was running") {
  for (size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const BatchLog log = parse_batch_log(whole.substr(0, length));
    CHECK_FALSE(log.ended);
    for (const auto& [n, line] : log.results) CHECK(line == parse_batch_log(whole).results.at(n));
    const size_t began = whole.find("BEGIN 9\n") + 8, told = whole.find("MEASURE END");
    if (length >= began && length < told) CHECK(log.running == 9);
  }
}

TEST_CASE("a candidate that is wrong, and one that ends the program") {
  const BatchLog log = parse_batch_log(
      "MEASURE PROPERTIES unit=cycles\n"
      "MEASURE BEGIN 0\n"
      "MEASURE RESULT 0 cold=900 warm=800 wrong=12 first=77 got=3 want=4\n"
      "MEASURE BEGIN 1\n"
      "ares: group c1: a copy was never waited for\n");
  CHECK(log.results.at(0) == CandidateLine{900, 800, 12, 77, 3, 4});
  CHECK(log.running == 1);
  CHECK(log.died == "group c1: a copy was never waited for");
  CHECK_FALSE(log.ended);
}

TEST_CASE("what is not the program's, or damaged, is no result") {
  std::string garbage("\0\xff\x1b[31mwarning\n", 14);
  garbage +=
      "[31m    4711[0m: [warning] Unknown access\r\n"
      "MEASURE\nMEASURE \nMEASURE RESULT\nMEASURE RESULT 3\n"
      "MEASURE RESULT 3 cold=1 warm=2 wrong=0 first=0 got=0\n"
      "MEASURE RESULT 3 cold=1 warm=-2 wrong=0 first=0 got=0 want=0\n"
      "MEASURE RESULT 3 cold=1 warm=2x wrong=0 first=0 got=0 want=0\n"
      "MEASURE RESULT 99999999999999999999999 cold=1 warm=2 wrong=0 first=0 got=0 want=0\n"
      "MEASURE BEGIN x\nMEASURE END -1\nMEASURE END 0 0\n";
  const BatchLog log = parse_batch_log(garbage);
  CHECK(log.results.empty());
  CHECK_FALSE(log.running);
  CHECK_FALSE(log.started);
  CHECK_FALSE(log.ended);
  // Lines of the simulator between those of the program, and carriage returns.
  std::string mixed = whole;
  for (size_t at = 0; (at = mixed.find('\n', at)) != std::string::npos; at += 4) mixed.replace(at, 1, "\r\n?\n");
  CHECK(parse_batch_log(mixed).results == parse_batch_log(whole).results);
  CHECK(parse_batch_log(mixed).ended);
}

TEST_CASE("an END that counts other candidates than there are results is none") {
  CHECK_FALSE(parse_batch_log("MEASURE BEGIN 1\nMEASURE END 1\n").ended);
  CHECK(parse_batch_log("MEASURE END 0\n").ended);
}

TEST_CASE("a command that hangs is killed with all that it has started") {
  std::atomic<bool> stop{false};
  const auto begin = std::chrono::steady_clock::now();
  const auto hung = run_process({"sh", "-c", "echo began; sleep 100 & echo $!; wait"}, 0.3, stop);
  CHECK(hung.timed_out);
  CHECK_FALSE(hung.stopped);
  REQUIRE(hung.text.starts_with("began\n"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  const pid_t sleeper = std::stoi(hung.text.substr(6));
  bool gone = false;
  for (int i = 0; i < 2000 && !gone; ++i, usleep(1000)) gone = kill(sleeper, 0) != 0;
  CHECK(gone);

  stop = true;
  CHECK(run_process({"sleep", "100"}, 100, stop).stopped);
}

TEST_CASE("status and output of a command") {
  const std::atomic<bool> stop{false};
  const auto ran = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"}, 60, stop);
  CHECK(ran.status == 3);
  CHECK(ran.text == "out\nerr\n");
  CHECK(run_process({"sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 5"}, 60, stop).status == 5);
  CHECK(run_process({"no-such-program-anywhere"}, 60, stop).status == 127);
}
