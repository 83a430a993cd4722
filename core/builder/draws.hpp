// Seeded random numbers that are the same with every standard library.
#pragma once

#include <cstdint>
#include <random>

namespace ares::builder {

class Draws {
 public:
  explicit Draws(uint64_t seed) : engine_(seed) {}

  /// In [0, 1), with 53 random bits.
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * unit(); }
  /// Mean 0, variance 1: the sum of twelve uniforms less six (Irwin-Hall).
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += unit();
    return sum;
  }
  /// In low..high, both included.
  int64_t integer(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(unit() * static_cast<double>(high - low + 1));
  }
  bool chance(double probability) { return unit() < probability; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ares::builder
