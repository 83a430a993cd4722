#include <doctest/doctest.h>

#include <limits>

#include "codegen/c_text.hpp"
#include "codegen/runtime_files.hpp"
#include "codegen/write_project.hpp"
#include "core/ir/graph.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

struct Project {
  LayerGraph graph;
  NetworkProgram program;
  GoldenData golden;
};

/// One convolution with the given config.
Project conv_project(const char* config) {
  Random random(5);
  Project p{conv_network(random, {12, 12, 8}, 16, 3, 1), {}, {}};
  p.golden.inputs = {random_input(random, p.graph)};
  p.golden.outputs = {straight_output(p.graph, p.golden.inputs[0])};
  const ConfigChooser choose = [&](const Group&, const Context&) -> Result<ChosenConfig> {
    return ChosenConfig{parse_config(config).value(), ConfigOrigin::pin, "why not"};
  };
  p.program = plan_network(p.graph, load_target("gap9").value(), {}, choose).value();
  return p;
}

Result<std::vector<ProjectFile>> files_of(const Project& p) {
  return project_files(p.program, p.graph, load_target("gap9").value(), p.golden);
}

std::string text_of(const std::vector<ProjectFile>& files, const std::string& path) {
  for (const ProjectFile& f : files)
    if (f.path == path) return f.text;
  FAIL("no file " << path);
  return {};
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("C text") {
  CHECK(c_identifier("a/b.c-0+x_1") == "a_b_c_0_x_1");
  CHECK(c_int(std::numeric_limits<int32_t>::min()) == "-2147483647 - 1");
  CHECK(c_int(-7) == "-7");
  CHECK(c_string("say \"a\\b\"\n") == "\"say \\\"a\\\\b\\\"\\012\"");
  CHECK(grouped(7) == "7");
  CHECK(grouped(123456) == "123,456");
  CHECK(grouped(1234567) == "1,234,567");
  const std::vector<uint8_t> values(100, 255);
  const std::string text = c_values(std::span<const uint8_t>(values), 4);
  CHECK(text.substr(0, 13) == "    255, 255,");
  CHECK(text.ends_with("255, 255\n"));
  CHECK(text.find('\n') <= 120);
}

TEST_CASE("a group is printed as its schedule says") {
  const auto files =
      files_of(conv_project("{tile_h=5, tile_w=12, tile_co=8, buf_in=2, buf_w=1, buf_out=2, order=channels_outer, "
                            "kernel=slide_2x8, parallel=rows}"));
  REQUIRE(files);
  const std::string group = text_of(*files, "src/group_layer.c");
  CHECK(says(group, "conv 3x3 padding 1,1,1,1, 12x12x8 -> 12x12x16, 165,888 MACs"));
  CHECK(says(group, "//   from       pin: why not"));
  CHECK(says(group, "CHANNELS = 16, CHANNEL_TILE = 8, CHANNEL_TILES = 2"));
  CHECK(says(group, "ROWS = 12, ROW_TILE = 5, ROW_TILES = 3"));
  CHECK(says(group, R"(
  ares_load_issue(&w->nest, &w->input);
  for (int32_t channel = 0; channel < CHANNEL_TILES; ++channel) {
    ares_loop_enter(&w->nest, LOOP_CHANNELS, channel);
    ares_load_issue(&w->nest, &w->weights);
    ares_load_issue(&w->nest, &w->params);
    ares_load_wait(&w->weights);
    ares_load_wait(&w->params);
    for (int32_t row = 0; row < ROW_TILES; ++row) {
      ares_loop_enter(&w->nest, LOOP_ROWS, row);
      ares_load_issue(&w->nest, &w->input);
      ares_load_wait(&w->input);
      ares_store_wait(&w->output);
      run_kernel(w);
      ares_store_issue(&w->nest, &w->output);
    }
  }
  ares_store_drain(&w->output);
}
)"));
  CHECK(says(text_of(*files, "src/network.c"), "--stack"));
  CHECK(says(text_of(*files, "report.md"), "| layer | conv 3x3"));
  for (const RuntimeFile& f : runtime_files())
    if (f.path != "network/Makefile" && !f.path.starts_with("measure/"))
      CHECK(text_of(*files, "runtime/" + std::string(f.path)) == f.text);
}

TEST_CASE("what happens once is printed as it is") {
  const auto files =
      files_of(conv_project("{tile_h=12, tile_w=12, tile_co=16, buf_in=1, buf_w=1, buf_out=1, order=channels_outer, "
                            "kernel=slide_2x8, parallel=rows}"));
  REQUIRE(files);
  const std::string group = text_of(*files, "src/group_layer.c");
  CHECK(says(group,
             "typedef struct {\n  ares_once weights, params, input, output;\n  ares_conv_args arguments;\n} walk;"));
  CHECK(says(group, ".in_rows = 14"));
  CHECK(says(group, "args->in = ares_l1() + L1_INPUT;"));
  CHECK(says(group, R"(
  ares_once_wait(&w->input);
  run_kernel(w);
  ares_once_issue(&w->output);
  ares_once_wait(&w->output);
}
)"));
}

TEST_CASE("golden data of the wrong size are refused") {
  const char* whole =
      "{tile_h=12, tile_w=12, tile_co=16, buf_in=1, buf_w=1, buf_out=1, order=channels_outer, kernel=im2col_4x2, "
      "parallel=rows}";
  Project p = conv_project(whole);
  p.golden.outputs[0].pop_back();
  const auto files = files_of(p);
  REQUIRE_FALSE(files);
  CHECK(says(files.error().what, "group layer"));
  p.golden.outputs.clear();
  CHECK_FALSE(files_of(p));
}

TEST_CASE("what the runtime cannot do is refused by name") {
  Project p = conv_project(
      "{tile_h=12, tile_w=12, tile_co=16, buf_in=1, buf_w=1, buf_out=1, order=channels_outer, kernel=im2col_4x2, "
      "parallel=rows}");
  TileProgram& program = p.program.groups[0].program;
  for (TileOperation& op : program.operations)
    if (auto* k = std::get_if<Kernel>(&op.what)) k->kind = KernelKind::attention;
  const auto files = files_of(p);
  REQUIRE_FALSE(files);
  CHECK(says(files.error().what, "group layer"));
}
