#include <doctest/doctest.h>

#include "core/base/text_table.hpp"
#include "search/tune_options.hpp"
#include "search/tune_report.hpp"

using namespace ares;

TEST_CASE("durations") {
  CHECK(parse_duration("90s") == 90.0);
  CHECK(parse_duration("2h") == 7200.0);
  CHECK(parse_duration("1h30m") == 5400.0);
  CHECK(parse_duration("0.5m") == 30.0);
  CHECK(parse_duration("45") == 45.0);
  for (const char* wrong : {"", "soon", "-3s", "3d", "s", "1e9s", "10 s", "99999999999999999999999h"})
    CHECK_MESSAGE(!parse_duration(wrong), wrong);
}

TEST_CASE("numbers and durations for people") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1234567.4) == "1,234,567");
  CHECK(grouped(-1234) == "-1,234");
  CHECK(grouped(std::numeric_limits<double>::infinity()) == "-");
  CHECK(duration_text(41.2) == "41 s");
  CHECK(duration_text(200) == "3 min 20 s");
  CHECK(duration_text(3900) == "1 h 05 min");
}

TEST_CASE("a table aligns its columns") {
  const std::string text = text_table({{"name"}, {"cycles", true}}, {{"conv1", "12"}, {"a", "3,456"}});
  CHECK(text ==
        "name   cycles\n"
        "-----  ------\n"
        "conv1      12\n"
        "a       3,456\n");
}

TEST_CASE("operators and shapes read as one writes them") {
  GroupShape s;
  s.in = {28, 28, 1};
  s.out = {14, 14, 16};
  s.window = {3, 5, 2, 2, 1, 1, 1, 2, 1, 2};
  CHECK(operator_text(s) == "conv 3x5/2");
  CHECK(shape_text(s) == "28x28x1 > 14x14x16");
  s.family = Family::linear;
  s.in = {1, 32, 64};
  s.out = {1, 32, 10};
  CHECK(operator_text(s) == "linear");
  CHECK(shape_text(s) == "32x64 > 32x10");
}
