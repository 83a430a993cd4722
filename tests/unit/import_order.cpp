// The order of nodes in a file: any order is taken, cycles and tensors without or with two producers are not.
#include <doctest/doctest.h>

#include "core/import/read_model.hpp"

namespace {

/// One length-delimited field of a protobuf message; everything here is shorter than 128 bytes but the graph.
std::string field(int number, const std::string& bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  for (std::size_t n = bytes.size(); true; n >>= 7) {
    out += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    if (n <= 0x7f) return out + bytes;
  }
}

/// NodeProto (onnx.proto): input 1, output 2, name 3, op_type 4.
std::string node(const std::string& name, const std::string& input, const std::string& output) {
  return field(1, field(1, input) + field(2, output) + field(3, name) + field(4, "Relu"));
}

/// ModelProto: graph 7; GraphProto: node 1, input 11, output 12; ValueInfoProto: name 1.
ares::Result<ares::qonnx::ModelGraph> parse(const std::string& nodes) {
  const std::string ends = field(11, field(1, "x")) + field(12, field(1, "y"));
  return ares::qonnx::parse_model(field(7, nodes + ends), "order.onnx");
}

std::string error_of(const std::string& nodes) {
  const auto model = parse(nodes);
  return model ? "" : model.error().what;
}

}  // namespace

TEST_CASE("import: nodes are sorted, keeping the file's order where it can be kept") {
  const auto model = parse(node("c", "b", "y") + node("d", "x", "z") + node("b", "a", "b") + node("a", "x", "a"));
  REQUIRE(model);
  std::string order;
  for (const auto& n : model->nodes) order += n.name;
  CHECK(order == "dabc");
  CHECK(model->inputs == std::vector<std::string>{"x"});
  CHECK(model->outputs == std::vector<std::string>{"y"});
}

TEST_CASE("import: graphs that are none") {
  CHECK(error_of(node("a", "x", "a") + node("b", "b", "y")) ==
        "order.onnx: node 'b' (Relu): its input 'b' is produced by no node");
  CHECK(error_of(node("a", "x", "y") + node("p", "r", "q") + node("q", "q", "r")) ==
        "order.onnx: node 'p' (Relu): depends on its own output");
  CHECK(error_of(node("a", "x", "y") + node("b", "x", "y")) ==
        "order.onnx: node 'b' (Relu): tensor 'y' has two producers");
  CHECK(error_of(node("a", "x", "x")) == "order.onnx: node 'a' (Relu): tensor 'x' has two producers");
  CHECK(error_of(node("a", "x", "z")) == "order.onnx: output 'y' is produced by no node");
}
