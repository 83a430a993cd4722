// Blocks of transformers, as PyTorch writes them and Brevitas quantises them. Tokens are [1, tokens, features].
#pragma once

#include "core/builder/blocks.hpp"

namespace ares::builder {

/// DFT of real signals along the last axis, one-sided: the last axis becomes bins, real and imaginary parts in turn.
Value spectrum(ModelBuilder& b, const std::string& path, const Value& x);

/// GroupNorm over groups of the channels of [1, c, ..], as Reshape, InstanceNormalization, Reshape, Mul, Add (opset
/// 14).
Value group_norm(ModelBuilder& b, const std::string& path, const Value& x, int64_t groups);

/// LayerNorm or RMSNorm over the features from primitive operators (opset 14), seeded gain and bias.
enum class NormKind { layer, rms };
Value norm(ModelBuilder& b, const std::string& path, const Value& x, NormKind kind = NormKind::layer);

/// Multi-head self-attention of a quantised tensor: projections, scores, softmax, context, each quantised, and the
/// output's projection, which is not.
struct AttentionSpec {
  int64_t heads = 1;
  bool fused = false;          ///< one projection to queries, keys and values, cut apart
  int64_t sequences = 1;       ///< the tokens are so many sequences, one behind the other
  bool interleaved = false;    ///< the sequences lie token by token beside each other instead
  bool rotary = false;         ///< queries and keys are turned by their positions
  bool queries_apart = false;  ///< cross-attention: the queries' sequences lie one behind the other in any case
};
Value self_attention(ModelBuilder& b, const std::string& path, const Value& x, const AttentionSpec& spec);

/// The same with queries of their own, as learned ones: [1, queries, features], quantised.
Value cross_attention(ModelBuilder& b, const std::string& path, const Value& queries, const Value& x,
                      const AttentionSpec& spec);
/// Scores, softmax and context alone: of quantised queries, keys and values [1, tokens, features]; quantised.
Value attention_core(ModelBuilder& b, const std::string& path, const Value& queries, const Value& keys,
                     const Value& values, const AttentionSpec& spec);
/// x * cos + turned(x) * sin over [.., heads, tokens, depth], as exports have it: halves turned by Slice, Neg and
/// Concat.
Value rotary_embedding(ModelBuilder& b, const std::string& path, const Value& x);
/// A quantised parameter [1, count, features].
Value learned_tokens(ModelBuilder& b, const std::string& path, int64_t count, int64_t features);

/// Linear, GELU, Quant, linear: not quantised at the end.
Value gelu_mlp(ModelBuilder& b, const std::string& path, const Value& x, int64_t hidden);
/// (silu(x * gate) * (x * up)) * down without biases (SwiGLU): not quantised at the end.
Value swiglu_mlp(ModelBuilder& b, const std::string& path, const Value& x, int64_t hidden);

/// Pre-norm block: x + attention(norm(x)), then that + mlp(norm(that)).
struct TransformerSpec {
  AttentionSpec attention;
  int64_t hidden = 1;
  NormKind norm = NormKind::layer;
  bool swiglu = false;
  bool float_residual = false;  ///< sums of two Quants without one of their own, each Quant at its own scale
};
Value transformer_block(ModelBuilder& b, const std::string& path, const Value& x, const TransformerSpec& spec);

/// [1, c, h, w] as [1, h * w, c].
Value tokens(ModelBuilder& b, const std::string& path, const Value& image);

}  // namespace ares::builder
