#include "core/tile/kernels.hpp"

#include <cassert>
#include <cstring>

#include "core/arithmetic/add.hpp"
#include "core/arithmetic/curve.hpp"
#include "core/arithmetic/norm.hpp"
#include "core/arithmetic/scan_step.hpp"
#include "core/arithmetic/softmax.hpp"

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

/// Word `i` of the parameters.
int32_t param(const KernelCall& k, size_t i) {
  int32_t v = 0;
  std::memcpy(&v, k.params + 4 * i, 4);
  return v;
}

/// Element `index` of a tile of that type.
int32_t element(const uint8_t* tile, ElementType type, int64_t index) {
  if (type == ElementType::u8) return tile[index];
  if (type == ElementType::s32) {
    int32_t v = 0;
    std::memcpy(&v, tile + 4 * index, 4);
    return v;
  }
  int16_t v = 0;
  std::memcpy(&v, tile + 2 * index, 2);
  return v;
}

int32_t input(const KernelCall& k, int64_t index) { return element(k.in, k.kernel->in_type, index); }

void put(const KernelCall& k, int64_t index, int32_t y) {
  if (k.kernel->out_type == ElementType::s32)
    std::memcpy(k.out + 4 * index, &y, 4);
  else if (k.kernel->out_type == ElementType::s16)
    std::memcpy(k.out + 2 * index, &y, 2);
  else
    k.out[index] = static_cast<uint8_t>(y);
}

void store(const KernelCall& k, const Requant& r, int64_t position, int32_t c, int32_t acc) {
  put(k, position * k.channels + c, requantise(r, static_cast<size_t>(c), acc));
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

/// The channels that a depthwise kernel computes, with padding around them; the input tile is compact.
uint8_t* padded(const KernelCall& k) {
  const Box& b = k.input_box;
  const uint8_t* const in = k.in + (b.pad_before[0] * b.size[1] + b.pad_before[1]) * k.reduction;
  const TileSize t = input_tile(b);
  const auto channels = static_cast<size_t>(k.channels);
  std::memset(k.scratch, k.pad_value, static_cast<size_t>(t.rows * t.columns) * channels);
  for (int64_t r = 0; r < b.size[0]; ++r)
    for (int64_t c = 0; c < b.size[1]; ++c) {
      const int64_t to = (r + b.pad_before[0]) * t.columns + c + b.pad_before[1];
      std::memcpy(k.scratch + to * k.channels, in + (r * b.size[1] + c) * k.reduction, channels);
    }
  return k.scratch;
}

void depthwise(const KernelCall& k) {
  const bool copied = k.scratch != nullptr;
  if (!copied) fill_padding(k);
  const uint8_t* const in = copied ? padded(k) : k.in;
  const int64_t in_pixel = copied ? k.channels : k.reduction;
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
            acc += int32_t{in[at * in_pixel + c]} * (*weights++ - zero);
          }
        const int64_t pixel = int64_t{row} * k.columns + column;
        put(k, pixel * k.reduction + c, requantise(r, static_cast<size_t>(c), acc));
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
            acc += input(k, ((rows.first + i * w.dh) * t.columns + columns.first + j * w.dw) * k.channels + c);
        k.out[(int64_t{y} * k.columns + x) * k.channels + c] = static_cast<uint8_t>(requantise(r, element, acc));
      }
    }
}

void table(const KernelCall& k) {
  for (int32_t i = 0; i < k.rows * k.columns * k.channels; ++i) k.out[i] = k.weights[k.in[i]];
}

void add(const KernelCall& k) {
  Requant r = *k.requant;
  r.m = {param(k, 0), param(k, 2)};
  r.B = {param(k, 1)};
  const int32_t rows = k.kernel->whole_tiles() ? 1 : k.columns;
  const int32_t channels = k.kernel->whole_tiles() ? k.rows * k.columns * k.channels : k.channels;
  for (int32_t row = 0; row < rows; ++row)
    for (int32_t c = 0; c < channels; ++c) {
      const int64_t at = int64_t{row} * channels + c;
      const int32_t first = k.weights == nullptr ? input(k, at) : k.weights[k.in[at]];
      put(k, at, requantised_sum(r, first, element(k.in2, k.kernel->in2_type, c)));
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
  const uint8_t* in = k.in;
  if (const size_t backwards = k.kernel->source_axes >> 6; backwards > 0) {
    const std::array<int32_t, 3> last{k.rows / repeat_rows, k.columns / repeat_columns, k.channels / repeat_channels};
    in += (last[backwards - 1] - 1) * jump[backwards - 1];
    jump[backwards - 1] = -jump[backwards - 1];
  }
  uint8_t* out = k.out;
  for (int32_t y = 0; y < k.rows; ++y)
    for (int32_t x = 0; x < k.columns; ++x)
      for (int32_t c = 0; c < k.channels; ++c) {
        const uint8_t v = in[y / repeat_rows * jump[0] + x / repeat_columns * jump[1] + c / repeat_channels * jump[2]];
        *out++ = k.weights ? k.weights[v] : v;
      }
}

void norm(const KernelCall& k) {
  NormTerms t;
  std::array<int32_t, norm_words> words;
  std::memcpy(words.data(), k.weights, sizeof words);
  t = {words[0],          words[1],
       k.kernel->centred, static_cast<uint8_t>(words[6]),
       words[2],          int64_t{words[4]} << 32 | static_cast<uint32_t>(words[3]),
       words[5],          static_cast<uint32_t>(words[7])};
  const Requant r = tile_requant(k, static_cast<size_t>(k.channels));
  const int32_t width = k.kernel->channel_bytes, lines = k.kernel->across ? k.columns : 1;
  for (int32_t line = 0; line < k.columns; line += lines)
    for (int32_t first = 0; first < k.channels; first += width) {
      const auto each = [&](auto&& f) {
        for (int32_t l = line; l < line + lines; ++l)
          for (int32_t c = first; c < first + width; ++c) f(l, c, input(k, int64_t{l} * k.channels + c));
      };
      int32_t sum = 0;
      int64_t squares = 0;
      each([&](int32_t, int32_t, int32_t a) {
        sum += a - t.zero;
        squares += int64_t{a - t.zero} * (a - t.zero);
      });
      const NormScale scale = norm_scale(t, sum, squares);
      each([&](int32_t l, int32_t c, int32_t a) { store(k, r, l, c, normalised(t, scale, a)); });
    }
}

void softmax(const KernelCall& k) {
  std::vector<uint16_t> table(softmax_entries(k.kernel->in_type == ElementType::s16));
  std::memcpy(table.data(), k.weights, 2 * table.size());
  std::array<int32_t, softmax_words> words{};
  std::memcpy(words.data(), k.params ? k.params : k.weights + 2 * table.size(), sizeof words);
  const SoftmaxTerms terms{static_cast<uint32_t>(words[0]), words[1], words[2], words[3]};
  const int32_t width = k.kernel->channel_bytes;
  const int64_t elements = int64_t{k.rows} * k.columns * k.channels;
  for (int64_t first = 0; first < elements; first += width) {
    int32_t top = input(k, first);
    for (int32_t c = 1; c < width; ++c) top = std::max(top, input(k, first + c));
    const auto exponential = [&](int32_t c) {
      return softmax_exponential(table, static_cast<uint32_t>(top - input(k, first + c)));
    };
    uint32_t sum = 0;
    for (int32_t c = 0; c < width; ++c) sum += exponential(c);
    const SoftmaxScale scale = softmax_scale(terms, sum);
    for (int32_t c = 0; c < width; ++c)
      put(k, first + c, std::clamp(softmax_output(scale, exponential(c)), k.requant->lo, k.requant->hi));
  }
}

void matmul(const KernelCall& k) {
  const Requant r = tile_requant(k, 1);
  const int32_t zero = param(k, 2), zero2 = param(k, 3), depth = k.reduction, columns = k.kernel->channel_bytes;
  const int32_t heads = k.channels / columns;
  const bool transposed = k.kernel->transposed;
  const int64_t second_rows = transposed ? columns : depth, second_row = heads * (transposed ? depth : columns);
  for (int64_t s = 0; s < k.rows; ++s)
    for (int64_t i = 0; i < k.columns; ++i)
      for (int32_t c = 0; c < k.channels; ++c) {
        const int32_t head = c / columns, j = c % columns;
        const uint8_t* a = k.in + (s * k.columns + i) * heads * depth + head * depth;
        const uint8_t* b = k.in2 + s * second_rows * second_row + (transposed ? j * second_row + head * depth : c);
        int32_t acc = 0;
        for (int64_t d = 0; d < depth; ++d) acc += (a[d] - zero) * (b[d * (transposed ? 1 : second_row)] - zero2);
        put(k, (s * k.columns + i) * k.channels + c, requantise(r, 0, acc));
      }
}

/// The constants of a tile of channels, as pack() lays them out.
ScanTerms scan_terms_of(const KernelCall& k) {
  const auto states = static_cast<size_t>(k.columns), channels = static_cast<size_t>(k.channels);
  ScanTerms t;
  t.states = k.columns;
  t.zero_x = param(k, 2), t.zero_b = param(k, 3), t.zero_c = param(k, 4);
  t.input_shift = param(k, 5), t.state_shift = param(k, 6);
  for (size_t i = 0; i < 256; ++i) {
    t.log_step.push_back(param(k, 8 + 2 * i));
    t.input.push_back(param(k, 9 + 2 * i));
  }
  for (size_t i = 0; i < 2 * scan_segments; ++i) t.decay.push_back(static_cast<uint32_t>(param(k, 520 + i)));
  std::vector<int32_t> record(states + 1);
  for (size_t d = 0; d < channels; ++d) {
    std::memcpy(record.data(), k.weights + d * 4 * (states + 1), 4 * (states + 1));
    t.log_rate.insert(t.log_rate.end(), record.begin(), record.end() - 1);
    t.skip.push_back(record[states]);
  }
  return t;
}

/// Number i of a row of 16-bit constants.
int32_t constant16(const uint8_t* row, int64_t i) { return element(row, ElementType::s16, i); }

void transform(const KernelCall& k) {
  const Requant r = tile_requant(k, static_cast<size_t>(k.channels));
  for (int32_t row = 0; row < k.columns; ++row)
    for (int32_t o = 0; o < k.channels; ++o) {
      const uint8_t* coefficients = k.weights + int64_t{o} * k.kernel->channel_bytes;
      int32_t acc = 0;
      for (int32_t n = 0; n < k.reduction; ++n)
        acc += k.in[int64_t{row} * k.reduction + n] * constant16(coefficients, n);
      put(k, int64_t{row} * k.channels + o, requantise(r, static_cast<size_t>(o), acc));
    }
}

void rotary(const KernelCall& k) {
  const Requant r = tile_requant(k, 1);
  const int32_t depth = k.kernel->channel_bytes, zero = param(k, 2);
  const bool neighbours = k.kernel->transposed;
  for (int32_t row = 0; row < k.columns; ++row) {
    const uint8_t* factors = k.weights + int64_t{row} * 2 * depth;
    for (int32_t head = 0; head < k.channels; head += depth)
      for (int32_t i = 0; i < depth / 2; ++i) {
        const int64_t at = int64_t{row} * k.channels + head + (neighbours ? 2 * i : i);
        const int64_t partner = at + (neighbours ? 1 : depth / 2);
        const int32_t a = k.in[at] - zero, b = k.in[partner] - zero;
        const int32_t cosine = constant16(factors, 2 * i), sine = constant16(factors, 2 * i + 1);
        put(k, at, requantise(r, 0, a * cosine - b * sine));
        put(k, partner, requantise(r, 0, b * cosine + a * sine));
      }
  }
}

void lookup(const KernelCall& k) {
  for (int32_t row = 0; row < k.columns; ++row)
    std::memcpy(k.out + int64_t{row} * k.channels, k.weights + int64_t{input(k, row)} * k.channels,
                static_cast<size_t>(k.channels));
}

void scan(const KernelCall& k) {
  const ScanTerms t = scan_terms_of(k);
  const Requant r = tile_requant(k, 1);
  const auto states = static_cast<size_t>(k.columns), channels = static_cast<size_t>(k.channels);
  if (k.first_step) std::fill_n(k.accumulators, channels * states, 0);
  for (int32_t step = 0; step < k.reduction; ++step) {
    const uint8_t* b = k.in3 + step * 2 * k.columns;
    for (size_t d = 0; d < channels; ++d) {
      const int64_t at = int64_t{step} * k.channels + static_cast<int64_t>(d);
      const int32_t acc = scan_step(t, d, k.in[at], k.in2[at], {b, states}, {b + states, states},
                                    {k.accumulators + d * states, states});
      put(k, at, requantise(r, 0, acc));
    }
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
    case KernelKind::norm:
      return norm(call);
    case KernelKind::softmax:
      return softmax(call);
    case KernelKind::matmul:
      return matmul(call);
    case KernelKind::scan:
      return scan(call);
    case KernelKind::transform:
      return transform(call);
    case KernelKind::rotary:
      return rotary(call);
    case KernelKind::lookup:
      return lookup(call);
    default:
      assert(false && "no such kernel in the interpreter");
  }
}

}  // namespace ares
