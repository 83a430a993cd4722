#include "core/builder/transformer.hpp"

#include <array>
#include <cmath>

namespace ares::builder {
namespace {

Value one(ModelBuilder& b, const std::string& op, const std::string& path, std::vector<std::string> inputs,
          std::map<std::string, Attribute> attributes = {}) {
  return b.node(op, path, std::move(inputs), std::move(attributes)).front();
}

Value row_mean(ModelBuilder& b, const std::string& path, const Value& x) {
  return one(b, "ReduceMean", path, {x.name}, {{"axes", std::vector<int64_t>{-1}}, {"keepdims", int64_t{1}}});
}

std::string row(ModelBuilder& b, const std::string& name, int64_t count, bool gain) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(gain ? b.draws().uniform(0.75, 1.25) : b.draws().normal() * 0.1));
  return b.constant(name, {{count}, std::move(values)});
}

/// [1, tokens, features] as [sequences, heads, tokens, depth], quantised.
Value heads(ModelBuilder& b, const std::string& path, const Value& x, const AttentionSpec& spec) {
  const int64_t features = x.shape[2], rows = x.shape[1] / spec.sequences, depth = features / spec.heads;
  const Shape split = spec.interleaved ? Shape{rows, spec.sequences, spec.heads, depth}
                                       : Shape{spec.sequences, rows, spec.heads, depth};
  const std::vector<int64_t> axes =
      spec.interleaved ? std::vector<int64_t>{1, 2, 0, 3} : std::vector<int64_t>{0, 2, 1, 3};
  return b.transpose(path, b.reshape(path, x, split), axes);
}

Value projection(ModelBuilder& b, const std::string& path, const char* name, const Value& x,
                 const AttentionSpec& spec) {
  const Value y = b.linear(path + "." + name, x, {.out = x.shape[2]});
  return b.quant(path + "." + name + "_quant", heads(b, path, y, spec));
}

/// Queries, keys and values of one projection.
std::array<Value, 3> fused_projection(ModelBuilder& b, const std::string& path, const Value& x,
                                      const AttentionSpec& spec) {
  const int64_t features = x.shape[2];
  const Value all = b.quant(path + ".qkv_quant", b.linear(path + ".qkv", x, {.out = 3 * features}));
  std::array<Value, 3> out;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto at = static_cast<int64_t>(i) * features;
    out[i] = heads(b, path, b.slice(path, all, 2, at, at + features), spec);
  }
  return out;
}

/// What the projections make, for tokens of `shape`.
Value attend(ModelBuilder& b, const std::string& path, const std::array<Value, 3>& qkv, const Shape& shape,
             const AttentionSpec& spec) {
  const double depth = static_cast<double>(shape[2]) / static_cast<double>(spec.heads);
  const Value product = b.matmul(path, qkv[0], b.transpose(path, qkv[1], {0, 1, 3, 2}));
  const Value scores = one(b, "Div", path, {product.name, b.scalar("/" + path + "/root", std::sqrt(depth))});
  const Value shares = b.softmax(path, b.quant(path + ".score_quant", scores));
  Value context = b.matmul(path, b.quant(path + ".share_quant", shares, kUnsigned), qkv[2]);
  const std::vector<int64_t> back =
      spec.interleaved ? std::vector<int64_t>{2, 0, 1, 3} : std::vector<int64_t>{0, 2, 1, 3};
  context = b.reshape(path, b.transpose(path, context, back), shape);
  return b.linear(path + ".out", b.quant(path + ".context_quant", context), {.out = shape[2]});
}

}  // namespace

Value norm(ModelBuilder& b, const std::string& path, const Value& x, NormKind kind) {
  const int64_t features = x.shape.back();
  const bool centred = kind == NormKind::layer;
  const Value from = centred ? one(b, "Sub", path, {x.name, row_mean(b, path, x).name}) : x;
  const Value square = one(b, "Pow", path, {from.name, b.scalar("/" + path + "/two", 2)});
  const Value spread = one(b, "Add", path, {row_mean(b, path, square).name, b.scalar("/" + path + "/epsilon", 1e-5)});
  const Value root = one(b, "Sqrt", path, {spread.name});
  const Value scaled = one(b, "Div", path, {from.name, root.name});
  const Value gained = one(b, "Mul", path, {scaled.name, row(b, path + ".weight", features, true)});
  return centred ? one(b, "Add", path, {gained.name, row(b, path + ".bias", features, false)}) : gained;
}

Value self_attention(ModelBuilder& b, const std::string& path, const Value& x, const AttentionSpec& spec) {
  if (spec.fused) return attend(b, path, fused_projection(b, path, x, spec), x.shape, spec);
  return cross_attention(b, path, x, x, spec);
}

Value cross_attention(ModelBuilder& b, const std::string& path, const Value& queries, const Value& x,
                      const AttentionSpec& spec) {
  const Value q = projection(b, path, "q", queries, spec), k = projection(b, path, "k", x, spec);
  return attend(b, path, {q, k, projection(b, path, "v", x, spec)}, queries.shape, spec);
}

Value learned_tokens(ModelBuilder& b, const std::string& path, int64_t count, int64_t features) {
  std::vector<float> values;
  for (int64_t i = 0; i < count * features; ++i) values.push_back(static_cast<float>(b.draws().normal()));
  const Shape shape{1, count, features};
  return b.quant(path + ".quant", {b.constant(path, {shape, std::move(values)}), shape});
}

Value gelu_mlp(ModelBuilder& b, const std::string& path, const Value& x, int64_t hidden) {
  const Value inner = b.gelu(path + ".gelu", b.linear(path + ".fc1", x, {.out = hidden}));
  return b.linear(path + ".fc2", b.quant(path + ".gelu_quant", inner), {.out = x.shape.back()});
}

Value swiglu_mlp(ModelBuilder& b, const std::string& path, const Value& x, int64_t hidden) {
  const auto project = [&](const char* name, const Value& in, int64_t out) {
    return b.linear(path + "." + name, in, {.out = out, .bias = Bias::none});
  };
  const Value gate = b.quant(path + ".gate_quant", b.silu(path + ".silu", project("gate", x, hidden)));
  const Value up = b.quant(path + ".up_quant", project("up", x, hidden));
  const Value both = b.quant(path + ".product_quant", b.mul(path, gate, up));
  return project("down", both, x.shape.back());
}

Value transformer_block(ModelBuilder& b, const std::string& path, const Value& x, const TransformerSpec& spec) {
  const auto normal = [&](const std::string& name, const Value& in) {
    return b.quant(path + "." + name + "_quant", norm(b, path + "." + name, in, spec.norm));
  };
  const auto sum = [&](const std::string& name, const Value& in, const Value& y) {
    const std::string place = path + "." + name;
    if (!spec.float_residual) return b.quant(place + ".sum_quant", quant_add(b, place, in, y));
    return b.add(place, b.quant(place + ".in_quant", in), b.quant(place + ".out_quant", y));
  };
  const Value inner = sum("add1", x, self_attention(b, path + ".attention", normal("norm1", x), spec.attention));
  const Value fed = normal("norm2", inner);
  const std::string mlp = path + ".mlp";
  return sum("add2", inner, spec.swiglu ? swiglu_mlp(b, mlp, fed, spec.hidden) : gelu_mlp(b, mlp, fed, spec.hidden));
}

Value tokens(ModelBuilder& b, const std::string& path, const Value& image) {
  const Shape& s = image.shape;
  return b.transpose(path, b.reshape(path, image, {1, s[1], s[2] * s[3]}), {0, 2, 1});
}

}  // namespace ares::builder
