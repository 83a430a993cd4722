#include "core/arithmetic/average_terms.hpp"
#include "core/ir/layer.hpp"

namespace ares {

std::vector<ChannelTerms> average_terms(const AveragePool& pool, const Quantisation& input, double output_scale) {
  const int64_t all = int64_t{pool.window.kh} * pool.window.kw;
  std::vector<ChannelTerms> terms;
  for (int64_t n = is_padded(pool.window) ? 1 : all; n <= all; ++n) {
    terms.push_back({input.scale / output_scale, 0, n, n * input.lo, n * input.hi, pool.counts_padding ? all : n});
  }
  return terms;
}

}  // namespace ares
