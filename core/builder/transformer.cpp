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

/// Queries or keys, turned by their positions where the spec says so.
Value placed(ModelBuilder& b, const std::string& path, const char* name, const Value& x, const AttentionSpec& spec) {
  const Value y = projection(b, path, name, x, spec);
  if (!spec.rotary) return y;
  const std::string place = path + ".rotary_" + name;
  return b.quant(place + "_quant", rotary_embedding(b, place, y));
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

/// The quantised context of queries, keys and values cut into heads, for tokens of `shape`.
Value context_of(ModelBuilder& b, const std::string& path, const std::array<Value, 3>& qkv, const Shape& shape,
                 const AttentionSpec& spec) {
  const double depth = static_cast<double>(shape[2]) / static_cast<double>(spec.heads);
  const Value product = b.matmul(path, qkv[0], b.transpose(path, qkv[1], {0, 1, 3, 2}));
  const Value scores = one(b, "Div", path, {product.name, b.scalar("/" + path + "/root", std::sqrt(depth))});
  const Value shares = b.softmax(path, b.quant(path + ".score_quant", scores));
  Value context = b.matmul(path, b.quant(path + ".share_quant", shares, kUnsigned), qkv[2]);
  const std::vector<int64_t> back =
      spec.interleaved ? std::vector<int64_t>{2, 0, 1, 3} : std::vector<int64_t>{0, 2, 1, 3};
  context = b.reshape(path, b.transpose(path, context, back), shape);
  return b.quant(path + ".context_quant", context);
}

/// What the projections make, for tokens of `shape`.
Value attend(ModelBuilder& b, const std::string& path, const std::array<Value, 3>& qkv, const Shape& shape,
             const AttentionSpec& spec) {
  return b.linear(path + ".out", context_of(b, path, qkv, shape, spec), {.out = shape[2]});
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

Value spectrum(ModelBuilder& b, const std::string& path, const Value& x) {
  Shape signals = x.shape, bins = x.shape;
  signals.push_back(1);
  bins.back() = 2 * (x.shape.back() / 2 + 1);
  const Value y = one(b, "DFT", path, {b.reshape(path, x, std::move(signals)).name},
                      {{"axis", static_cast<int64_t>(x.shape.size()) - 1}, {"onesided", int64_t{1}}});
  return b.reshape(path, y, std::move(bins));
}

Value group_norm(ModelBuilder& b, const std::string& path, const Value& x, int64_t groups) {
  const auto count = static_cast<std::size_t>(groups);
  const std::string ones = b.constant("/" + path + "/ones", {{groups}, std::vector<float>(count, 1)});
  const std::string zeros = b.constant("/" + path + "/zeros", {{groups}, std::vector<float>(count, 0)});
  const Value grouped = b.reshape(path, x, {1, groups, -1});
  const Value normal = one(b, "InstanceNormalization", path, {grouped.name, ones, zeros}, {{"epsilon", 1e-5}});
  const Value back = b.reshape(path, normal, x.shape);
  const auto channels = [&](const char* name, bool gain) {
    std::vector<float> values;
    for (int64_t i = 0; i < x.shape[1]; ++i)
      values.push_back(static_cast<float>(gain ? b.draws().uniform(0.75, 1.25) : b.draws().normal() * 0.1));
    Shape shape(x.shape.size() - 1, 1);
    shape[0] = x.shape[1];
    return b.constant(path + name, {std::move(shape), std::move(values)});
  };
  const Value gained = one(b, "Mul", path, {back.name, channels(".weight", true)});
  return one(b, "Add", path, {gained.name, channels(".bias", false)});
}

Value rotary_embedding(ModelBuilder& b, const std::string& path, const Value& x) {
  constexpr double base = 10000;
  const int64_t length = x.shape[x.shape.size() - 2], depth = x.shape.back(), half = depth / 2;
  std::vector<float> cosines, sines;
  for (int64_t t = 0; t < length; ++t) {
    for (int64_t i = 0; i < depth; ++i) {
      const double rate = std::pow(base, -2.0 * static_cast<double>(i % half) / static_cast<double>(depth));
      cosines.push_back(static_cast<float>(std::cos(static_cast<double>(t) * rate)));
      sines.push_back(static_cast<float>(std::sin(static_cast<double>(t) * rate)));
    }
  }
  const std::string cos = b.constant("/" + path + "/cos", {{length, depth}, std::move(cosines)});
  const std::string sin = b.constant("/" + path + "/sin", {{length, depth}, std::move(sines)});
  const auto axis = static_cast<int64_t>(x.shape.size()) - 1;
  const Value straight = one(b, "Mul", path, {x.name, cos});
  const Value first = b.slice(path, x, axis, 0, half), second = b.slice(path, x, axis, half, depth);
  const Value turned = b.concat(path, {one(b, "Neg", path, {second.name}), first}, axis);
  return b.add(path, straight, one(b, "Mul", path, {turned.name, sin}));
}

Value self_attention(ModelBuilder& b, const std::string& path, const Value& x, const AttentionSpec& spec) {
  if (spec.fused) return attend(b, path, fused_projection(b, path, x, spec), x.shape, spec);
  return cross_attention(b, path, x, x, spec);
}

Value cross_attention(ModelBuilder& b, const std::string& path, const Value& queries, const Value& x,
                      const AttentionSpec& spec) {
  AttentionSpec of_queries = spec;
  of_queries.interleaved = spec.interleaved && !spec.queries_apart;
  const Value q = placed(b, path, "q", queries, of_queries), k = placed(b, path, "k", x, spec);
  return attend(b, path, {q, k, projection(b, path, "v", x, spec)}, queries.shape, of_queries);
}

Value attention_core(ModelBuilder& b, const std::string& path, const Value& queries, const Value& keys,
                     const Value& values, const AttentionSpec& spec) {
  const auto cut = [&](const Value& x) { return heads(b, path, x, spec); };
  return context_of(b, path, {cut(queries), cut(keys), cut(values)}, queries.shape, spec);
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
