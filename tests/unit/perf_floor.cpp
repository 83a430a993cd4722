#include "experiments/perf/floor.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "core/builder/write_model.hpp"
#include "core/import/load_network.hpp"
#include "experiments/perf/perf_table.hpp"
#include "experiments/perf/yardsticks.hpp"
#include "experiments/zoo/zoo.hpp"

using namespace ares;
using namespace ares::perf;

namespace {

GroupShape conv(int32_t size, int32_t in, int32_t out, int16_t kernel, int16_t stride) {
  GroupShape s;
  s.in = {size, size, in};
  s.out = {size / stride, size / stride, out};
  s.window = {.kh = kernel, .kw = kernel, .sh = stride, .sw = stride};
  return s;
}

GroupShape rows(Family family, int32_t count, int32_t in, int32_t out) {
  GroupShape s;
  s.family = family;
  s.in = {1, count, in};
  s.out = {1, count, out};
  return s;
}

double work(const GroupShape& s) { return floor_cycles(s) - 1000; }

}  // namespace

TEST_CASE("perf: a layer's floor is its work at the nearest kernel's rate") {
  CHECK(work(conv(32, 64, 64, 3, 1)) == doctest::Approx(32 * 32 * 64 * 576 / 22.4));
  CHECK(work(conv(32, 16, 64, 3, 1)) == doctest::Approx(32 * 32 * 64 * 144 / 19.6));
  CHECK(work(conv(32, 64, 64, 3, 2)) == doctest::Approx(16 * 16 * 64 * 576 / 19.6));
  CHECK(work(conv(32, 3, 16, 3, 1)) == doctest::Approx(32 * 32 * 16 * 27 / 12.5));
  CHECK(work(conv(32, 64, 64, 1, 1)) == doctest::Approx(32 * 32 * 64 * 64 / 17.2));
  CHECK(work(rows(Family::linear, 400, 192, 768)) == doctest::Approx(400 * 192 * 768 / 20.1));
  CHECK(work(rows(Family::softmax, 64, 196, 196)) == doctest::Approx(64 * 196 * 1.4));
  GroupShape norm = rows(Family::norm, 50, 192, 192);
  CHECK(work(norm) == doctest::Approx(50 * 192 * 1.5));
  norm.in_type = ElementType::s16;
  CHECK(work(norm) == doctest::Approx(50 * 192 * 2.0));
  GroupShape scan = rows(Family::scan, 16, 64, 64);
  scan.heads = 4;
  CHECK(work(scan) == doctest::Approx(16 * 64 * 4 * 2.5));
  GroupShape scores = rows(Family::matmul, 196, 64, 2 * 196);
  scores.heads = 2;
  scores.transposed = true;
  CHECK(work(scores) == doctest::Approx(2 * 32 * 196 * 196 / 12.5));
}

TEST_CASE("perf: a layer's floor is its bytes where these take longer") {
  // 784 -> 256 of one token: 788 bytes and 8 of parameters per output
  CHECK(work(rows(Family::linear, 1, 784, 256)) == doctest::Approx((784 + 256 + 256 * (784 + 8)) / 8.0));
  GroupShape copy = rows(Family::rearrange, 10, 64, 64);
  copy.movement.axes = {{{0, 1, 0}, {0, 10, 0}, {0, 64, 0}}};
  CHECK(work(copy) == doctest::Approx(2 * 640 / 8.0));
  copy.movement.source = {0, 2, 1};
  CHECK(work(copy) == doctest::Approx(2 * 640 / 8.0));  // 0.18 a byte is less than a byte in and a byte out
}

TEST_CASE("perf: a network's floor is the sum over its layers, as by hand") {
  // mlp: 784 -> 256 -> 128 -> 10, a table behind the first two. All constants are read once: per output its weights
  // (4 bytes of pitch more where a row is a multiple of 32) and 8 of parameters; the logits have 4 bytes.
  const double first = (784 + 256 + 256 * (784 + 8)) / 8.0, second = (256 + 128 + 128 * (260 + 8)) / 8.0,
               third = (128 + 4 * 10 + 10 * (132 + 8)) / 8.0;
  const double first_table = 256 * 0.42, second_table = (128 + 128 + 256) / 8.0;
  const std::filesystem::path file = std::filesystem::temp_directory_path() / fmt::format("ares_{}.qonnx", getpid());
  value_or_throw(qonnx::write_model(zoo::build(*zoo::find_network("mlp")), file));
  const LayerGraph graph = value_or_throw(load_network(file));
  std::filesystem::remove(file);
  CHECK(floor_cycles(graph) == doctest::Approx(first + first_table + second + second_table + third + 5 * 1000));
  CHECK(constant_bytes(graph) == 256 * 792 + 256 + 128 * 268 + 256 + 10 * 140);
}

TEST_CASE("perf: a table without floors still reads, and one with floors keeps them") {
  const std::string old =
      "network\tsource\tcycles\tcold_cycles\tbytes\tenvironment\n"
      "mlp\tgvsoc\t1000\t2000\tright\tgvsoc a\n";
  std::vector<Row> table = from_text(old).value();
  CHECK(table == std::vector<Row>{{"mlp", "gvsoc", 1000, 2000, true, "gvsoc a", 0}});
  table[0].floor = 800;
  const std::string text = to_text(table);
  CHECK(from_text(text).value() == table);
  CHECK_FALSE(from_text(text.substr(0, text.rfind('\t')) + "\n"));       // no floor below its title
  CHECK_FALSE(from_text(text.substr(0, text.rfind('\t')) + "\tlow\n"));  // no number
  CHECK_FALSE(from_text(old.substr(0, old.size() - 1) + "\t800\n"));     // a floor below no title
}

TEST_CASE("perf: a network is judged on 1.3 floors warm, and on its goal cold unless L3 forbids it") {
  const Goal mlp{"mlp", 3, 3000}, unknown{"llama_minimal", 42, 0};
  const Row reached{"mlp", "gvsoc", 1300, 3000, true, "", 1000}, missed{"mlp", "event", 2600, 6000, true, "", 1000},
      wrong{"mlp", "gvsoc", 1, 1, false, "", 1000};
  const auto line = [](const Attempt& a) { return floors_table(std::vector<Attempt>{a}); };
  CHECK(line({mlp, &reached, 0}).find("| 3 mlp | gvsoc | 1.3 | 1.0 | 1.30 | reached | 3.0 | 3.0 | reached |") !=
        std::string::npos);
  CHECK(line({mlp, &missed, 2000}).find("| 2.60 | 2.00 x the goal | 6.0 | 3.0 | 2.00 x the goal |") !=
        std::string::npos);
  CHECK(line({mlp, &missed, 4000}).find("2.00 x the goal; bytes from L3 alone 4.0 k") != std::string::npos);
  CHECK(line({unknown, &reached, 0}).find("| 3.0 | - | no goal |") != std::string::npos);
  CHECK(line({mlp, &wrong, 0}).find("WRONG BYTES") != std::string::npos);
}
