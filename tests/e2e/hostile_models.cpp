// Hostile model files through the programs: one line, exit status 2, within a second and 200 MB.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <onnx/onnx_pb.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "tests/e2e/compile_support.hpp"

namespace {

using namespace ares;
using namespace ares::test;
using Ints = std::vector<int64_t>;

constexpr double kMaxSeconds = 1;  // of processor time: the machine may be busy with something else
constexpr long kMaxKilobytes = 200'000;

/// An ONNX file, node by node. Scalars are float32; every node has the output "NAME:0".
struct File {
  onnx::ModelProto model;
  onnx::GraphProto& graph = *model.mutable_graph();

  File() {
    model.set_ir_version(8);
    auto& opset = *model.add_opset_import();
    opset.set_version(14);
  }
  std::string scalar(float value) {
    const std::string name = "c" + std::to_string(graph.initializer_size());
    auto& t = *graph.add_initializer();
    t.set_name(name);
    t.set_data_type(onnx::TensorProto::FLOAT);
    t.add_float_data(value);
    return name;
  }
  std::string ints(const Ints& values) {
    const std::string name = "i" + std::to_string(graph.initializer_size());
    auto& t = *graph.add_initializer();
    t.set_name(name);
    t.set_data_type(onnx::TensorProto::INT64);
    t.add_dims(static_cast<int64_t>(values.size()));
    for (const int64_t v : values) t.add_int64_data(v);
    return name;
  }
  std::string input(const std::string& name, const Ints& shape) {
    auto& in = *graph.add_input();
    in.set_name(name);
    auto& dims = *in.mutable_type()->mutable_tensor_type()->mutable_shape();
    for (const int64_t d : shape) dims.add_dim()->set_dim_value(d);
    return name;
  }
  std::string node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs) {
    auto& n = *graph.add_node();
    n.set_op_type(op);
    n.set_name(name);
    for (const std::string& in : inputs) n.add_input(in);
    n.add_output(name + ":0");
    return name + ":0";
  }
  void attribute(const std::string& name, int64_t value) {
    auto& a = *graph.mutable_node(graph.node_size() - 1)->add_attribute();
    a.set_name(name);
    a.set_type(onnx::AttributeProto::INT);
    a.set_i(value);
  }
  std::string quant(const std::string& name, const std::string& x, float scale = 1) {
    return node("Quant", name, {x, scalar(scale), scalar(0), scalar(8)});
  }
  std::string bytes(const std::string& output) {
    graph.add_output()->set_name(output);
    return model.SerializeAsString();
  }
};

struct HostileFile {
  std::string name, bytes;
  std::string says;      ///< part of the line
  bool readable = true;  ///< ares-check can say more than that it cannot be read
};

/// A good small network behind a shape that `shape` computes.
std::string reshaped_by(File& f, const std::string& shape) {
  return f.bytes(f.node("Reshape", "reshape", {f.quant("quant", f.input("x", {1, 4})), shape}));
}

std::vector<HostileFile> shapes() {
  std::vector<HostileFile> all;
  {
    File f;
    all.push_back({"10 GB input", f.bytes(f.quant("q", f.input("x", {1, 10000, 1000, 1000}))), "input 'x'"});
  }
  {
    File f;
    all.push_back({"negative dimension", f.bytes(f.quant("q", f.input("x", {1, -3, 8, 8}))), "input 'x'"});
  }
  {
    File f;
    const std::string x = f.quant("q", f.input("x", {1, 4})), w = f.scalar(1);
    auto& t = *f.graph.mutable_initializer(f.graph.initializer_size() - 1);
    for (const int64_t d : {100000, 100000}) t.add_dims(d);
    all.push_back({"10 GB initialiser", f.bytes(f.node("MatMul", "m", {x, w})), "initialiser", false});
  }
  {
    File f;
    const std::string x = f.quant("q", f.input("x", {1, 4})), w = f.scalar(1);
    f.graph.mutable_initializer(f.graph.initializer_size() - 1)->add_dims(-1);
    all.push_back({"negative initialiser", f.bytes(f.node("MatMul", "m", {x, w})), "dimension -1", false});
  }
  {
    File f;
    all.push_back({"negative reshape", reshaped_by(f, f.ints({-7, -9})), "cannot reshape"});
  }
  {
    File f;
    std::string x = f.quant("q", f.input("x", {1, 1, 4000, 4000}));
    for (int i = 0; i < 30; ++i) x = f.quant("q" + std::to_string(i), f.node("Relu", "r" + std::to_string(i), {x}));
    all.push_back({"activations without end", f.bytes(x), "activations have more than"});
  }
  return all;
}

std::vector<HostileFile> expansions() {
  std::vector<HostileFile> all;
  {
    File f;
    const std::string big = f.node("ConstantOfShape", "big", {f.ints({1 << 20, 1 << 20})});
    all.push_back({"ConstantOfShape", reshaped_by(f, big), "node 'big' (ConstantOfShape)"});
  }
  {
    File f;
    const std::string one = f.ints({1});
    const std::string big = f.node("Expand", "big", {one, f.ints({1 << 20, 1 << 20})});
    all.push_back({"Expand", reshaped_by(f, big), "node 'big' (Expand)"});
  }
  {
    File f;
    const std::string one = f.ints({1, 1});
    all.push_back({"Tile", reshaped_by(f, f.node("Tile", "big", {one, f.ints({INT64_MAX})})), "node 'big' (Tile)"});
  }
  {
    File f;
    std::string x = f.ints(Ints(64, 1));
    for (int i = 0; i < 40; ++i) x = f.node("Tile", "t" + std::to_string(i), {x, f.ints({2})});
    all.push_back({"Tile upon Tile", reshaped_by(f, x), "(Tile)"});
  }
  {
    File f;
    std::string x = f.ints(Ints(1 << 12, 1));
    for (int i = 0; i < 4000; ++i) x = f.node("Expand", "e" + std::to_string(i), {x, f.ints({256, 1 << 12})});
    all.push_back({"a long row of large constants", reshaped_by(f, x), "computed constants have more than"});
  }
  {
    File f;
    const std::string big = f.node("Range", "big", {f.scalar(0), f.scalar(1e12f), f.scalar(1)});
    all.push_back({"Range", reshaped_by(f, big), "node 'big' (Range)"});
  }
  {
    File f;
    const std::string big = f.node("Range", "big", {f.scalar(0), f.scalar(1), f.scalar(std::nanf(""))});
    all.push_back({"Range by nothing", reshaped_by(f, big), "node 'big' (Range)"});
  }
  {
    File f;
    std::string x = f.ints(Ints(1024, 1));
    for (int i = 0; i < 40; ++i) {
      x = f.node("Concat", "cat" + std::to_string(i), {x, x});
      f.attribute("axis", 0);
    }
    all.push_back({"Concat upon Concat", reshaped_by(f, x), "(Concat)"});
  }
  {
    File f;
    const std::string rows = f.node("Range", "rows", {f.scalar(0), f.scalar(100000), f.scalar(1)});
    const std::string column = f.node("Unsqueeze", "column", {rows, f.ints({1})});
    all.push_back({"outer product", reshaped_by(f, f.node("Equal", "outer", {rows, column})), "node 'outer' (Equal)"});
  }
  return all;
}

std::vector<HostileFile> graphs() {
  std::vector<HostileFile> all;
  {
    File f;
    const std::string x = f.quant("q", f.input("x", {1, 4}));
    f.node("Add", "a", {x, "b:0"});
    all.push_back({"cycle", f.bytes(f.node("Relu", "b", {"a:0"})), "depends on its own output", false});
  }
  for (const float scale : {std::nanf(""), -std::numeric_limits<float>::infinity(), 0.0f, -2.0f}) {
    File f;
    all.push_back({fmt::format("scale {}", scale), f.bytes(f.quant("q", f.input("x", {1, 4}), scale)), "its scale"});
  }
  {
    File f;
    const std::string x = f.quant("q", f.input("x", {1, 4})), w = f.quant("wq", f.scalar(std::nanf("")));
    all.push_back({"weights that are no numbers", f.bytes(f.node("Mul", "m", {x, w})), "its constant input holds"});
  }
  {
    File f;
    for (int i = 0; i < 100'001; ++i) f.graph.add_node()->set_op_type("Relu");
    all.push_back({"nodes without end", f.bytes("y"), "nodes; at most", false});
  }
  {
    File f;
    std::string x = f.quant("q", f.input("x", {1, 1, 4, 4}));
    for (int i = 0; i < 9'000; ++i) x = f.node("Relu", "relu" + std::to_string(i), {x});
    all.push_back({"a long chain", f.bytes(f.node("LpPool", "last", {x})), "(LpPool): the operator is not supported"});
  }
  {
    File f;
    const std::string x = f.quant("q", f.input("x", {1, 1, 4, 4})), p = f.ints(Ints(8, 1));
    std::string sum = f.node("Pad", "pad", {x, p});
    for (int i = 0; i < 9'000; ++i) f.graph.add_output()->set_name(f.node("Pad", "p" + std::to_string(i), {x, p}));
    all.push_back({"one tensor with readers without end", f.bytes(sum), ""});
  }
  return all;
}

std::vector<HostileFile> texts() {
  std::vector<HostileFile> all;
  for (const char* name : {"\xff\xfe\x80", "line\nline", "\x1b[2J", "\xed\xa0\x80"}) {
    File f;
    const std::string x = f.quant("q", f.input("x", {1, 4}));
    all.push_back({"a name that is no text", f.bytes(f.node("Relu", name, {x})), "is not UTF-8", false});
    File op;
    const std::string y = op.quant("q", op.input("x", {1, 4}));
    all.push_back({"an operator that is no text", op.bytes(op.node(name, "n", {y})), "is not UTF-8", false});
  }
  File f;
  const std::string good = f.bytes(f.quant("q", f.input("x", {1, 4})));
  all.push_back({"half a file", good.substr(0, good.size() / 2), "", false});
  all.push_back({"nothing", "", "no ONNX graph", false});
  // Attributes of attributes: graphs in graphs without end.
  std::string nested = "\x0a\x00";
  for (int i = 0; i < 5000 && nested.size() < 100'000; ++i) {
    onnx::NodeProto node;
    auto& a = *node.add_attribute();
    a.set_type(onnx::AttributeProto::GRAPH);
    a.mutable_g()->ParseFromString(nested);
    onnx::GraphProto graph;
    graph.add_node()->Swap(&node);
    nested = graph.SerializeAsString();
  }
  onnx::ModelProto model;
  model.mutable_graph()->ParsePartialFromString(nested);
  all.push_back({"graphs in graphs", model.SerializeAsString(), "", false});
  return all;
}

struct Usage {
  int status = -1;
  std::string out, err;
  double seconds = 0;
  long kilobytes = 0;
};

/// Runs a program with its output in files; what it used is its own, without what else this process runs.
Usage run_program(const ScratchDirectory& dir, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  const std::string out = dir / "stdout", err = dir / "stderr";
  malloc_trim(0);  // a child begins with its parent's resident memory
  const pid_t child = fork();
  if (child == 0) {
    const int to_out = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int to_err = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (dup2(to_out, STDOUT_FILENO) < 0 || dup2(to_err, STDERR_FILENO) < 0) _exit(126);
    execv(argv[0], argv.data());
    _exit(127);
  }
  int raw = 0;
  rusage usage{};
  REQUIRE(wait4(child, &raw, 0, &usage) == child);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return {WIFEXITED(raw) ? WEXITSTATUS(raw) : 128, *read_file(out), *read_file(err),
          seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss};
}

/// One line of text that names the file.
void check_line(const std::string& err, const std::string& says) {
  CHECK(std::count(err.begin(), err.end(), '\n') == 1);
  CHECK(err.find("m.qonnx") != std::string::npos);
  CHECK(err.find(says) != std::string::npos);
  CHECK(is_clean_text(err.substr(0, err.find('\n'))));
}

void check_refused(const std::vector<HostileFile>& files) {
  const ScratchDirectory dir;
  const std::string model = dir / "m.qonnx", bin = ARES_BIN_DIR;
  double longest = 0;
  long largest = 0;
  for (const HostileFile& file : files) {
    CAPTURE(file.name);
    REQUIRE(write_file(model, file.bytes));
    const std::vector<std::string> commands[] = {
        {bin + "/ares-run", "--model", model, "--input", ARES_SOURCE_DIR "/tests/models/inputs.npy"},
        {bin + "/ares-compile", "--no-kb", "--model", model, "--output", dir / "project"},
        {bin + "/ares-check", "--model", model}};
    for (const auto& command : commands) {
      const Usage u = run_program(dir, command);
      CAPTURE(command[0]);
      CAPTURE(u.err);
      CHECK(u.seconds < kMaxSeconds);
      CHECK(u.kilobytes < kMaxKilobytes);
      longest = std::max(longest, u.seconds);
      largest = std::max(largest, u.kilobytes);
      const bool checks = command[0] == bin + "/ares-check" && file.readable;  // it reports what it can read
      CHECK(u.status == (checks ? 1 : 2));
      if (checks) CHECK(u.out.find("unsupported: ") != std::string::npos);
      if (!checks) check_line(u.err, file.says);
    }
  }
  MESSAGE(fmt::format("{} files: at most {:.2f} s and {} MB", files.size(), longest, largest / 1000));
}

}  // namespace

TEST_CASE("hostile models: absurd shapes") { check_refused(shapes()); }

TEST_CASE("hostile models: small files that expand without end") { check_refused(expansions()); }

TEST_CASE("hostile models: cycles, scales that are none, nodes without end") { check_refused(graphs()); }

TEST_CASE("hostile models: names and files that are no text") { check_refused(texts()); }
