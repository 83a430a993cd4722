// Absurd models end in one line, soon and without memory.
#include <doctest/doctest.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <cmath>
#include <ctime>
#include <filesystem>

#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/import/load_network.hpp"
#include "core/import/read_model.hpp"
#include "tests/unit/import_builder.hpp"

namespace {

namespace fs = std::filesystem;
using namespace ares;
using test::ModelBuilder;
using Ints = std::vector<int64_t>;

/// The error; within a second of processor time.
std::string refused(const ModelBuilder& b) {
  const std::clock_t start = std::clock();
  const auto g = test::run_pipeline(b.model);
  CHECK(std::clock() - start < CLOCKS_PER_SEC);
  REQUIRE(!g);
  CAPTURE(g.error().what);
  CHECK(g.error().what.find('\n') == std::string::npos);
  CHECK(g.error().what.find("test.qonnx: ") == 0);
  return g.error().what;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A model whose weights are W [2, 3], in the file or outside of it.
onnx::ModelProto outside(const std::string& location, const std::string& offset, const std::string& length) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  auto& graph = *model.mutable_graph();
  const auto scalar = [&](const char* name, float v) {
    auto& t = *graph.add_initializer();
    t.set_name(name);
    t.set_data_type(onnx::TensorProto::FLOAT);
    t.add_float_data(v);
  };
  scalar("one", 1);
  scalar("zero", 0);
  scalar("eight", 8);
  auto& w = *graph.add_initializer();
  w.set_name("w");
  w.set_data_type(onnx::TensorProto::FLOAT);
  w.add_dims(3);
  w.add_dims(2);
  w.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto entry = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    auto& e = *w.add_external_data();
    e.set_key(key);
    e.set_value(value);
  };
  entry("location", location);
  entry("offset", offset);
  entry("length", length);
  auto& in = *graph.add_input();
  in.set_name("x");
  for (const int64_t d : {1, 3}) in.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(d);
  const auto node = [&](const char* op, std::initializer_list<const char*> inputs, const char* out) {
    auto& n = *graph.add_node();
    n.set_op_type(op);
    for (const char* i : inputs) n.add_input(i);
    n.add_output(out);
  };
  node("Quant", {"x", "one", "zero", "eight"}, "xq");
  node("Quant", {"w", "one", "zero", "eight"}, "wq");
  node("MatMul", {"xq", "wq"}, "y");
  graph.add_output()->set_name("y");
  return model;
}

}  // namespace

TEST_CASE("import: constants that expand without end") {
  ModelBuilder b;
  const auto x = b.quant("iq", b.input("x", {1, 2}), {1});
  auto big = b.node("ConstantOfShape", "cos", {b.ints("s", {1 << 20, 1 << 20})});
  b.output(b.node("Add", "add", {x, big}));
  CHECK(contains(refused(b), "node 'cos' (ConstantOfShape)"));
  ModelBuilder c;
  const auto y = c.quant("iq", c.input("x", {1, 2}), {1});
  auto twice = c.ints("s", Ints(1024, 1));
  for (int i = 0; i < 40; ++i) {
    twice = c.node("Concat", "cat" + std::to_string(i), {twice, twice}, {{"axis", int64_t{0}}});
  }
  c.output(c.node("Reshape", "r", {y, twice}));
  const std::string grown = refused(c);
  CAPTURE(grown);
  CHECK(contains(grown, "(Concat)"));
  ModelBuilder d;
  const auto z = d.quant("iq", d.input("x", {1, 2}), {1});
  const auto rows = d.floats("rows", {4096, 1}, std::vector<float>(4096)),
             columns = d.floats("columns", {4096}, std::vector<float>(4096));
  d.output(d.node("Mul", "mul", {z, d.node("Add", "outer", {rows, columns})}));
  CHECK(contains(refused(d), "node 'outer' (Add)"));
}

TEST_CASE("import: shapes without measure, cycles, scales that are none") {
  ModelBuilder big;
  big.output(big.quant("iq", big.input("x", {1, 10000, 1000, 1000}), {1}));
  CHECK(contains(refused(big), "input 'x'"));
  ModelBuilder pad;
  const auto x = pad.quant("iq", pad.input("x", {1, 1, 2, 2}), {1});
  pad.output(pad.node("Pad", "pad", {x, pad.ints("p", {0, 0, INT64_MIN, 0, 0, 0, INT64_MAX, 0})}));
  CHECK(contains(refused(pad), "absurd padding"));
  for (const float scale : {std::nanf(""), INFINITY, 0.0f, -1.0f}) {
    ModelBuilder b;
    b.output(b.quant("iq", b.input("x", {1, 2}), {scale}));
    CHECK(contains(refused(b), "node 'iq' (Quant): its scale"));
  }
  ModelBuilder many;
  auto v = many.quant("iq", many.input("x", {1, 1, 4000, 4000}), {1});
  for (int i = 0; i < 20; ++i) v = many.node("Relu", "r" + std::to_string(i), {v});
  many.output(v);
  CHECK(contains(refused(many), "activations have more than"));
}

TEST_CASE("import: names that are no text") {
  const std::string bytes = *read_file(ARES_SOURCE_DIR "/tests/models/small_cnn.qonnx");
  for (const char* name : {"p\xff\xfel1", "p\nol1", "po\x1bl1", "\xed\xa0\x80l1"}) {
    std::string changed = bytes;
    const std::string from = std::string("pool1").substr(0, std::string(name).size());
    for (std::size_t at = 0; (at = changed.find(from, at)) != std::string::npos;)
      changed.replace(at, from.size(), name);
    const auto model = qonnx::parse_model(changed, "m.qonnx");
    REQUIRE(!model);
    CHECK(contains(model.error().what, "is not UTF-8 or holds control characters"));
    CHECK(is_clean_text(model.error().what));
  }
  CHECK(printable("a\nb\x80\xc3\xa4") == "a?b?\xc3\xa4");
  CHECK(printable("abcdef", 3) == "abc...");
}

TEST_CASE("import: data in another file") {
  const fs::path root = fs::temp_directory_path() / ("ares_external_" + std::to_string(getpid()));
  fs::remove_all(root);
  fs::create_directories(root / "model/sub");
  const float w[] = {99, 1, 2, 3, 4, 5, 6};
  const std::string data(reinterpret_cast<const char*>(w), sizeof w);
  REQUIRE(write_file(root / "model/sub/w.bin", data));
  REQUIRE(write_file(root / "secret.bin", data));
  fs::create_symlink(root / "secret.bin", root / "model/link.bin");
  const auto load = [&](const std::string& location, const std::string& offset, const std::string& length) {
    REQUIRE(write_file(root / "model/m.qonnx", outside(location, offset, length).SerializeAsString()));
    const auto g = load_network(root / "model/m.qonnx");
    return g ? std::string(g->name) : g.error().what;
  };
  CHECK(load("sub/w.bin", "4", "24") == "m");
  CHECK(load("sub/w.bin", "4", "") == "m");
  CHECK(contains(load("sub/w.bin", "0", ""), "initialiser 'w': holds 7 values"));
  CHECK(contains(load("sub/w.bin", "8", "24"), "does not fit 'sub/w.bin'"));
  CHECK(contains(load("sub/w.bin", "4", "99999999999"), "does not fit"));
  CHECK(contains(load("sub/w.bin", "99999999999999999999", ""), "is no number"));
  CHECK(contains(load("../secret.bin", "4", "24"), "lies outside the model's directory"));
  CHECK(contains(load("link.bin", "4", "24"), "lies outside the model's directory"));
  CHECK(contains(load((root / "model/sub/w.bin").string(), "4", "24"), "lies outside the model's directory"));
  CHECK(contains(load("none.bin", "4", "24"), "does not lie beside the model"));
  CHECK(contains(load("", "", ""), "not named"));
  fs::remove_all(root);
}
