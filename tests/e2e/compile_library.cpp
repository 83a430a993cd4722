// ares-compile --lib: two different networks in one program, which shares the runtime between them.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/golden_sample.hpp"
#include "codegen/write_library.hpp"
#include "core/import/load_network.hpp"
#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

const std::string small_model = ARES_SOURCE_DIR "/tests/models/small_cnn.qonnx";

/// A network of the firmware.
struct Part {
  std::string prefix;
  LayerGraph graph;
  NetworkProgram program;
  GoldenData golden;
};

Part small_cnn() {
  Random random(5);
  Part p{"first", value_or_throw(load_network(small_model)), {}, {}};
  p.program = plan_for_gap9(p.graph, random_configs(random));
  p.golden = golden_data(p.graph, p.program, random_sample(p.graph, 1));
  return p;
}

/// Layers side by side, one with the name of a layer of the other network; weights stream from L3.
Part streaming() {
  Random random(7);
  ManyLayers layers = side_by_side(random, 2, [&](int i) {
    return i == 0 ? linear_network(random, 1, 1400, 64) : conv_network(random, {6, 6, 8}, 12, 3, 1);
  });
  layers.graph.dag[0].name = "conv1";
  PlanOptions options;
  options.l2_limit = 76 * 1024;
  Part p{"second", layers.graph, plan_for_gap9(layers.graph, random_configs(random), options), layers.golden};
  REQUIRE(p.program.groups.front().weights.level == Level::l3);
  return p;
}

void write(const Part& p, const ScratchDirectory& scratch) {
  value_or_throw(
      write_library(p.program, p.graph, value_or_throw(load_target("gap9")), p.golden, scratch / p.prefix, p.prefix));
}

std::string c_type_of(const Tensor& t) {
  return t.type == ElementType::u8 ? "uint8_t" : t.type == ElementType::s16 ? "int16_t" : "int32_t";
}

/// Functions that open and run a part, and tell whether all of its outputs are right.
std::string part_text(const Part& p) {
  std::string text = fmt::format("static _Alignas(16) uint8_t {0}_l2[{0}_l2_bytes];\n", p.prefix);
  std::vector<std::string> arguments, checks;
  const auto tensor = [&](TensorId id) -> const Tensor& { return p.graph.tensors[static_cast<size_t>(id)]; };
  for (size_t i = 0; i < p.graph.inputs.size(); ++i) {
    text += fmt::format("extern const {} {}_sample_{}[];\n", c_type_of(tensor(p.graph.inputs[i].tensor)), p.prefix, i);
    arguments.push_back(fmt::format("{}_sample_{}", p.prefix, i));
  }
  for (size_t i = 0; i < p.graph.outputs.size(); ++i) {
    const TensorId id = p.graph.outputs[i].tensor;
    const auto group = std::find_if(p.program.groups.begin(), p.program.groups.end(),
                                    [&](const PlannedGroup& g) { return g.group.output == id; });
    const std::string golden = fmt::format("{}_golden_{}", p.prefix, group->group.name);
    const std::string out = fmt::format("{}_result_{}", p.prefix, i);
    text += fmt::format("extern const {} {}[];\nstatic {} {}[{}];\n", c_type_of(tensor(id)), golden,
                        c_type_of(tensor(id)), out, tensor(id).dims.count());
    arguments.push_back(out);
    checks.push_back(fmt::format("memcmp({}, {}, sizeof {}) == 0", out, golden, out));
  }
  return text + fmt::format("static int {0}_right(void) {{\n  if ({0}_run({1}) != 0) return 0;\n  return {2};\n}}\n\n",
                            p.prefix, fmt::join(arguments, ", "), fmt::join(checks, " && "));
}

/// A firmware that shares L1 between the networks.
std::string firmware(const Part& a, const Part& b) {
  std::string text =
      "#include <stdio.h>\n#include <string.h>\n#include \"first.h\"\n#include \"second.h\"\n"
      "#define first_l2_bytes FIRST_L2_BYTES\n#define second_l2_bytes SECOND_L2_BYTES\n"
      "#ifdef ARES_L1_BYTES\nextern uint8_t ares_l1_start[];\n#define L1 ares_l1_start\n#else\n"
      "static _Alignas(16) uint8_t L1[FIRST_L1_BYTES > SECOND_L1_BYTES ? FIRST_L1_BYTES : SECOND_L1_BYTES];\n"
      "#endif\n\n";
  text += part_text(a) + part_text(b);
  return text +
         "int main(void) {\n"
         "  if (first_open(L1 + 1, first_l2) != -1 || first_right()) return 2;\n"
         "  if (first_open(L1, first_l2) != 0 || second_open(L1, second_l2) != 0) return 3;\n"
         "  const int one = first_right(), two = second_right();\n"
         "  const int again = first_right() && first_right() && second_right();\n"
         "  first_close();\n  const int alone = second_right() && !first_right();\n  second_close();\n"
         "  const int reopened = first_open(L1, first_l2) == 0 && first_right();\n  first_close();\n"
         "  printf(\"first %d second %d again %d alone %d reopened %d\\n\", one, two, again, alone, reopened);\n"
         "  return one && two && again && alone && reopened ? 0 : 1;\n}\n";
}

/// Makes both libraries for a platform, links them with one runtime into one program and runs it.
CommandResult run_firmware(const ScratchDirectory& scratch, const std::string& platform, const std::string& run) {
  const Part first = small_cnn(), second = streaming();
  write(first, scratch);
  write(second, scratch);
  write_text(scratch / "main.c", firmware(first, second));
  const std::string make =
      fmt::format("make --no-print-directory -j2 platform={} OPTIMISE=-O1 EXTRA_CFLAGS=-Werror", platform);
  const std::string built = fmt::format("build/{}-lib", platform);
  return run_shell(fmt::format(
      "cd {0} && {1} -C first lib && {1} -C second LIBRARY=1 {2}/libsecond.a && FLAGS=\"$(cat "
      "first/{2}/firmware.flags)\" && "
      "$FLAGS -c -Ifirst/src -Ifirst/runtime -o first_golden.o first/src/golden.c && "
      "$FLAGS -c -Isecond/src -Isecond/runtime -o second_golden.o second/src/golden.c && "
      "$FLAGS -Ifirst/src -Isecond/src -o firmware main.c first_golden.o second_golden.o first/{2}/libfirst.a "
      "second/{2}/libsecond.a first/{2}/libares.a && {3}",
      scratch.path().string(), make, built, run));
}

constexpr const char* all_right = "first 1 second 1 again 1 alone 1 reopened 1";

}  // namespace

TEST_CASE("two networks in one program give the bytes that each gives alone") {
  const ScratchDirectory scratch;
  const CommandResult host = run_firmware(scratch, "host", "./firmware");
  INFO(host.text);
  CHECK(host.status == 0);
  CHECK(host.says(all_right));
}

TEST_SUITE("full") {
  TEST_CASE("two networks in one program on a 32-bit machine") {
    if (!have_platform("qemu")) {
      MESSAGE("qemu is not here: skipped");
      return;
    }
    const ScratchDirectory scratch;
    const CommandResult qemu = run_firmware(
        scratch, "qemu",
        "timeout 600 qemu-system-riscv32 -M virt -m 112M -bios none -display none -monitor none -serial none -chardev "
        "stdio,id=out -semihosting-config enable=on,target=native,chardev=out -kernel firmware < /dev/null");
    INFO(qemu.text);
    CHECK(qemu.status == 0);
    CHECK(qemu.says(all_right));
  }
}

TEST_CASE("ares-compile --lib writes the header, and refuses names that C or the runtime have") {
  const ScratchDirectory scratch;
  const auto compile = [&](const std::string& options) {
    return run_shell(fmt::format("{}/ares-compile --no-kb --model {} --output {} {}", ARES_BIN_DIR, small_model,
                                 scratch / "project", options));
  };
  const CommandResult made = compile("--lib kws");
  INFO(made.text);
  REQUIRE(made.status == 0);
  CHECK(read_text(scratch / "project/src/kws.h").find("int kws_run(const uint8_t* in_") != std::string::npos);
  for (const char* name : {"7up", "ares", "a-b", "''"}) {
    CAPTURE(name);
    const CommandResult refused = compile(fmt::format("--lib {}", name));
    CHECK(refused.status == 2);
    CHECK(refused.lines().size() == 1);
    CHECK(refused.says("--lib"));
  }
}

TEST_CASE("a project that is no library says so when one is asked for") {
  const ScratchDirectory scratch;
  const Part p = small_cnn();
  value_or_throw(write_project(p.program, p.graph, value_or_throw(load_target("gap9")), p.golden, scratch.path()));
  const CommandResult made = run_shell(fmt::format("make --no-print-directory -C {} lib", scratch.path().string()));
  CHECK(made.status != 0);
  CHECK(made.says("--lib PREFIX"));
}
