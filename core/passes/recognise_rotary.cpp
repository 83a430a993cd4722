// Rotary embeddings that exporters write as primitive operators become one node each, found by what is computed.
//
//   x * cos + turned(x) * sin       turned(x): every element's partner, that of the first of a pair with its sign
//   changed
//
// What turned(x) is made of (Slice, Neg, Concat, Reshape, ..) does not matter: it is evaluated on the numbers 1, 2, 3,
// ..
#include <cmath>

#include "core/evaluate/evaluate.hpp"
#include "core/import/operators/common.hpp"
#include "core/passes/pass.hpp"
#include "core/passes/unread.hpp"

namespace ares {
namespace {

using qonnx::ModelGraph;
using qonnx::Node;
using qonnx::RealTensor;
using qonnx::Shape;

/// A tensor times a constant.
struct Scaled {
  std::string tensor, constant;
};

/// [sequences, heads, length, depth], the first two 1 where there are fewer axes.
struct Sizes {
  int64_t sequences = 1, heads = 1, length = 1, depth = 1;
};

class RotaryPatterns {
 public:
  explicit RotaryPatterns(ModelGraph& model) : model_(model) {
    for (std::size_t n = 0; n < model.nodes.size(); ++n)
      for (const std::string& out : model.nodes[n].outputs) producer_[out] = n;
  }

  void run() {
    bool found = false;
    for (Node& node : model_.nodes) found = replaced(node) || found;
    if (found) remove_unread(model_);
  }

 private:
  const Node* producer(const std::string& tensor) const {
    const auto it = producer_.find(tensor);
    return it == producer_.end() ? nullptr : &model_.nodes[it->second];
  }

  std::optional<Scaled> scaled(const std::string& tensor) const {
    const Node* n = producer(tensor);
    if (!n || n->op != "Mul" || n->inputs.size() != 2) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      if (model_.constants.count(n->inputs[i]) && !model_.constants.count(n->inputs[1 - i]))
        return Scaled{n->inputs[1 - i], n->inputs[i]};
    }
    return std::nullopt;
  }

  /// Whether a tensor is made of `from` and constants by nodes that move elements and change signs; evaluates it.
  bool moved(const std::string& tensor, const std::string& from, int steps, std::map<std::string, RealTensor>& known) {
    static const std::set<std::string> kMovers{"Slice",   "Neg",       "Concat", "Split",    "Reshape",
                                               "Squeeze", "Unsqueeze", "Gather", "Transpose"};
    if (known.count(tensor)) return true;
    if (const auto c = model_.constants.find(tensor); c != model_.constants.end()) {
      known[tensor] = qonnx::real_tensor(c->second);
      return true;
    }
    const Node* n = producer(tensor);
    if (!n || steps == 0 || !n->domain.empty() || !kMovers.count(n->op)) return false;
    std::vector<const RealTensor*> arguments;
    for (const std::string& in : n->inputs) {
      if (!in.empty() && !moved(in, from, steps - 1, known)) return false;
      arguments.push_back(in.empty() ? nullptr : &known.at(in));
    }
    auto values = qonnx::evaluate_node(*n, arguments);
    if (!values) return false;
    for (std::size_t i = 0; i < std::min(values->size(), n->outputs.size()); ++i)
      known[n->outputs[i]] = std::move((*values)[i]);
    return known.count(tensor) > 0;
  }

  /// Whether the pairs of `to`, which is made of `from`, are neighbours; nothing where it turns no pairs.
  std::optional<bool> turned(const std::string& from, const std::string& to, const Shape& shape) {
    constexpr int most_steps = 8;
    std::vector<double> numbers(static_cast<std::size_t>(*qonnx::element_count(shape)));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i + 1);
    std::map<std::string, RealTensor> known{{from, {shape, numbers, false, false}}};
    if (!moved(to, from, most_steps, known) || known.at(to).shape != shape) return std::nullopt;
    const std::vector<double>& values = known.at(to).values;
    const auto depth = static_cast<std::size_t>(shape.back()), half = depth / 2;
    const auto is = [&](bool neighbours) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t k = i % depth;
        const bool first = neighbours ? k % 2 == 0 : k < half;
        const std::size_t apart = neighbours ? 1 : half;
        if (values[i] != (first ? -numbers[i + apart] : numbers[i - apart])) return false;
      }
      return true;
    };
    if (is(false)) return false;
    return is(true) ? std::optional(true) : std::nullopt;
  }

  /// Factors of the first of each pair, [sequences, length, depth / 2]; nothing where heads or the elements of a pair
  /// have different ones.
  std::optional<qonnx::Array> factors(const std::string& constant, const Shape& shape, const Sizes& s,
                                      bool neighbours) const {
    const qonnx::Array& array = model_.constants.at(constant);
    const auto common = qonnx::broadcast(array.shape, shape);
    if (!common || *common != shape) return std::nullopt;
    const std::vector<double> values = qonnx::to_doubles(array);
    const std::vector<int64_t> at = qonnx::broadcast_indices(array.shape, shape);
    const int64_t half = s.depth / 2;
    std::vector<double> all(static_cast<std::size_t>(s.sequences * s.length * half));
    for (std::size_t n = 0; n < at.size(); ++n) {
      const auto i = static_cast<int64_t>(n);
      const int64_t k = i % s.depth, t = i / s.depth % s.length, h = i / (s.depth * s.length) % s.heads;
      const int64_t b = i / (s.depth * s.length * s.heads), pair = neighbours ? k / 2 : k % half;
      double& factor = all[static_cast<std::size_t>((b * s.length + t) * half + pair)];
      const double v = values[static_cast<std::size_t>(at[n])];
      const bool first = h == 0 && (neighbours ? k % 2 == 0 : k < half);
      if (!first && v != factor) return std::nullopt;
      factor = v;
    }
    return qonnx::Array{{s.sequences, s.length, half}, std::move(all)};
  }

  bool replaced(Node& node) {
    if (node.op != "Add" || !node.domain.empty() || node.inputs.size() != 2) return false;
    const auto one = scaled(node.inputs[0]), other = scaled(node.inputs[1]);
    if (!one || !other) return false;
    return replaced(node, *one, *other) || replaced(node, *other, *one);
  }

  bool replaced(Node& node, const Scaled& straight, const Scaled& across) {
    const auto found = model_.shapes.find(straight.tensor);
    if (found == model_.shapes.end()) return false;
    const Shape& shape = found->second;
    if (shape.size() < 3 || shape.size() > 4 || shape.back() % 2 || shape.back() == 0) return false;
    Sizes s{shape[0], shape.size() == 4 ? shape[1] : 1, shape[shape.size() - 2], shape.back()};
    const auto neighbours = turned(straight.tensor, across.tensor, shape);
    if (!neighbours) return false;
    auto cosines = factors(straight.constant, shape, s, *neighbours);
    auto sines = factors(across.constant, shape, s, *neighbours);
    if (!cosines || !sines) return false;
    const std::string base = node.outputs[0];
    model_.constants[base + "/cos"] = std::move(*cosines);
    model_.constants[base + "/sin"] = std::move(*sines);
    node.op = "RotaryEmbedding";
    node.inputs = {straight.tensor, base + "/cos", base + "/sin"};
    node.attributes = {{"interleaved", int64_t{*neighbours}}};
    if (shape.size() == 3) node.attributes["num_heads"] = int64_t{1};
    return true;
  }

  ModelGraph& model_;
  std::map<std::string, std::size_t> producer_;
};

}  // namespace

Result<void> recognise_rotary(NetworkState& state) {
  RotaryPatterns(state.model).run();
  return {};
}

}  // namespace ares
