#include "cost_models/gvsoc/calibration.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/unit/kb_fixture.hpp"

using namespace ares;
using namespace ares::gvsoc;

namespace {

/// Everything exactly as expected.
Calibration ideal() {
  Calibration c{{"l3_read_1024", 1394}, {"l3_read_16384", 16754}};
  for (const Reference& r : references()) c[std::string(r.name)] = r.cycles;
  return c;
}

}  // namespace

TEST_CASE("calibration: logs that end, are cut off or hold something else") {
  const std::string log = "gvsoc starts\nCALIBRATE dma_in_4 16\nCALIBRATE x\nCALIBRATE dma_in_64 2x\nCALIBRATE END\n";
  const auto read = parse_calibration(log);
  REQUIRE(read);
  CHECK(*read == Calibration{{"dma_in_4", 16}});
  for (size_t length = 0; length < log.size(); ++length) CHECK_FALSE(parse_calibration(log.substr(0, length)));
}

TEST_CASE("calibration: what is too far from its reference, or missing, is told") {
  Calibration c = ideal();
  for (const Reference& r : references()) {
    const Verdict v = judge(r, c);
    CHECK((v == Verdict::within || v == Verdict::information));
  }
  CHECK(calibration_table(c).find("OUTSIDE") == std::string::npos);
  c["dma_in_16384"] = 2067 * 1.05;
  c.erase("mulh_100");
  const std::string table = calibration_table(c);
  CHECK(table.find("OUTSIDE 3 %") != std::string::npos);
  CHECK(table.find("MISSING") != std::string::npos);
  const auto count = [&](Verdict v) {
    const auto all = references();
    return std::count_if(all.begin(), all.end(), [&](const Reference& r) { return judge(r, c) == v; });
  };
  CHECK(count(Verdict::outside) == 1);
  CHECK(count(Verdict::missing) == 1);
}

TEST_CASE("calibration: the target description loads, holds what was measured, and names its source") {
  const Target base = load_target("gap9").value();
  const kb::fixture::TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "calibrated.json";
  Calibration c = ideal();
  c["dma_out_16384"] = c["dma_out_1024"] + 15360 / 4.0;
  c["fork_join"] = 41;
  const std::string text = target_json(c, base, "a simulator");
  std::ofstream(file) << text;
  const auto target = load_target(file.string());
  REQUIRE_MESSAGE(target, target.error().what);
  CHECK(target->name == "gap9");
  CHECK(target->hash != base.hash);
  CHECK(target->dma.bytes_per_cycle_out == 4);
  CHECK(target->dma.bytes_per_cycle_in == 8);
  CHECK(target->cores.fork_join == 41);
  CHECK(target->l3.latency == 350);
  CHECK(target->cores.count == base.cores.count);
  CHECK(text.find("a simulator") != std::string::npos);
}
