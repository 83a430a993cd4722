// make DUMP=group prints what the group wrote: the reference's tensor.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sstream>

#include "codegen/golden_sample.hpp"
#include "core/import/load_network.hpp"
#include "core/reference/engine.hpp"
#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

const std::string model = ARES_SOURCE_DIR "/tests/models/small_cnn.qonnx";
const std::string input = ARES_SOURCE_DIR "/tests/models/inputs.npy";

/// The values of the lines "DUMP name[first]: values", which have to be consecutive.
std::vector<int32_t> dumped(const CommandResult& made, const std::string& name) {
  std::vector<int32_t> values;
  for (const std::string& line : made.lines()) {
    const std::string prefix = fmt::format("DUMP {}[{}]:", name, values.size());
    if (!line.starts_with("DUMP")) continue;
    REQUIRE(line.starts_with(prefix));
    std::istringstream numbers(line.substr(prefix.size()));
    for (int32_t v = 0; numbers >> v;) values.push_back(v);
  }
  return values;
}

/// What the reference engine makes of sample 2, by layer name.
std::map<std::string, TensorData> reference() {
  ImportOptions options;
  options.policy = RequantPolicy::exact;
  const LayerGraph g = value_or_throw(load_network(model, options));
  const auto data = run(g, value_or_throw(read_sample(g, {input}, 2)));
  std::map<std::string, TensorData> tensors;
  for (const LayerId id : execution_order(g))
    tensors[g.dag[id].name] = data[static_cast<std::size_t>(g.dag[id].output)];
  return tensors;
}

}  // namespace

TEST_CASE("ares-compile: DUMP prints a group's output") {
  const ScratchDirectory scratch;
  const CommandResult compiled =
      run_shell(fmt::format("{}/ares-compile --no-kb --model {} --input {} --sample 2 --requant exact --output {}",
                            ARES_BIN_DIR, model, input, scratch / "project"));
  INFO(compiled.text);
  REQUIRE(compiled.status == 0);
  const auto tensors = reference();
  for (const char* flags : {"DUMP=conv2", "DUMP=conv2 DISABLE_INTERMEDIATE_GOLDEN=1", "DUMP=classifier"}) {
    const std::string name = std::string(flags).substr(5, std::string(flags).find(' ') - 5);
    const CommandResult made = make_project(scratch / "project", flags);
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
    const TensorData& expected = tensors.at(name);
    const std::vector<int32_t> values = dumped(made, name);
    REQUIRE(values.size() == expected.size());
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == expected.at(i));
  }
  const CommandResult none = make_project(scratch / "project", "DUMP=conv7");
  INFO(none.text);
  CHECK(none.status != 0);
  CHECK(none.says("DUMP=conv7: there is no such group; the groups are conv1 pool1 "));
}
