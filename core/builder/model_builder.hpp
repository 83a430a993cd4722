// Builds QONNX models as Brevitas 0.12 exports them, with seeded weights and calibrated scales.
//
//     ModelBuilder b("tiny", {.seed = 7});
//     Value x = b.quant("input_quant", b.input("input", {1, 1, 28, 28}));
//     x = b.relu("relu1", b.conv("conv1", x, {.out = 16, .kernel = {3, 3}, .pads = same(1)}));
//     x = b.linear("classifier", b.flatten(b.max_pool("pool", x, {.kernel = {2, 2}, .stride = {2, 2}})), {.out = 10});
//     qonnx::ModelGraph model = b.finish({x});
//
// Every call adds nodes and evaluates them at once on seeded calibration samples (core/evaluate), so a quantiser knows
// the range it has to cover. `path` is the module path as in PyTorch ("block1.conv2"): nodes become
// "/block1/conv2/Conv", parameters "block1.conv2.weight". A network that cannot be built is a mistake in the program
// that builds it: std::logic_error names the node.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/builder/draws.hpp"
#include "core/evaluate/evaluate.hpp"

namespace ares::builder {

using qonnx::Array;
using qonnx::Attribute;
using qonnx::ModelGraph;
using qonnx::Shape;

/// The domain of Quant and its kind.
inline constexpr const char* kQonnxDomain = "qonnx.custom_op.general";

/// The domain of SelectiveScan.
inline constexpr const char* kAresDomain = "ares";

/// A tensor of the model under construction.
struct Value {
  std::string name;
  Shape shape;
};

struct BuildOptions {
  uint64_t seed = 1;
  int samples = 2;  ///< calibration samples
};

/// A quantiser of activations. Without a scale it covers the values of the calibration samples.
struct QuantSpec {
  int bits = 8;
  bool is_signed = true;
  bool narrow = false;
  bool asymmetric = false;              ///< unsigned with a zero point, as ShiftedUint8ActPerTensorFloat
  bool power_of_two = false;            ///< the scale is rounded up to one
  std::string_view rounding = "ROUND";  ///< FLOOR, CEIL, ROUND_TO_ZERO: QONNX's names
  double range = 1;                     ///< how much of the samples' range it covers; below 1 it saturates
  std::optional<double> scale{};
};

/// Of QuantReLU.
inline constexpr QuantSpec kUnsigned{.is_signed = false};

struct WeightSpec {
  int bits = 8;  ///< 1: bipolar, -scale or +scale
  bool per_channel = false;
  bool asymmetric = false;  ///< unsigned with a zero point, as ShiftedUint8WeightPerTensorFloat
  bool power_of_two = false;
};

/// none: no bias; quantised: 32 bits at the scale of input times weights, as Int32Bias.
enum class Bias { real, none, quantised };

using Pair = std::array<int64_t, 2>;  ///< rows, columns
using Pads = std::array<int64_t, 4>;  ///< top, left, bottom, right

constexpr Pads same(int64_t pad) { return {pad, pad, pad, pad}; }

struct ConvSpec {
  int64_t out = 1;
  Pair kernel{1, 1}, stride{1, 1}, dilation{1, 1};
  Pads pads{};
  int64_t groups = 1;
  Bias bias = Bias::real;
  WeightSpec weights{};
};

struct LinearSpec {
  int64_t out = 1;
  Bias bias = Bias::real;
  WeightSpec weights{};
};

struct PoolSpec {
  Pair kernel{2, 2}, stride{2, 2};
  Pads pads{};
  bool ceil = false;
  bool count_pads = true;  ///< averages only, PyTorch's count_include_pad
};

class ModelBuilder {
 public:
  explicit ModelBuilder(std::string name, const BuildOptions& options = {});

  /// A float input; its calibration samples are uniform in -1..1.
  Value input(const std::string& name, Shape shape);

  // Quantisers (quantisers.cpp).
  /// QuantIdentity.
  Value quant(const std::string& path, const Value& x, const QuantSpec& spec = {});
  /// One quantiser used on several values: a Quant for each, all with the scale that covers all.
  std::vector<Value> quant_shared(const std::string& path, const std::vector<Value>& values,
                                  const QuantSpec& spec = {});
  /// QuantReLU: Relu and an unsigned Quant.
  Value relu(const std::string& path, const Value& x, const QuantSpec& spec = kUnsigned);

  // Layers with weights (weighted.cpp).
  Value conv(const std::string& path, const Value& x, const ConvSpec& spec);
  /// Gemm on a matrix with a bias, otherwise Transpose, MatMul and Add, as PyTorch writes them.
  Value linear(const std::string& path, const Value& x, const LinearSpec& spec);
  /// Statistics of the calibration samples, seeded gain and shift.
  Value batch_norm(const std::string& path, const Value& x);

  // Pools (pools.cpp).
  Value max_pool(const std::string& path, const Value& x, const PoolSpec& spec = {});
  /// Where padding counts, a Pad and an AveragePool, as PyTorch writes AvgPool2d.
  Value average_pool(const std::string& path, const Value& x, const PoolSpec& spec = {});
  Value global_average_pool(const std::string& path, const Value& x);
  /// TruncAvgPool2d: the sum of the window's integers, low bits dropped (AveragePool, Mul, Trunc of 5 inputs). `x` is
  /// what a quantiser without zero point gave.
  Value truncated_average_pool(const std::string& path, const Value& x, const PoolSpec& spec = {});

  // Functions of activations (functions.cpp). `path` is the module's; "" for what the model calls itself.
  Value add(const std::string& path, const Value& a, const Value& b);
  Value mul(const std::string& path, const Value& a, const Value& b);
  Value matmul(const std::string& path, const Value& a, const Value& b);
  /// Relu, Sigmoid, Tanh, HardSwish, Erf, ...: an operator of one input by its name.
  Value function(const std::string& op, const std::string& path, const Value& x,
                 std::map<std::string, Attribute> attributes = {});
  Value leaky_relu(const std::string& path, const Value& x, double slope);
  Value clip(const std::string& path, const Value& x, double low, double high);  ///< ReLU6 is 0..6
  Value silu(const std::string& path, const Value& x);                           ///< Sigmoid, Mul
  Value gelu(const std::string& path, const Value& x);                           ///< Div, Erf, Add, Mul, Mul
  Value softmax(const std::string& path, const Value& x, int64_t axis = -1);

  // Layout (layout.cpp).
  Value concat(const std::string& path, const std::vector<Value>& values, int64_t axis = 1);
  std::vector<Value> split(const std::string& path, const Value& x, const std::vector<int64_t>& sizes,
                           int64_t axis = 1);
  Value slice(const std::string& path, const Value& x, int64_t axis, int64_t start, int64_t end, int64_t step = 1);
  /// Zeros around an image.
  Value pad(const std::string& path, const Value& x, const Pads& pads);
  /// Nearest neighbours, a whole number of times as large.
  Value upsample(const std::string& path, const Value& x, int64_t factor);
  Value flatten(const Value& x, const std::string& path = "");
  /// x.view(x.size(0), -1): a Reshape whose shape is computed in the graph.
  Value view_flat(const Value& x, const std::string& path = "");
  Value reshape(const std::string& path, const Value& x, Shape shape);
  Value transpose(const std::string& path, const Value& x, std::vector<int64_t> axes);
  /// The mean over an axis, which goes away.
  Value mean(const std::string& path, const Value& x, int64_t axis);

  // What the layers are made of, for operators that have none.
  /// Adds a node "/path/Op" and evaluates it. `inputs` are names of tensors.
  std::vector<Value> node(const std::string& op, const std::string& path, std::vector<std::string> inputs,
                          std::map<std::string, Attribute> attributes = {}, std::size_t outputs = 1,
                          const std::string& domain = "");
  /// A parameter or constant by its name in the file.
  std::string constant(const std::string& name, Array array);
  /// A float32 constant without axes; equal ones are one initialiser, as in exports.
  std::string scalar(const std::string& name, double value);

  /// The values of a tensor, one for each calibration sample.
  const std::vector<qonnx::RealTensor>& samples(const std::string& name) const;
  Draws& draws() { return draws_; }

  /// The model: output i is renamed to "output" (or "output_i" where there are several); shapes of all tensors are
  /// filled.
  ModelGraph finish(const std::vector<Value>& outputs);

 private:
  struct Parameters {
    std::string scale, zero_point, bits;
    std::string_view rounding = "ROUND";
  };
  Value quant_node(const std::string& handler, const std::string& source, const Parameters& p, bool is_signed,
                   bool narrow);
  Parameters activation_parameters(const std::string& handler, const std::vector<Value>& values, const QuantSpec& spec);
  std::string weights(const std::string& path, Shape shape, const WeightSpec& spec);
  std::string bias(const std::string& path, const Value& x, const std::string& weight, int64_t count, Bias kind);
  Value only(std::vector<Value> values) { return std::move(values.front()); }
  std::string unique(const std::string& base);
  const qonnx::RealTensor& constant_value(const std::string& name);
  /// The Quant that gave a tensor, at most moved about since.
  const qonnx::Node& quant_of(const std::string& tensor) const;
  double scale_of(const std::string& tensor) const;

  ModelGraph model_;
  BuildOptions options_;
  Draws draws_;
  std::map<std::string, std::vector<qonnx::RealTensor>> values_;  ///< one tensor where all samples share it
  std::map<std::string, std::string> shared_;                     ///< scalar constants by their value
  std::map<std::string, int> names_;                              ///< how often a node's name was wanted
};

}  // namespace ares::builder
