// Blocks of state-space models (Mamba). Tokens are [1, tokens, features].
#pragma once

#include "core/builder/blocks.hpp"

namespace ares::builder {

/// Depthwise convolution along the tokens of a [1, channels, tokens] tensor that sees no later token.
Value causal_conv(ModelBuilder& b, const std::string& path, const Value& x, int64_t kernel);

/// The selective scan with its projections: x_proj to the step's `rank` features, B and C; dt_proj to the channels'
/// steps. Not quantised at the end. A is drawn around -1 .. -states, steps around 0.001 to 0.1, as Mamba begins.
struct ScanSpec {
  int64_t states = 4, rank = 1;
};
Value selective_scan(ModelBuilder& b, const std::string& path, const Value& x, const ScanSpec& spec);

/// in_proj to x and z, causal convolution, SiLU, scan, gate SiLU(z), out_proj: not quantised at the end.
struct MambaSpec {
  int64_t inner = 1, kernel = 4;
  ScanSpec scan{};
};
Value mamba_block(ModelBuilder& b, const std::string& path, const Value& x, const MambaSpec& spec);

/// A block, and another one on the reversed tokens, which is reversed back; their sum at one shared scale, not
/// quantised.
Value bidirectional_mamba(ModelBuilder& b, const std::string& path, const Value& x, const MambaSpec& spec);

}  // namespace ares::builder
