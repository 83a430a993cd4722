#include "core/tile/kernels.hpp"

#include <cassert>
#include <cstring>

#include "core/arithmetic/add.hpp"
#include "core/arithmetic/curve.hpp"

namespace ares {
namespace {

/// Bytes of one record of the parameters.
size_t record_bytes(const KernelCall& k) { return k.kernel->asymmetric ? 12 : 8; }

/// The tile's own requantisation: element c is channel c of the tile (average_pool: c + 1 positions).
Requant tile_requant(const KernelCall& k, size_t elements) {
  Requant r = *k.requant;
  r.m.resize(elements);
  r.B.resize(elements);
  for (size_t c = 0; c < r.m.size(); ++c) {
    std::memcpy(&r.m[c], k.params + record_bytes(k) * c, 4);
    std::memcpy(&r.B[c], k.params + record_bytes(k) * c + 4, 4);
  }
  return r;
}

/// z_w of channel c of the tile.
int32_t weight_zero(const KernelCall& k, int32_t c) {
  int32_t z = 0;
  if (k.kernel->asymmetric) std::memcpy(&z, k.params + record_bytes(k) * static_cast<size_t>(c) + 8, 4);
  return z;
}

void store(const KernelCall& k, const Requant& r, int64_t position, int32_t c, int32_t acc) {
  const int32_t y = requantise(r, static_cast<size_t>(c), acc);
  const int64_t index = position * k.channels + c;
  if (k.kernel->out_type == ElementType::s32)
    std::memcpy(k.out + 4 * index, &y, 4);
  else if (k.kernel->out_type == ElementType::s16)
    std::memcpy(k.out + 2 * index, &y, 2);
  else
    k.out[index] = static_cast<uint8_t>(y);
}

struct TileSize {
  int64_t rows, columns, channels;
};

TileSize input_tile(const Box& b) {
  return {int64_t{b.size[0]} + b.pad_before[0] + b.pad_after[0], int64_t{b.size[1]} + b.pad_before[1] + b.pad_after[1],
          int64_t{b.size[2]} + b.pad_before[2] + b.pad_after[2]};
}

void fill_padding(const KernelCall& k) {
  const Box& b = k.input_box;
  const TileSize t = input_tile(b);
  for (int64_t r = 0; r < t.rows; ++r)
    for (int64_t c = 0; c < t.columns; ++c) {
      const bool inside = b.size[2] > 0 && r >= b.pad_before[0] && r < b.pad_before[0] + b.size[0] &&
                          c >= b.pad_before[1] && c < b.pad_before[1] + b.size[1];
      if (!inside) std::memset(k.in + (r * t.columns + c) * t.channels, k.pad_value, static_cast<size_t>(t.channels));
    }
}

int32_t window_sum(const KernelCall& k, int64_t columns, int32_t row, int32_t column, const int8_t* weights,
                   int32_t zero) {
  const Window& w = k.kernel->window;
  int32_t acc = 0;
  for (int32_t y = 0; y < w.kh; ++y)
    for (int32_t x = 0; x < w.kw; ++x) {
      const uint8_t* a = k.in + ((int64_t{row} * w.sh + y * w.dh) * columns + column * w.sw + x * w.dw) * k.reduction;
      for (int32_t i = 0; i < k.reduction; ++i) acc += int32_t{a[i]} * (*weights++ - zero);
    }
  return acc;
}

void conv(const KernelCall& k) {
  fill_padding(k);
  const Requant r = tile_requant(k, static_cast<size_t>(k.channels));
  const int64_t columns = input_tile(k.input_box).columns;
  for (int32_t y = 0; y < k.rows; ++y)
    for (int32_t x = 0; x < k.columns; ++x)
      for (int32_t c = 0; c < k.channels; ++c) {
        const auto* weights = reinterpret_cast<const int8_t*>(k.weights) + int64_t{c} * k.kernel->channel_bytes;
        store(k, r, int64_t{y} * k.columns + x, c, window_sum(k, columns, y, x, weights, weight_zero(k, c)));
      }
}

void depthwise(const KernelCall& k) {
  fill_padding(k);
  const Requant r = tile_requant(k, static_cast<size_t>(k.channels));
  const Window& w = k.kernel->window;
  const int64_t columns = input_tile(k.input_box).columns;
  for (int32_t row = 0; row < k.rows; ++row)
    for (int32_t column = 0; column < k.columns; ++column)
      for (int32_t c = 0; c < k.channels; ++c) {
        const auto* weights = reinterpret_cast<const int8_t*>(k.weights) + int64_t{c} * k.kernel->channel_bytes;
        const int32_t zero = weight_zero(k, c);
        int32_t acc = 0;
        for (int32_t y = 0; y < w.kh; ++y)
          for (int32_t x = 0; x < w.kw; ++x) {
            const int64_t at = (int64_t{row} * w.sh + y * w.dh) * columns + column * w.sw + x * w.dw;
            acc += int32_t{k.in[at * k.channels + c]} * (*weights++ - zero);
          }
        store(k, r, int64_t{row} * k.columns + column, c, acc);
      }
}

void linear(const KernelCall& k) {
  const Requant r = tile_requant(k, static_cast<size_t>(k.channels));
  const bool split = k.accumulators != nullptr;
  const int64_t row_bytes = split ? k.reduction : k.kernel->channel_bytes;
  for (int32_t t = 0; t < k.columns; ++t)
    for (int32_t c = 0; c < k.channels; ++c) {
      const uint8_t* a = k.in + int64_t{t} * k.reduction;
      const auto* w = reinterpret_cast<const int8_t*>(k.weights) + c * row_bytes;
      const int32_t zero = weight_zero(k, c);
      int32_t* carried = split ? k.accumulators + int64_t{t} * k.channels + c : nullptr;
      int32_t acc = split && !k.first_step ? *carried : 0;
      for (int32_t i = 0; i < k.reduction; ++i) acc += int32_t{a[i]} * (w[i] - zero);
      if (split) *carried = acc;
      if (k.last_step) store(k, r, t, c, acc);
    }
}

void max_pool(const KernelCall& k) {
  fill_padding(k);
  const Window& w = k.kernel->window;
  const TileSize t = input_tile(k.input_box);
  for (int32_t y = 0; y < k.rows; ++y)
    for (int32_t x = 0; x < k.columns; ++x)
      for (int32_t c = 0; c < k.channels; ++c) {
        uint8_t best = 0;
        for (int32_t i = 0; i < w.kh; ++i)
          for (int32_t j = 0; j < w.kw; ++j)
            best = std::max(best,
                            k.in[((int64_t{y} * w.sh + i * w.dh) * t.columns + x * w.sw + j * w.dw) * t.channels + c]);
        k.out[(int64_t{y} * k.columns + x) * k.channels + c] = best;
      }
}

/// One window along one axis of the input tile: its first position inside the tensor, and how many are.
struct Taps {
  int64_t first, count;
};

Taps taps(const KernelCall& k, size_t axis, int32_t output) {
  const Window& w = k.kernel->window;
  const int stride = axis == 0 ? w.sh : w.sw, kernel = axis == 0 ? w.kh : w.kw, dilation = axis == 0 ? w.dh : w.dw;
  const int start = output * stride - k.input_box.pad_before[axis];
  const int skipped = start < 0 ? (-start + dilation - 1) / dilation : 0;
  return {int64_t{k.input_box.pad_before[axis]} + start + skipped * dilation,
          taps_inside(start, kernel, dilation, k.input_box.size[axis])};
}

void average_pool(const KernelCall& k) {
  const Window& w = k.kernel->window;
  const TileSize t = input_tile(k.input_box);
  const size_t elements = requant_elements(w);
  const Requant r = tile_requant(k, elements);
  for (int32_t y = 0; y < k.rows; ++y)
    for (int32_t x = 0; x < k.columns; ++x) {
      const Taps rows = taps(k, 0, y), columns = taps(k, 1, x);
      const auto element = elements == 1 ? 0 : static_cast<size_t>(rows.count * columns.count - 1);
      for (int32_t c = 0; c < k.channels; ++c) {
        int32_t acc = 0;
        for (int64_t i = 0; i < rows.count; ++i)
          for (int64_t j = 0; j < columns.count; ++j)
            acc += k.in[((rows.first + i * w.dh) * t.columns + columns.first + j * w.dw) * t.channels + c];
        k.out[(int64_t{y} * k.columns + x) * k.channels + c] = static_cast<uint8_t>(requantise(r, element, acc));
      }
    }
}

void table(const KernelCall& k) {
  for (int32_t i = 0; i < k.channels; ++i) k.out[i] = k.weights[k.in[i]];
}

/// Word `i` of the parameters.
int32_t param(const KernelCall& k, size_t i) {
  int32_t v = 0;
  std::memcpy(&v, k.params + 4 * i, 4);
  return v;
}

void add(const KernelCall& k) {
  Requant r = *k.requant;
  r.m = {param(k, 0), param(k, 2)};
  r.B = {param(k, 1)};
  for (int32_t row = 0; row < k.columns; ++row)
    for (int32_t c = 0; c < k.channels; ++c) {
      const int64_t at = int64_t{row} * k.channels + c;
      k.out[at] = static_cast<uint8_t>(requantised_sum(r, k.in[at], k.in2[c]));
    }
}

void multiply(const KernelCall& k) {
  Requant r = *k.requant;
  r.m = {param(k, 0)};
  r.B = {param(k, 1)};
  const int32_t zero = param(k, 2), zero2 = param(k, 3);
  for (int32_t row = 0; row < k.columns; ++row)
    for (int32_t c = 0; c < k.channels; ++c) {
      const int64_t at = int64_t{row} * k.channels + c;
      k.out[at] = static_cast<uint8_t>(requantise(r, 0, (k.in[at] - zero) * (k.in2[c] - zero2)));
    }
}

void curve(const KernelCall& k) {
  std::array<int32_t, curve_words> words;
  std::memcpy(words.data(), k.weights, sizeof words);
  const auto points = std::span(words).first(curve_segments + 1);
  for (int32_t i = 0; i < k.channels; ++i) {
    int16_t x = 0;
    std::memcpy(&x, k.in + 2 * i, 2);
    k.out[i] = static_cast<uint8_t>(curve_value(points, x, words[curve_segments + 1], words[curve_segments + 2]));
  }
}

void rearrange(const KernelCall& k) {
  fill_padding(k);
  const TileSize t = input_tile(k.input_box);
  const std::array<int64_t, 3> pitch{t.columns * t.channels, t.channels, 1};
  std::array<int64_t, 3> jump{};  // bytes of the input tile per source element along each output axis
  for (size_t a = 0; a < 3; ++a) {
    const size_t source = k.kernel->source_axes >> (2 * a) & 3;
    jump[a] = k.step[source] * pitch[source];
  }
  const int32_t repeat_rows = k.kernel->rows.scale, repeat_columns = k.kernel->columns.scale;
  const int32_t repeat_channels = k.kernel->channels.scale;
  uint8_t* out = k.out;
  for (int32_t y = 0; y < k.rows; ++y)
    for (int32_t x = 0; x < k.columns; ++x)
      for (int32_t c = 0; c < k.channels; ++c) {
        const uint8_t v =
            k.in[y / repeat_rows * jump[0] + x / repeat_columns * jump[1] + c / repeat_channels * jump[2]];
        *out++ = k.weights ? k.weights[v] : v;
      }
}

}  // namespace

void run_kernel(const KernelCall& call) {
  switch (call.kernel->kind) {
    case KernelKind::conv:
      return conv(call);
    case KernelKind::linear:
      return linear(call);
    case KernelKind::depthwise:
      return depthwise(call);
    case KernelKind::max_pool:
      return max_pool(call);
    case KernelKind::table:
      return table(call);
    case KernelKind::average_pool:
      return average_pool(call);
    case KernelKind::add:
      return add(call);
    case KernelKind::multiply:
      return multiply(call);
    case KernelKind::rearrange:
      return rearrange(call);
    case KernelKind::curve:
      return curve(call);
    default:
      assert(false && "no such kernel in the interpreter");
  }
}

}  // namespace ares
