#include "core/tile/job.hpp"

#include <algorithm>
#include <cstring>

#include "core/group/accelerator.hpp"

namespace ares {
namespace {

class Engine {
 public:
  explicit Engine(const JobCall& call)
      : c_(call),
        job_(*call.job),
        kernel_(job_.kind == JobKind::conv1x1 ? 1 : 3),
        in_columns_((call.columns - 1) * job_.stride + kernel_),
        in_rows_((call.rows - 1) * job_.stride + kernel_) {}

  std::vector<uint8_t> run() {
    if (job_.fill) fill_padding();
    std::vector<uint8_t> out;
    out.reserve(static_cast<size_t>(c_.rows) * static_cast<size_t>(c_.columns) * static_cast<size_t>(c_.channels));
    for (int32_t y = 0; y < c_.rows; ++y)
      for (int32_t x = 0; x < c_.columns; ++x)
        for (int32_t k = 0; k < c_.channels; ++k) out.push_back(normalise(k, sum(y, x, k)));
    return out;
  }

 private:
  bool inside(int32_t row, int32_t column) const {
    const Box& b = c_.input_box;
    return row >= b.pad_before[0] && row < in_rows_ - b.pad_after[0] && column >= b.pad_before[1] &&
           column < in_columns_ - b.pad_after[1];
  }

  void fill_padding() {
    for (int32_t r = 0; r < in_rows_; ++r)
      for (int32_t c = 0; c < in_columns_; ++c)
        if (!inside(r, c)) std::memset(c_.in + pixel(r, c), c_.pad_value, static_cast<size_t>(c_.in_pixel));
  }

  size_t pixel(int32_t row, int32_t column) const {
    return static_cast<size_t>(row * c_.held_columns + column) * static_cast<size_t>(c_.in_pixel);
  }

  /// Channel k's weight of a depthwise layer less the offset.
  int32_t depthwise_weight(int32_t k, int32_t tap) const {
    const int32_t taps = kernel_ * kernel_;
    int32_t value = 0;
    for (int32_t bit = 0; bit < job_.weight_bits; ++bit) {
      const int32_t word = (k / job_channels_in * job_.weight_bits + bit) * taps + tap;
      value |= (c_.weights[2 * word + k % job_channels_in / 8] >> (k % 8) & 1) << bit;
    }
    return value;
  }

  /// The weight less the offset.
  int32_t weight(int32_t k, int32_t tap, int32_t channel) const {
    const int32_t taps = kernel_ * kernel_, groups = (c_.reduction + job_channels_in - 1) / job_channels_in;
    int32_t value = 0;
    for (int32_t bit = 0; bit < job_.weight_bits; ++bit) {
      const int32_t word = ((k * groups + channel / job_channels_in) * job_.weight_bits + bit) * taps + tap;
      const int32_t byte = 2 * word + channel % job_channels_in / 8;
      value |= (c_.weights[byte] >> (channel % 8) & 1) << bit;
    }
    return value;
  }

  int32_t sum(int32_t y, int32_t x, int32_t k) const {
    int32_t acc = 0;
    for (int32_t tap = 0; tap < kernel_ * kernel_; ++tap) {
      const int32_t row = y * job_.stride + tap / kernel_, column = x * job_.stride + tap % kernel_;
      if (!job_.fill && !inside(row, column)) continue;  // zeros
      const uint8_t* a = c_.in + pixel(row, column) + job_.first;
      if (job_.kind == JobKind::depthwise3x3) {
        acc += a[k] * (depthwise_weight(k, tap) + c_.weight_offset);
        continue;
      }
      for (int32_t i = 0; i < c_.reduction; ++i) acc += a[i] * (weight(k, tap, i) + c_.weight_offset);
    }
    return acc;
  }

  /// Biases come first, then the unsigned scales. The product keeps 32 bits.
  uint8_t normalise(int32_t k, int32_t acc) const {
    int32_t bias = 0;
    std::memcpy(&bias, c_.params + 4 * k, 4);
    uint32_t scale = 0;
    const auto bytes = static_cast<size_t>(job_.scale_bits / 8);
    std::memcpy(&scale, c_.params + 4 * c_.channels + static_cast<size_t>(k) * bytes, bytes);
    const auto product = static_cast<int32_t>(static_cast<uint32_t>(acc) * scale);
    const int64_t biased = std::clamp<int64_t>(int64_t{product} + bias, 0, INT32_MAX);
    return static_cast<uint8_t>(std::min<int64_t>(biased >> c_.shift, 255));
  }

  const JobCall& c_;
  const Job& job_;
  int32_t kernel_, in_columns_, in_rows_;
};

}  // namespace

std::vector<uint8_t> run_job(const JobCall& call) { return Engine(call).run(); }

}  // namespace ares
