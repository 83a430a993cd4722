// The reference engine against recorded integers, tensor by tensor.
//
// Every tensor is judged twice: as the network computes it from its input, and with every layer reading the recorded
// integers of its inputs. The first says how the results differ, the second which layer is to blame: steps that a layer
// inherits do not count there.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/compare/recorded.hpp"
#include "core/reference/engine.hpp"

namespace ares {

struct Difference {
  int64_t differing = 0;  ///< elements
  int64_t largest = 0;    ///< steps
  std::size_t first = 0;  ///< index in the model's row-major order of the first element that differs
  int32_t here = 0, there = 0;
};

struct TensorComparison {
  std::string tensor;
  std::string layer, node;  ///< which compute it; empty for an input of the network
  std::vector<int64_t> shape;
  int64_t elements = 0;
  Difference whole;  ///< the network from its input on
  Difference alone;  ///< the layer alone, on recorded inputs
};

struct SampleComparison {
  std::vector<TensorComparison> tensors;  ///< in execution order
  std::vector<std::string> absent;        ///< recorded, but not a tensor of the network
};

/// `inputs`: one sample as quantise_input() gives it, in the order of g.inputs. Fails where a recorded tensor has
/// another size, scale or zero point than the network's tensor of that name, or none has a name of the network.
Result<SampleComparison> compare(const LayerGraph& g, std::span<const TensorData> inputs, const Record& record);

/// Whether a layer's own differences are as few and as small as those of floating-point rounding: at most one element
/// or 0.5 % of a tensor, by at most one step, and at most 0.1 % over all tensors.
struct Verdict {
  int64_t elements = 0, differing = 0;          ///< over all tensors, each layer alone
  const TensorComparison* first = nullptr;      ///< the first tensor that differs at all, or null
  const TensorComparison* first_bad = nullptr;  ///< the first that is beyond the bound for one tensor, or null
  bool passes = false;
};
Verdict judge(const SampleComparison& comparison);

}  // namespace ares
