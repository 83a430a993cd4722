// Random small QONNX models: layers, shapes, strides, pads, scales and bit widths that no network has, for properties
// that hold for all of them.
#pragma once

#include <span>
#include <string>

#include "core/builder/model_builder.hpp"

namespace ares::test {

/// What a model is made of. Each takes a quantised tensor and leaves one.
enum class Step {
  conv,
  depthwise,
  grouped_conv,
  conv_pair,
  conv_1d,
  linear,
  max_pool,
  average_pool,
  truncated_average_pool,
  global_average_pool,
  requantise,
  function,
  curve,
  add,
  multiply,
  concat,
  split,
  slice,
  pad,
  upsample,
  transpose,
};

const char* name_of(Step step);

/// Everything that the importer takes on any tensor. A new operator of the importer: its line here.
inline constexpr Step kImportedSteps[] = {
    Step::conv,
    Step::depthwise,
    Step::grouped_conv,
    Step::conv_pair,
    Step::conv_1d,
    Step::linear,
    Step::max_pool,
    Step::average_pool,
    Step::truncated_average_pool,
    Step::global_average_pool,
    Step::requantise,
    Step::function,
    Step::curve,
    Step::add,
    Step::multiply,
    Step::concat,
    Step::split,
    Step::slice,
    Step::pad,
    Step::upsample,
    Step::transpose,
};

struct RandomModel {
  qonnx::ModelGraph model;
  std::string steps;  ///< what it consists of, for messages
};

/// One to six of `allowed` on an input of at most a few hundred elements; the same for the same seed. `parts`: so many
/// of them side by side, each with its input and output.
RandomModel random_model(uint64_t seed, std::span<const Step> allowed, int parts = 1);

/// A seeded sample of the model's inputs, beyond the range that the scales were fitted to now and then.
qonnx::Evaluation::Tensors random_sample(uint64_t seed, const qonnx::ModelGraph& model);

}  // namespace ares::test
