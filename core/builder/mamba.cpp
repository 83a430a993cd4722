#include "core/builder/mamba.hpp"

#include <cmath>
#include <limits>

namespace ares::builder {
namespace {

Value swapped(ModelBuilder& b, const std::string& path, const Value& x) { return b.transpose(path, x, {0, 2, 1}); }

Value reversed(ModelBuilder& b, const std::string& path, const Value& x) {
  return b.slice(path, x, 1, -1, std::numeric_limits<int64_t>::min(), -1);
}

Value project(ModelBuilder& b, const std::string& path, const Value& x, int64_t out) {
  return b.quant(path + "_quant", b.linear(path, x, {.out = out, .bias = Bias::none}));
}

/// dt_proj: its bias is the inverse softplus of steps spread evenly in their logarithm.
Value steps(ModelBuilder& b, const std::string& path, const Value& x, int64_t channels) {
  constexpr double shortest = 0.001, longest = 0.1;  // Mamba's dt_min and dt_max
  const Value product = b.linear(path, x, {.out = channels, .bias = Bias::none});
  std::vector<float> bias;
  for (int64_t c = 0; c < channels; ++c) {
    const double dt = std::exp(b.draws().uniform(std::log(shortest), std::log(longest)));
    bias.push_back(static_cast<float>(std::log(std::expm1(dt))));
  }
  const std::string shift = b.constant(path + ".bias", {{channels}, std::move(bias)});
  return b.quant(path + "_quant", b.node("Add", path, {shift, product.name}).front());
}

}  // namespace

Value causal_conv(ModelBuilder& b, const std::string& path, const Value& x, int64_t kernel) {
  const int64_t channels = x.shape[1];
  return b.conv(path, x, {.out = channels, .kernel = {1, kernel}, .pads = {0, kernel - 1, 0, 0}, .groups = channels});
}

Value selective_scan(ModelBuilder& b, const std::string& path, const Value& x, const ScanSpec& spec) {
  const int64_t channels = x.shape[2], columns = spec.rank + 2 * spec.states;
  const Value rows = project(b, path + ".x_proj", x, columns);
  const Value delta = steps(b, path + ".dt_proj", b.slice(path, rows, 2, 0, spec.rank), channels);
  std::vector<float> rates, skip;
  for (int64_t d = 0; d < channels; ++d) {
    for (int64_t n = 1; n <= spec.states; ++n)
      rates.push_back(static_cast<float>(-static_cast<double>(n) * b.draws().uniform(0.75, 1.25)));
    skip.push_back(static_cast<float>(b.draws().uniform(0.75, 1.25)));
  }
  const std::string a = b.constant(path + ".A", {{channels, spec.states}, std::move(rates)});
  const std::string d = b.constant(path + ".D", {{channels}, std::move(skip)});
  return b
      .node("SelectiveScan", path, {x.name, delta.name, a, rows.name, d},
            {{"offset", spec.rank}, {"delta_softplus", int64_t{1}}}, 1, kAresDomain)
      .front();
}

Value mamba_block(ModelBuilder& b, const std::string& path, const Value& x, const MambaSpec& spec) {
  const Value both = project(b, path + ".in_proj", x, 2 * spec.inner);
  const Value inner = b.slice(path, both, 2, 0, spec.inner), z = b.slice(path, both, 2, spec.inner, 2 * spec.inner);
  const Value mixed =
      b.quant(path + ".conv_quant", causal_conv(b, path + ".conv1d", swapped(b, path, inner), spec.kernel));
  const Value u = swapped(b, path, b.quant(path + ".silu_quant", b.silu(path + ".silu", mixed)));
  const Value y = b.quant(path + ".ssm_quant", selective_scan(b, path + ".ssm", u, spec.scan));
  const Value gate = b.quant(path + ".gate_quant", b.silu(path + ".gate", z));
  const Value gated = b.quant(path + ".product_quant", b.mul(path, y, gate));
  return b.linear(path + ".out_proj", gated, {.out = x.shape[2], .bias = Bias::none});
}

Value bidirectional_mamba(ModelBuilder& b, const std::string& path, const Value& x, const MambaSpec& spec) {
  const Value forward = mamba_block(b, path + ".forward", x, spec);
  const Value backward = mamba_block(b, path + ".backward", reversed(b, path, x), spec);
  const std::vector<Value> both = b.quant_shared(path + ".shared_quant", {forward, backward});
  return b.add(path, both[0], reversed(b, path, both[1]));
}

}  // namespace ares::builder
