#include "tests/fuzz/mutate_model.hpp"

#include <onnx/onnx_pb.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "core/import/operator.hpp"

namespace ares::test {
namespace {

using Random = std::mt19937;

template <class T>
const T& any_of(const std::vector<T>& values, Random& random) {
  return values[random() % values.size()];
}

template <class Field>
auto* any_element(Field* field, Random& random) {
  return field->empty() ? nullptr : field->Mutable(static_cast<int>(random() % static_cast<unsigned>(field->size())));
}

int64_t any_integer(Random& random) {
  static const std::vector<int64_t> edges = {0,
                                             1,
                                             2,
                                             3,
                                             4,
                                             5,
                                             7,
                                             8,
                                             16,
                                             31,
                                             32,
                                             64,
                                             127,
                                             128,
                                             255,
                                             256,
                                             1000,
                                             32767,
                                             32768,
                                             65535,
                                             65536,
                                             1 << 20,
                                             1 << 24,
                                             INT32_MAX,
                                             INT32_MIN,
                                             -1,
                                             -2,
                                             -3,
                                             -4,
                                             -128,
                                             INT64_MAX,
                                             INT64_MIN,
                                             INT64_MAX - 1,
                                             int64_t{1} << 31,
                                             int64_t{1} << 40};
  return random() % 3 ? any_of(edges, random) : static_cast<int64_t>(random() % 12) - 3;
}

double any_real(Random& random) {
  static const std::vector<double> edges = {0,      -0.0,  1,     -1,   0.5,          2,        8,
                                            1e-3,   1e-30, 1e-45, 1e30, -1e30,        3.4e38,   255.5,
                                            1 / 3., 128.5, -2.,   0.1f, std::nan(""), HUGE_VAL, -HUGE_VAL};
  return random() % 4 ? any_of(edges, random)
                      : std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 80) - 70);
}

/// Names of all tensors of the graph, and now and then one that is not there.
std::string any_tensor(const onnx::GraphProto& graph, Random& random) {
  const unsigned kind = random() % 16;
  if (kind == 0) return "";
  if (kind == 1) return "nowhere";
  const auto at = [&](int size) { return static_cast<int>(random() % static_cast<unsigned>(size)); };
  if (kind < 6 && graph.initializer_size()) return graph.initializer(at(graph.initializer_size())).name();
  if (kind < 8 && graph.input_size()) return graph.input(at(graph.input_size())).name();
  const auto& node = graph.node(at(graph.node_size()));
  return node.output_size() ? node.output(at(node.output_size())) : "";
}

void change_operator(onnx::GraphProto& graph, Random& random) {
  static const std::vector<const qonnx::Operator*> all = qonnx::operators();
  auto* node = any_element(graph.mutable_node(), random);
  node->set_op_type(std::string(any_of(all, random)->name));
  if (random() % 2) node->clear_domain();
}

void change_wiring(onnx::GraphProto& graph, Random& random) {
  auto* node = any_element(graph.mutable_node(), random);
  switch (random() % 6) {
    case 0:
      node->add_input(any_tensor(graph, random));
      return;
    case 1:
      if (node->input_size()) node->mutable_input()->RemoveLast();
      return;
    case 2:
      if (auto* name = any_element(node->mutable_output(), random)) *name = any_tensor(graph, random);
      return;
    case 3:
      if (node->input_size() > 1) node->mutable_input()->SwapElements(0, 1);
      return;
    default:
      if (auto* name = any_element(node->mutable_input(), random)) *name = any_tensor(graph, random);
  }
}

/// A node is repeated behind itself, taken out (its reader takes its input) or exchanged with another.
void change_order(onnx::GraphProto& graph, Random& random) {
  const auto count = static_cast<unsigned>(graph.node_size());
  const int at = static_cast<int>(random() % count), other = static_cast<int>(random() % count);
  if (random() % 3 == 0) return graph.mutable_node()->SwapElements(at, other);
  const onnx::NodeProto node = graph.node(at);
  if (node.input_size() == 0 || node.output_size() == 0) return;
  std::string source = node.input(0);
  if (random() % 2) {
    auto* copy = graph.add_node();
    *copy = node;
    copy->set_name(node.name() + "'");
    copy->set_input(0, node.output(0));
    for (auto& out : *copy->mutable_output()) out += "'";
    source = copy->output(0);
  } else if (count > 1) {
    graph.mutable_node()->DeleteSubrange(at, 1);
  }
  for (auto& reader : *graph.mutable_node()) {
    for (auto& in : *reader.mutable_input()) {
      if (in == node.output(0) && reader.name() != node.name() + "'") in = source;
    }
  }
}

void change_integers(google::protobuf::RepeatedField<int64_t>& values, Random& random) {
  const unsigned kind = random() % 6;
  if (kind == 0 && values.size() < 12) {
    values.Add(any_integer(random));
  } else if (kind == 1 && !values.empty()) {
    values.RemoveLast();
  } else if (auto* value = any_element(&values, random)) {
    *value =
        random() % 3 ? any_integer(random) : static_cast<int64_t>(static_cast<uint64_t>(*value) + random() % 3 - 1);
  }
}

void change_attribute(onnx::GraphProto& graph, Random& random) {
  static const std::vector<std::string> names = {
      "axis",  "axes",      "perm",     "pads",    "strides",     "dilations",     "kernel_shape",
      "group", "ceil_mode", "auto_pad", "signed",  "narrow",      "rounding_mode", "count_include_pad",
      "mode",  "split",     "keepdims", "alpha",   "transB",      "transA",        "starts",
      "ends",  "allowzero", "to",       "epsilon", "approximate", "value",         "scales"};
  static const std::vector<std::string> words = {"SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", "ROUND", "FLOOR",
                                                 "CEIL",       "reflect",    "edge",  "linear", "tanh",  "nearest"};
  auto* node = any_element(graph.mutable_node(), random);
  auto* attribute = random() % 4 ? any_element(node->mutable_attribute(), random) : nullptr;
  if (!attribute) {
    attribute = node->add_attribute();
    attribute->set_name(any_of(names, random));
    attribute->set_type(random() % 2 ? onnx::AttributeProto::INTS : onnx::AttributeProto::INT);
    for (unsigned i = random() % 5; i > 0; --i) attribute->add_ints(any_integer(random));
  }
  if (random() % 12 == 0) attribute->set_type(static_cast<onnx::AttributeProto::AttributeType>(1 + random() % 8));
  attribute->set_i(attribute->type() == onnx::AttributeProto::INT ? any_integer(random) : attribute->i());
  if (attribute->type() == onnx::AttributeProto::FLOAT) attribute->set_f(static_cast<float>(any_real(random)));
  if (attribute->type() == onnx::AttributeProto::STRING) attribute->set_s(any_of(words, random));
  if (attribute->type() == onnx::AttributeProto::INTS) change_integers(*attribute->mutable_ints(), random);
}

/// Bytes of an element of that type, 0 where it is none.
std::size_t bytes_of(int type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::INT32:
      return 4;
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::INT64:
      return 8;
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      return 1;
    default:
      return 0;
  }
}

template <class T>
void store(std::string& raw, std::size_t at, T value) {
  std::memcpy(raw.data() + at, &value, sizeof value);
}

void change_value(onnx::TensorProto& t, Random& random) {
  if (t.float_data_size()) return t.set_float_data(0, static_cast<float>(any_real(random)));
  if (t.int64_data_size()) return t.set_int64_data(0, any_integer(random));
  std::string& raw = *t.mutable_raw_data();
  const std::size_t size = bytes_of(t.data_type());
  if (size == 0 || raw.size() < size) return;
  const std::size_t at = random() % (raw.size() / size) * size;
  if (t.data_type() == onnx::TensorProto::FLOAT) return store(raw, at, static_cast<float>(any_real(random)));
  if (t.data_type() == onnx::TensorProto::DOUBLE) return store(raw, at, any_real(random));
  if (size == 8) return store(raw, at, any_integer(random));
  if (size == 4) return store(raw, at, static_cast<int32_t>(any_integer(random)));
  raw[at] = static_cast<char>(random());
}

/// A new shape for the same number of values, or for as many as it asks for.
void change_shape(onnx::TensorProto& t, Random& random) {
  if (t.dims_size() > 1 && random() % 2) {
    t.mutable_dims()->SwapElements(0, t.dims_size() - 1);
  } else {
    change_integers(*t.mutable_dims(), random);
  }
  std::size_t count = 1;
  for (const int64_t d : t.dims())
    count = d >= 0 && d <= 4096 && count <= 4096 ? count * static_cast<std::size_t>(d) : 1 << 20;
  const std::size_t size = bytes_of(t.data_type());
  if (size && count <= 4096 && random() % 4 && t.has_raw_data()) t.mutable_raw_data()->resize(count * size, '\1');
}

void change_constant(onnx::GraphProto& graph, Random& random) {
  onnx::TensorProto* t = any_element(graph.mutable_initializer(), random);
  if (!t) return;
  const unsigned kind = random() % 8;
  if (kind == 0) return t->set_data_type(static_cast<int32_t>(random() % 17));
  if (kind == 1) return t->set_name(any_tensor(graph, random));
  if (kind < 4) return change_shape(*t, random);
  change_value(*t, random);
}

void change_ends(onnx::GraphProto& graph, Random& random) {
  if (random() % 3 == 0) {
    if (random() % 2)
      graph.add_output()->set_name(any_tensor(graph, random));
    else if (auto* out = any_element(graph.mutable_output(), random))
      out->set_name(any_tensor(graph, random));
    return;
  }
  auto* in = any_element(graph.mutable_input(), random);
  if (!in) return;
  auto* shape = in->mutable_type()->mutable_tensor_type()->mutable_shape();
  const unsigned kind = random() % 6;
  if (kind == 0) shape->add_dim()->set_dim_value(any_integer(random));
  if (kind == 1 && shape->dim_size()) shape->mutable_dim()->RemoveLast();
  if (kind < 2) return;
  if (auto* dim = any_element(shape->mutable_dim(), random)) dim->set_dim_value(any_integer(random));
}

/// A node of any operator on tensors of the graph; some later node reads it.
void add_node(onnx::GraphProto& graph, Random& random) {
  static const std::vector<const qonnx::Operator*> all = qonnx::operators();
  const std::string name = "new" + std::to_string(random() % 100000);
  if (auto* reader = any_element(graph.mutable_node(), random)) {
    if (auto* in = any_element(reader->mutable_input(), random)) {
      const std::string source = *in;
      *in = name;
      auto* node = graph.add_node();
      node->set_name(name);
      node->set_op_type(std::string(any_of(all, random)->name));
      node->add_output(name);
      node->add_input(source);
      for (unsigned i = random() % 3; i > 0; --i) node->add_input(any_tensor(graph, random));
    }
  }
}

}  // namespace

void mutate_model(onnx::ModelProto& model, std::mt19937& random) {
  using Change = void (*)(onnx::GraphProto&, Random&);
  constexpr Change changes[] = {change_operator,  change_wiring,   change_wiring,   change_order, change_attribute,
                                change_attribute, change_constant, change_constant, change_ends,  add_node};
  onnx::GraphProto& graph = *model.mutable_graph();
  if (graph.node_size() == 0) return;
  changes[random() % std::size(changes)](graph, random);
}

}  // namespace ares::test
