// The constants of the selective scan of a state-space model in integers; scan_step.hpp has the formula, README.md the
// derivation and the bounds.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/arithmetic/make_requant.hpp"
#include "core/base/result.hpp"

namespace ares {

struct Quantisation;

/// The real description: y[t][d] = sum over n of C[t][n] * h[t][d][n] + skip[d] * x[t][d] with
/// h[t] = exp(dt[t][d] * A[d][n]) * h[t - 1] + dt[t][d] * B[t][n] * x[t][d] and dt = step(delta), h before the first 0.
struct ScanSpec {
  int32_t steps = 1, channels = 1, states = 1;
  std::span<const double> rates;            ///< A, [channels][states], negative
  std::span<const double> skip;             ///< D per channel; empty: 0
  std::function<double(double)> step_size;  ///< of a real delta, as softplus; 0 or more
};

/// log(1 + exp(v)).
double softplus(double v);

/// What the device computes with.
struct ScanTerms {
  int32_t states = 1;
  int32_t zero_x = 0, zero_b = 0, zero_c = 0;
  int32_t input_shift = 0, state_shift = 0;  ///< right shifts of (x - z_x) * input and of h before its product with C
  std::vector<int32_t> log_step;             ///< log2 of dt of each stored delta
  std::vector<int32_t> input;                ///< dt * s_B * s_x of each stored delta
  std::vector<int32_t> log_rate;             ///< log2 of abs(A), [channels][states]
  std::vector<int32_t> skip;                 ///< per channel
  std::vector<uint32_t> decay;               ///< {value, slope} of each segment of exp(-v)
};

/// Entries of ScanTerms::decay.
inline constexpr int scan_segments = 513;

/// No sum of a step's and a rate's logarithm is beyond the table's last segment.
bool scan_stays_in_table(const ScanTerms& t);

/// Words on the device that all channels share: m, B, z_x, z_B, z_C, input_shift, state_shift, whether no
/// sum of logarithms leaves the table; {log_step, input} of
/// each stored delta; {value, slope} of each segment.
inline constexpr int scan_words = 8 + 2 * 256 + 2 * scan_segments;

/// The terms, and those of the requantisation of acc for an output of scale `output_scale`. Fails where a rate is not
/// negative, or the states or the output cannot be held in 32 bits.
struct ScanConstants {
  ScanTerms terms;
  ChannelTerms requant;
};
Result<ScanConstants> scan_constants(const ScanSpec& spec, const Quantisation& x, const Quantisation& delta,
                                     const Quantisation& b, const Quantisation& c, double output_scale);

}  // namespace ares
