// Tensors and layers of the integer network, apart from the graph that connects them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/arithmetic/norm.hpp"
#include "core/arithmetic/requant.hpp"
#include "core/arithmetic/scan.hpp"
#include "core/arithmetic/softmax.hpp"

namespace ares {

/// u8: stored activations; s16, s32: inner tensors and logits.
enum class ElementType : uint8_t { u8, s16, s32 };

inline int element_bytes(ElementType t) { return t == ElementType::u8 ? 1 : t == ElementType::s16 ? 2 : 4; }

/// real = (stored - zero_point) * scale; QONNX's q = stored - (is_signed ? 128 : 0) for u8, the value itself otherwise.
struct Quantisation {
  double scale = 1;
  int zero_point = 0;    ///< in stored values
  int lo = 0, hi = 255;  ///< clip range in stored values
  bool is_signed = false;
  int bits = 8;
};

/// Device shape of one sample, channels innermost. Linear layers: w tokens of c features, h = 1. Flattened: h = w = 1.
struct Dims {
  int32_t h = 1, w = 1, c = 1;
  int64_t count() const { return int64_t{h} * w * c; }
  friend bool operator==(const Dims&, const Dims&) = default;
};

/// How the model sees a tensor: its shape (batch axis of 1 included) and, for each element in the model's row-major
/// order, its offset in device order. An empty order means both orders agree.
struct ModelView {
  std::vector<int64_t> shape;
  std::vector<int32_t> order;
};

using TensorId = int32_t;
using LayerId = std::size_t;

struct LayerGraph;

struct Tensor {
  std::string name;  ///< the model's name of it
  ElementType type = ElementType::u8;
  Dims dims;
  Quantisation q;
  std::vector<double> channel_scale;  ///< s32 outputs whose scale differs per channel; else empty and q.scale holds
  ModelView view;
  std::vector<uint8_t> constant = {};  ///< its elements in device order, low byte first, where the model fixes them
};

inline bool is_constant(const Tensor& t) { return !t.constant.empty(); }

/// Kernel window of a convolution or pool, in rows (h) and columns (w); pads are top, left, bottom, right.
struct Window {
  int16_t kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, pt = 0, pl = 0, pb = 0, pr = 0;
  friend bool operator==(const Window&, const Window&) = default;
};

/// Positions of a window that lie inside one axis of `extent` when its first one is at `start`.
inline int taps_inside(int start, int kernel, int dilation, int extent) {
  const int first = start < 0 ? (-start + dilation - 1) / dilation : 0;
  const int last = extent - 1 < start ? -1 : (extent - 1 - start) / dilation;
  return std::max(0, std::min(last, kernel - 1) - first + 1);
}

inline bool is_padded(const Window& w) { return w.pt || w.pl || w.pb || w.pr; }

/// Convolution or linear layer. Padding contributes the input's zero point.
struct Weighted {
  bool linear = false;  ///< window is 1x1 and the positions are tokens
  Window window;
  int groups = 1;
  int weight_bits = 8;
  std::vector<int8_t> weights;       ///< [c_out][kh][kw][c_in / groups]
  std::vector<int32_t> weight_zero;  ///< z_w per output channel; empty: 0
  std::vector<double> weight_scale;  ///< per output channel
  std::vector<double> bias;          ///< real values per output channel; empty: none
  bool bias_quantised = false;
  Requant requant;  ///< filled by the pass `requantise`
};

struct MaxPool {
  Window window;
};

/// Elements that the requantisation of an average pool has.
inline std::size_t requant_elements(const Window& w) {
  return is_padded(w) ? std::size_t(w.kh) * std::size_t(w.kw) : 1;
}

/// Positions up to which a padded average pool may go: its constants take 8 bytes each in L1.
inline constexpr std::size_t kMaxPaddedWindow = 1024;

/// Sum of the stored values inside the window, requantised by how many there are: element n - 1 for n positions, one
/// element without padding. The input may be s16 where nothing is padded.
struct AveragePool {
  Window window;
  bool counts_padding = false;  ///< padding takes part as real zeros: the divisor is kh * kw everywhere
  Requant requant;              ///< filled by the pass `requantise`
};

/// y = map[x], a unary function or a change of scale.
struct Table {
  std::array<uint8_t, 256> map{};
};

/// y = a + b of two inputs of equal dims, each at its own scale (a - b where the sign is in the second multiplier):
/// clip((a * m[0] + b * m[1] + B[0]) >> S). The second input may be {1, 1, c}: the same at every position. Inputs and
/// output are u8 or s16, each as its tensor says.
struct Add {
  bool subtract = false;
  Requant requant;  ///< filled by the pass `requantise`; always narrow
};

/// y = a * b, element by element, with acc = (a - z_a) * (b - z_b). The second input may be {1, 1, c}.
struct Multiply {
  Requant requant;  ///< filled by the pass `requantise`
};

/// One axis of a box that is moved: source elements first, first + step, ..., `count` of them, each written `repeat`
/// times in a row, from position `to` of the output on. A negative step runs backwards, inside the input. Source
/// positions outside the tensor read the piece's fill.
struct MovedAxis {
  int32_t first = 0, count = 1, to = 0;
  int16_t step = 1, repeat = 1;
  friend bool operator==(const MovedAxis&, const MovedAxis&) = default;
};

/// Axes of the output, rows, columns, channels; output axis i is filled along axis source[i] of the input.
struct Movement {
  std::array<MovedAxis, 3> axes;
  std::array<uint8_t, 3> source{0, 1, 2};
  friend bool operator==(const Movement&, const Movement&) = default;
};

/// Part of a Rearrange.
struct Piece {
  int32_t input = 0;  ///< which of the layer's inputs
  Movement movement;
  uint8_t fill = 0;          ///< stored input value of positions outside the input
  std::vector<uint8_t> map;  ///< 256 bytes, stored input to stored output; empty: as it is
};

/// Moves data without computing: concat, split, slice, pad, nearest resize, transpose. The pieces' boxes cover the
/// output exactly once.
struct Rearrange {
  std::vector<Piece> pieces;
  bool flat = false;  ///< pieces see every tensor as one row of bytes, {1, 1, count}
};

/// How the pieces of a rearrangement see a tensor of these dims.
inline Dims seen_by(const Rearrange& op, const Dims& dims) {
  return op.flat ? Dims{1, 1, static_cast<int32_t>(dims.count())} : dims;
}

/// y = f(x) of a signed 16-bit tensor, by straight segments (core/arithmetic/curve.hpp).
struct Curve {
  std::vector<int32_t> points;  ///< 513, in 2^-12 output steps
  int lo = 0, hi = 255;         ///< clip range of the output in stored values
};

/// Layer, RMS or group normalisation of a u8 or s16 tensor to u8 or s16 (core/arithmetic/norm.hpp). A set is the c /
/// groups neighbouring channels of one position, or of all positions of the tensor.
struct Norm {
  bool centred = true;   ///< false: RMS, no mean is taken off
  bool across = false;   ///< a set spans all positions
  int32_t channels = 1;  ///< neighbouring elements of a position
  int32_t groups = 1;
  double epsilon = 1e-5;
  std::vector<double> gain, bias;  ///< per channel; empty: 1 and 0
  NormTerms terms;                 ///< these two are filled by the pass `requantise`
  Requant requant;                 ///< per channel, of normalised values
};

/// Softmax over rows of `columns` neighbouring elements of a u8 or s16 tensor to u8 (core/arithmetic/softmax.hpp).
struct Softmax {
  int32_t columns = 1;
  std::vector<uint16_t> table;  ///< these three are filled by the pass `requantise`
  SoftmaxTerms terms;
  Requant requant;  ///< the clip range; no elements
};

/// Product of two u8 tensors, the heads side by side in a row. In each of `batch` sequences and each head
///   y[i][j] = requantise(sum over k of (a[i][k] - z_a) * (b[k][j] - z_b))
/// a: {batch, rows, heads * depth}; b: {batch, depth, heads * columns}, or {batch, columns, heads * depth} where it is
/// transposed; y: {batch, rows, heads * columns}, u8 or s16.
struct MatMul {
  int32_t batch = 1, rows = 1, heads = 1, depth = 1, columns = 1;
  bool transposed = false;
  double factor = 1;  ///< that the model multiplies the product by, as 1 / sqrt(depth)
  Requant requant;    ///< one element, filled by the pass `requantise`
};

/// Selective scan of a state-space model along the tokens (core/arithmetic/scan.hpp). Inputs, all u8: x and delta, {1,
/// steps, channels} each, and rows of which `states` elements from `offset` on are B and as many behind them C, {1,
/// steps, ..}. Output {1, steps, channels}, u8.
struct Scan {
  int32_t steps = 1, channels = 1, states = 1;
  int32_t offset = 0;         ///< of B in a row of the third input; C follows
  bool softplus = true;       ///< of delta is the step; else delta itself, 0 where it is negative
  std::vector<double> rates;  ///< A, [channels][states], negative
  std::vector<double> skip;   ///< D per channel; empty: 0
  ScanTerms terms;            ///< these two are filled by the pass `requantise`
  Requant requant;            ///< one element
};

/// Rows of a u8 tensor times a fixed matrix of 16-bit coefficients (core/arithmetic/transform.hpp), as a Fourier
/// transform: y[t][o] = requantise(sum over n of a[t][n] * coefficients[o][n]). {1, rows, columns} to {1, rows,
/// outputs}, u8.
struct Transform {
  int32_t columns = 1, outputs = 1;
  double scale = 1;                   ///< real value of a coefficient of 1
  std::vector<int16_t> coefficients;  ///< [outputs][columns]
  Requant requant;                    ///< per output, filled by the pass `requantise`
};

/// Pairs of elements of each head of each row turned by angles of their own (core/arithmetic/rotary.hpp): {1, rows,
/// heads * depth} to the same, u8. A pair is element i of a head's first half and of its second; neighbours where it is
/// interleaved.
struct Rotary {
  int32_t rows = 1, heads = 1, depth = 2;
  bool interleaved = false;
  double scale = 1;              ///< real value of a factor of 1
  std::vector<int16_t> factors;  ///< [rows][depth / 2] of cosine and sine
  Requant requant;               ///< one element, filled by the pass `requantise`
};

/// Rows of a table of stored values, picked by a tensor of their numbers, u8 or s16: {1, count, 1} to {1, count,
/// columns}.
struct Lookup {
  int32_t rows = 1, columns = 1;
  std::vector<uint8_t> table;  ///< [rows][columns]
};

using Operation = std::variant<Weighted, MaxPool, Table, AveragePool, Add, Multiply, Rearrange, Curve, Norm, Softmax,
                               MatMul, Scan, Transform, Rotary, Lookup>;

/// The requantisation of an operation, or null.
const Requant* requant_of(const Operation& op);

struct Layer {
  std::string name;        ///< unique, only A-Za-z0-9_ (and '.' and '-' left out): usable as a C identifier's tail
  std::string model_node;  ///< the QONNX node it stems from
  Operation op;
  std::vector<TensorId> inputs;
  TensorId output = -1;
};

}  // namespace ares
