#include "core/arithmetic/norm.hpp"
#include "core/reference/operations.hpp"

namespace ares::reference {
namespace {

/// A set: `lines` lines of `width` neighbouring elements each, `pitch` apart.
struct Set {
  std::size_t first = 0, lines = 1, width = 1, pitch = 0;
};

template <class X, class Y>
void normalise(const Norm& op, const Set& set, std::span<const X> x, std::span<Y> y) {
  int32_t sum = 0;
  int64_t squares = 0;
  const auto each = [&](auto&& f) {
    for (std::size_t l = 0; l < set.lines; ++l)
      for (std::size_t i = 0; i < set.width; ++i) f(set.first + l * set.pitch + i);
  };
  each([&](std::size_t i) {
    const int32_t v = x[i] - op.terms.zero;
    sum += v;
    squares += int64_t{v} * v;
  });
  const NormScale scale = norm_scale(op.terms, sum, squares);
  each([&](std::size_t i) {
    const std::size_t channel = i % static_cast<std::size_t>(op.channels);
    y[i] = static_cast<Y>(requantise(op.requant, channel, normalised(op.terms, scale, x[i])));
  });
}

}  // namespace

template <class X, class Y>
void norm(const Norm& op, std::span<const X> x, std::span<Y> y) {
  const auto channels = static_cast<std::size_t>(op.channels), width = channels / static_cast<std::size_t>(op.groups);
  const std::size_t positions = x.size() / channels, lines = op.across ? positions : 1;
  for (std::size_t p = 0; p < positions; p += lines)
    for (std::size_t c = 0; c < channels; c += width)
      normalise<X, Y>(op, {p * channels + c, lines, width, channels}, x, y);
}

template void norm(const Norm&, std::span<const uint8_t>, std::span<uint8_t>);
template void norm(const Norm&, std::span<const uint8_t>, std::span<int16_t>);
template void norm(const Norm&, std::span<const int16_t>, std::span<uint8_t>);
template void norm(const Norm&, std::span<const int16_t>, std::span<int16_t>);
template void norm(const Norm&, std::span<const int32_t>, std::span<uint8_t>);
template void norm(const Norm&, std::span<const int32_t>, std::span<int16_t>);

}  // namespace ares::reference
