#include "experiments/perf/perf_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ares;
using namespace ares::perf;

namespace {

const std::vector<Row> before{{"resnet8", "gvsoc", 1000, 0, true, "gvsoc a"},
                              {"resnet8", "event", 900, 950, true, "event simulator"},
                              {"mlp", "gvsoc", 1000, 0, true, "gvsoc a"}};

int worse(const std::vector<Row>& now) {
  const auto all = compare(before, now, {5, 3, {"resnet8"}});
  return static_cast<int>(std::count_if(all.begin(), all.end(), [](const Finding& f) { return f.worse; }));
}

std::vector<Row> with(size_t row, double cycles) {
  std::vector<Row> now = before;
  now[row].cycles = cycles;
  return now;
}

}  // namespace

TEST_CASE("perf: a table survives being written and read; what is damaged names its line") {
  CHECK(from_text(to_text(before)).value() == before);
  const std::string text = to_text(before);
  CHECK_FALSE(from_text("hello\n"));
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"\t900\t", "\tmany\t"},
                                 {"\tright\tevent", "\tmaybe\tevent"},
                                 {"\tevent simulator", ""},
                                 {"\t900\t", "\t0\t"}}) {
    std::string damaged = text;
    damaged.replace(damaged.find(from), from.size(), to);
    const auto rows = from_text(damaged);
    REQUIRE_FALSE(rows);
    CHECK(rows.error().what.find("line 3") != std::string::npos);
  }
}

TEST_CASE("perf: hot networks have the closer limit") {
  CHECK(worse(before) == 0);
  CHECK(worse(with(0, 1030)) == 0);
  CHECK(worse(with(0, 1031)) == 1);
  CHECK(worse(with(2, 1050)) == 0);
  CHECK(worse(with(2, 1051)) == 1);
  CHECK(worse(with(2, 10)) == 0);
}

TEST_CASE("perf: wrong bytes and missing rows are worse, other environments are not compared, new rows are fine") {
  std::vector<Row> now = before;
  now[0].right = false;
  CHECK(worse(now) == 1);
  now.erase(now.begin());
  CHECK(worse(now) == 1);
  now = with(0, 5000);
  now[0].environment = "gvsoc b";
  CHECK(worse(now) == 0);
  const auto all = compare(before, now, {});
  CHECK(std::count_if(all.begin(), all.end(), [](const Finding& f) { return f.unsure; }) == 1);
  now = before;
  now.push_back({"new", "gvsoc", 7, 0, true, "gvsoc a"});
  CHECK(worse(now) == 0);
  now.back().right = false;
  CHECK(worse(now) == 1);
}
