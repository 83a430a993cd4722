// Fourier transforms and rotary embeddings.
#include <cmath>
#include <numbers>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

/// Of real signals; the axis is an attribute up to opset 19, then an input.
Result<RealTensors> dft(const Arguments& a) {
  const Shape& shape = a[0].shape;
  const auto given = a.integers(2, "axis_of_input");
  const auto axis = normal_axis(given ? given->at(0) : int_attribute(a.node, "axis", -2), shape.size());
  if (!axis || *axis + 1 >= shape.size() || shape.back() != 1 || int_attribute(a.node, "inverse", 0) != 0)
    return fail("it is no transform of real signals");
  const int64_t length = shape[*axis];
  if (const auto n = a.integers(1, "dft_length"); n && n->at(0) != length) return fail("its length is not its input's");
  const int64_t bins = int_attribute(a.node, "onesided", 0) ? length / 2 + 1 : length;
  const int64_t stride = strides_of(shape)[*axis];
  RealTensor out{shape, {}, false, false};
  out.shape[*axis] = bins;
  out.shape.back() = 2;
  for (int64_t outer = 0; outer < a[0].count(); outer += length * stride) {
    for (int64_t k = 0; k < bins; ++k) {
      for (int64_t inner = 0; inner < stride; ++inner) {
        double real = 0, imaginary = 0;
        for (int64_t n = 0; n < length; ++n) {
          const double x = a[0].values[static_cast<std::size_t>(outer + n * stride + inner)];
          const double angle = 2 * std::numbers::pi * static_cast<double>(k * n % length) / static_cast<double>(length);
          real += x * std::cos(angle);
          imaginary -= x * std::sin(angle);
        }
        out.values.push_back(real);
        out.values.push_back(imaginary);
      }
    }
  }
  return RealTensors{std::move(out)};
}

/// [sequences, heads, length, depth], or [sequences, length, heads * depth] with num_heads.
Result<RealTensors> rotary_embedding(const Arguments& a) {
  const Shape& s = a[0].shape;
  const int64_t num_heads = int_attribute(a.node, "num_heads", 0);
  if (s.size() != 4 && (s.size() != 3 || num_heads < 1 || s[2] % num_heads)) return fail("its input has no heads");
  const bool flat = s.size() == 3;
  const int64_t heads = flat ? num_heads : s[1], length = flat ? s[1] : s[2], depth = flat ? s[2] / heads : s[3];
  const int64_t given = int_attribute(a.node, "rotary_embedding_dim", 0), turned = given ? given : depth;
  const int64_t half = turned / 2;
  const auto positions = a.integers(3, "position_ids");
  const bool neighbours = int_attribute(a.node, "interleaved", 0) != 0;
  RealTensor out{s, a[0].values, false, false};
  if (depth < 1 || turned > depth || turned % 2) return fail("it turns more than a head, or half a pair");
  for (int64_t row = 0; row < a[0].count() / depth; ++row) {
    // Row-major rows of one head: [sequence][head][time], or [sequence][time][head] where it is flat.
    const int64_t time = flat ? row / heads % length : row % length, sequence = row / (heads * length);
    const auto at = static_cast<std::size_t>(sequence * length + time);
    if (positions && at >= positions->size()) return fail("it has too few positions");
    const int64_t place = positions ? (*positions)[at] : static_cast<int64_t>(at);
    if (place < 0 || (place + 1) * half > a[1].count() || a[2].count() != a[1].count())
      return fail("it has too few factors");
    for (int64_t i = 0; i < half; ++i) {
      const auto first = static_cast<std::size_t>(row * depth + (neighbours ? 2 * i : i));
      const std::size_t second = first + static_cast<std::size_t>(neighbours ? 1 : half);
      const auto factor = static_cast<std::size_t>(place * half + i);
      const double x = a[0].values[first], y = a[0].values[second], c = a[1].values[factor], d = a[2].values[factor];
      out.values[first] = x * c - y * d;
      out.values[second] = y * c + x * d;
    }
  }
  return RealTensors{std::move(out)};
}

const Evaluator kEvaluators[] = {{"DFT", 1, dft}, {"RotaryEmbedding", 3, rotary_embedding}};

}  // namespace

std::span<const Evaluator> transform_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
