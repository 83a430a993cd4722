// Norms that exporters write as primitive operators become one node each, found by what is computed, not by names.
//
//   (x - mean(x)) / sqrt(mean((x - mean(x))^2) + e) * gain + bias          LayerNormalization
//   x / sqrt(mean(x^2) + e) * gain, or x * (1 / sqrt(..))                  RMSNormalization
//   reshape(InstanceNormalization(reshape(x))) * gain + bias               GroupNormalization
#include <algorithm>
#include <cmath>
#include <set>

#include "core/import/operators/common.hpp"
#include "core/passes/pass.hpp"
#include "core/passes/unread.hpp"

namespace ares {
namespace {

using qonnx::ModelGraph;
using qonnx::Node;
using qonnx::NodeView;
using qonnx::Shape;

/// A tensor that a node computes from another one and a constant.
struct WithConstant {
  std::string tensor;
  std::vector<double> values;
  Shape shape;
};

/// Input i of a node; empty where it has none.
std::string argument(const Node& n, std::size_t i) { return i < n.inputs.size() ? n.inputs[i] : ""; }

class Norms {
 public:
  explicit Norms(ModelGraph& model) : model_(model) {
    for (std::size_t n = 0; n < model.nodes.size(); ++n) {
      for (const std::string& out : model.nodes[n].outputs) producer_[out] = n;
      for (const std::string& in : model.nodes[n].inputs) readers_[in].push_back(n);
    }
    for (const std::string& out : model.outputs) readers_[out].push_back(model.nodes.size());
  }

  void run() {
    for (std::size_t n = 0; n < model_.nodes.size(); ++n) {
      if (rows(n)) continue;
      groups(n);
    }
    remove_unread(model_);
  }

 private:
  const Node* node(const std::string& tensor, std::string_view op) const {
    const auto it = producer_.find(tensor);
    if (it == producer_.end()) return nullptr;
    const Node& n = model_.nodes[it->second];
    return n.op == op && n.domain.empty() && n.outputs.size() == 1 ? &n : nullptr;
  }

  /// The operands of a node of that operator with one constant: the exponent of a Pow, the dividend of a Div, either
  /// side of others.
  std::optional<WithConstant> with_constant(const Node& n, std::string_view op) const {
    if (n.op != op || !n.domain.empty() || n.inputs.size() != 2) return std::nullopt;
    for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
      const auto c = model_.constants.find(n.inputs[i]);
      if (c == model_.constants.end() || model_.constants.count(n.inputs[1 - i])) continue;
      if ((op == "Pow" && i == 0) || (op == "Div" && i == 1)) continue;
      return WithConstant{n.inputs[1 - i], qonnx::to_doubles(c->second), c->second.shape};
    }
    return std::nullopt;
  }

  std::optional<double> with_scalar(const std::string& tensor, std::string_view op, std::string& argument) const {
    const Node* n = node(tensor, op);
    const auto pair = n ? with_constant(*n, op) : std::nullopt;
    if (!pair || pair->values.size() != 1) return std::nullopt;
    argument = pair->tensor;
    return pair->values[0];
  }

  std::size_t rank(const std::string& tensor) const {
    const auto s = model_.shapes.find(tensor);
    return s == model_.shapes.end() ? 0 : s->second.size();
  }

  /// What a ReduceMean over the last axis averages, kept as an axis of 1; or empty.
  std::string mean_of(const std::string& tensor) const {
    const Node* n = node(tensor, "ReduceMean");
    if (!n || qonnx::int_attribute(*n, "keepdims", 1) == 0) return "";
    auto axes = qonnx::ints_attribute(*n, "axes");
    if (n->inputs.size() > 1) {
      const auto values = NodeView{model_, *n}.integers(1);
      if (!values) return "";
      axes = *values;
    }
    const auto r = static_cast<int64_t>(rank(argument(*n, 0)));
    if (!axes || axes->size() != 1 || r == 0 || ((*axes)[0] != -1 && (*axes)[0] != r - 1)) return "";
    return argument(*n, 0);
  }

  /// What is squared; or empty.
  std::string square_of(const std::string& tensor) const {
    std::string x;
    if (with_scalar(tensor, "Pow", x) == 2.0) return x;
    const Node* n = node(tensor, "Mul");
    return n && argument(*n, 0) == argument(*n, 1) ? argument(*n, 0) : "";
  }

  /// v of sqrt(v), where `tensor` is that or (inverse) 1 over it; or empty.
  std::string under_root(const std::string& tensor, bool inverse) const {
    std::string x;
    if (!inverse) {
      if (const Node* n = node(tensor, "Sqrt")) return argument(*n, 0);
      return with_scalar(tensor, "Pow", x) == 0.5 ? x : "";
    }
    if (with_scalar(tensor, "Pow", x) == -0.5) return x;
    if (const Node* n = node(tensor, "Reciprocal")) return under_root(argument(*n, 0), false);
    return with_scalar(tensor, "Div", x) == 1.0 ? under_root(x, false) : "";
  }

  /// The mean of a set that `x` has been centred by: x = from - mean(from); empty where it is not centred.
  std::string centred(const std::string& x) const {
    const Node* n = node(x, "Sub");
    const std::string from = n ? argument(*n, 0) : "";
    return !from.empty() && mean_of(argument(*n, 1)) == from ? from : "";
  }

  struct Found {
    std::string input;
    bool centred = false;
    double epsilon = 0;
  };

  /// x / sqrt(mean(x^2) + e).
  std::optional<Found> normalised(const std::string& x, const std::string& root, bool inverse) const {
    const std::string v = under_root(root, inverse);
    std::string mean;
    const auto epsilon = v.empty() ? std::nullopt : with_scalar(v, "Add", mean);
    const std::string square = epsilon ? mean_of(mean) : "";
    const std::string base = square.empty() ? "" : square_of(square);
    if (base.empty() || *epsilon < 0) return std::nullopt;
    const std::string from = centred(x);
    if (!from.empty() && (base == x || centred(base) == from)) return Found{from, true, *epsilon};
    if (base == x) return Found{x, false, *epsilon};
    return std::nullopt;
  }

  std::optional<Found> find_rows(const Node& n) const {
    if (n.inputs.size() != 2 || n.outputs.size() != 1 || !n.domain.empty()) return std::nullopt;
    if (n.op == "Div") return normalised(n.inputs[0], n.inputs[1], false);
    if (n.op != "Mul") return std::nullopt;
    if (auto found = normalised(n.inputs[0], n.inputs[1], true)) return found;
    return normalised(n.inputs[1], n.inputs[0], true);
  }

  /// The only reader of a node's output, where it applies a constant of one value per element of an axis; else null.
  Node* affine(const Node& n, std::string_view op, int64_t count, std::size_t axis_from_back,
               std::vector<double>& values) {
    const auto& readers = readers_[n.outputs[0]];
    if (readers.size() != 1 || readers[0] >= model_.nodes.size()) return nullptr;
    Node& reader = model_.nodes[readers[0]];
    const auto pair = with_constant(reader, op);
    if (!pair || (static_cast<int64_t>(pair->values.size()) != count && pair->values.size() != 1)) return nullptr;
    const Shape& s = pair->shape;
    for (std::size_t i = 0; i < s.size(); ++i)
      if (s[i] != 1 && s.size() - 1 - i != axis_from_back) return nullptr;
    values = pair->values;
    values.resize(static_cast<std::size_t>(count), values[0]);
    return &reader;
  }

  /// The node at `last` becomes a norm of `input`; its gain and bias follow it in the model.
  void replace(Node* last, const char* op, const std::string& input, int64_t count, std::size_t axis_from_back,
               std::map<std::string, qonnx::Attribute> attributes, std::vector<double> gain, std::vector<double> bias) {
    std::vector<double> values;
    const auto take = [&](const char* what, std::vector<double>& into, bool gains) {
      Node* next = affine(*last, what, count, axis_from_back, values);
      if (!next) return;
      for (std::size_t i = 0; i < values.size(); ++i) into[i] = gains ? into[i] * values[i] : into[i] + values[i];
      if (gains)
        for (std::size_t i = 0; i < values.size(); ++i) bias[i] *= values[i];
      last = next;
    };
    take("Mul", gain, true);
    if (std::string_view(op) != "RMSNormalization") take("Add", bias, false);
    last->op = op;
    last->attributes = std::move(attributes);
    const auto constant = [&](const char* name, const std::vector<double>& v) {
      const std::string full = last->outputs[0] + name;
      model_.constants[full] = {{static_cast<int64_t>(v.size())}, v};
      return full;
    };
    last->inputs = {input, constant("/gain", gain)};
    const bool shifts = std::any_of(bias.begin(), bias.end(), [](double b) { return b != 0; });
    if (shifts || last->op == "GroupNormalization") last->inputs.push_back(constant("/bias", bias));
    producer_[last->outputs[0]] = static_cast<std::size_t>(last - model_.nodes.data());
  }

  bool rows(std::size_t n) {
    const auto found = find_rows(model_.nodes[n]);
    const auto shape = found ? model_.shapes.find(found->input) : model_.shapes.end();
    if (shape == model_.shapes.end() || shape->second.empty()) return false;
    const int64_t count = shape->second.back();
    const auto size = static_cast<std::size_t>(count);
    replace(&model_.nodes[n], found->centred ? "LayerNormalization" : "RMSNormalization", found->input, count, 0,
            {{"axis", int64_t{-1}}, {"epsilon", found->epsilon}}, std::vector<double>(size, 1),
            std::vector<double>(size, 0));
    return true;
  }

  /// Per-channel values of an InstanceNormalization whose channels are groups.
  std::optional<std::vector<double>> spread(const std::string& name, int64_t channels) const {
    const auto c = model_.constants.find(name);
    if (c == model_.constants.end() || c->second.count() < 1 || channels % c->second.count()) return std::nullopt;
    const std::vector<double> v = qonnx::to_doubles(c->second);
    std::vector<double> all;
    for (std::size_t i = 0; i < static_cast<std::size_t>(channels); ++i)
      all.push_back(v[i * v.size() / static_cast<std::size_t>(channels)]);
    return all;
  }

  bool groups(std::size_t n) {
    Node& back = model_.nodes[n];
    if (back.op != "Reshape" || back.outputs.size() != 1 || !back.domain.empty()) return false;
    const Node* norm = node(argument(back, 0), "InstanceNormalization");
    const Node* to = norm && norm->inputs.size() == 3 ? node(norm->inputs[0], "Reshape") : nullptr;
    if (!to) return false;
    const std::string input = argument(*to, 0);
    const auto whole = model_.shapes.find(input), grouped = model_.shapes.find(to->outputs[0]);
    const auto out = model_.shapes.find(back.outputs[0]);
    if (whole == model_.shapes.end() || grouped == model_.shapes.end() || out == model_.shapes.end()) return false;
    if (out->second != whole->second || whole->second.size() < 3 || grouped->second.size() < 2) return false;
    const int64_t channels = whole->second[1], count = grouped->second[1];
    auto gain = spread(norm->inputs[1], channels), bias = spread(norm->inputs[2], channels);
    if (!gain || !bias || count < 1 || channels % count) return false;
    const double epsilon = qonnx::float_attribute(*norm, "epsilon", 1e-5);
    replace(&back, "GroupNormalization", input, channels, whole->second.size() - 2,
            {{"num_groups", count}, {"epsilon", epsilon}}, std::move(*gain), std::move(*bias));
    return true;
  }

  ModelGraph& model_;
  std::map<std::string, std::size_t> producer_;
  std::map<std::string, std::vector<std::size_t>> readers_;
};

}  // namespace

Result<void> recognise_norms(NetworkState& state) {
  Norms(state.model).run();
  return {};
}

}  // namespace ares
