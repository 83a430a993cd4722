// Norms, softmax and products of activations against real numbers on the same stored inputs.
#include <doctest/doctest.h>

#include <cmath>

#include "core/reference/engine.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

std::vector<double> real_values(const Tensor& t, const TensorData& d) {
  std::vector<double> v(d.size());
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = (d.at(i) - t.q.zero_point) * t.q.scale;
  return v;
}

TensorData random_data(Random& random, const Tensor& t) {
  if (t.type == ElementType::s16) {
    std::vector<int16_t> v(static_cast<std::size_t>(t.dims.count()));
    const int32_t reach = pick(random, 1, 32767);
    for (int16_t& x : v) x = static_cast<int16_t>(pick(random, -reach, reach));
    return {v};
  }
  std::vector<uint8_t> v(static_cast<std::size_t>(t.dims.count()));
  const int32_t reach = pick(random, 1, 255);
  for (uint8_t& x : v) x = static_cast<uint8_t>(pick(random, 0, reach));
  return {v};
}

std::vector<double> exact(const Norm& op, const std::vector<double>& x) {
  const auto channels = static_cast<std::size_t>(op.channels), width = channels / static_cast<std::size_t>(op.groups);
  const std::size_t lines = op.across ? x.size() / channels : 1;
  std::vector<double> y(x.size());
  for (std::size_t first = 0; first < x.size(); first += lines * channels)
    for (std::size_t c = 0; c < channels; c += width) {
      double sum = 0, squares = 0;
      const double n = double(lines) * double(width);
      for (std::size_t i = 0; i < lines * width; ++i) sum += x[first + i / width * channels + c + i % width];
      const double mean = op.centred ? sum / n : 0;
      for (std::size_t i = 0; i < lines * width; ++i) {
        const double d = x[first + i / width * channels + c + i % width] - mean;
        squares += d * d;
      }
      for (std::size_t i = 0; i < lines * width; ++i) {
        const std::size_t at = first + i / width * channels + c + i % width, channel = c + i % width;
        y[at] = (x[at] - mean) / std::sqrt(squares / n + op.epsilon) * op.gain[channel] + op.bias[channel];
      }
    }
  return y;
}

std::vector<double> exact(const Softmax& op, const std::vector<double>& x) {
  const auto n = static_cast<std::size_t>(op.columns);
  std::vector<double> y(x.size());
  for (std::size_t row = 0; row < x.size(); row += n) {
    double top = x[row], sum = 0;
    for (std::size_t i = 0; i < n; ++i) top = std::max(top, x[row + i]);
    for (std::size_t i = 0; i < n; ++i) sum += y[row + i] = std::exp(x[row + i] - top);
    for (std::size_t i = 0; i < n; ++i) y[row + i] /= sum;
  }
  return y;
}

/// Elements, and those that are one step off; none may be further.
struct Agreement {
  int64_t elements = 0, off = 0;
};

template <class Op>
void judge(Random& random, Family family, Agreement& agreement) {
  const LayerGraph g = random_network(random, family);
  const TensorData x = random_data(random, g.tensors[0]);
  const std::vector<TensorData> all = run(g, std::span(&x, 1));
  const std::vector<double> y = exact(std::get<Op>(g.dag[0].op), real_values(g.tensors[0], x));
  const Quantisation& q = g.tensors[1].q;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double steps = std::clamp(std::nearbyint(y[i] / q.scale + q.zero_point), double(q.lo), double(q.hi));
    const double difference = std::abs(all[1].at(i) - steps);
    CHECK(difference <= 1);
    // A 16-bit step is finer than the promise, and fast policy takes narrow norms.
    if (g.tensors[1].type != ElementType::u8 || (family == Family::norm && g.policy == RequantPolicy::fast)) continue;
    ++agreement.elements;
    agreement.off += difference != 0;
  }
}

template <class Op>
void judge_family(Family family, uint32_t seed) {
  Random random(seed);
  Agreement agreement;
  for (int i = 0; i < 400; ++i) judge<Op>(random, family, agreement);
  MESSAGE(std::string(name_of(family)), ": ", agreement.off, " of ", agreement.elements, " are one step off");
  CHECK(agreement.off * 1000 <= agreement.elements);
}

}  // namespace

TEST_CASE("norms are within a step of real numbers, and equal on 99.9 % of elements") {
  judge_family<Norm>(Family::norm, 1);
}

TEST_CASE("softmax is within a step of real numbers, and equal on 99.9 % of elements") {
  judge_family<Softmax>(Family::softmax, 2);
}

TEST_CASE("reciprocals are as close as the arithmetic page says") {
  Random random(3);
  std::uniform_int_distribution<uint32_t> whole(1u << 30, UINT32_MAX);
  for (int i = 0; i < 200000; ++i) {
    const uint32_t q = i == 0 ? 1u << 30 : i == 1 ? UINT32_MAX : whole(random), a = q | 1u << 31;
    const double root = std::abs(inverse_root(q) - 0x1p46 / std::sqrt(double(q)));
    const double quotient = std::abs(inverse(a) - 0x1p62 / double(a));
    if (root > 3 || quotient > 2) FAIL("at ", q);
  }
}
