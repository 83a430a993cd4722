// The integer network: what every later part of ARES works on.
//
// The importer and its passes turn a QONNX file into a LayerGraph of integer layers. Vertices are layers, an edge
// carries the tensor that its source layer produces. Reshape, Flatten and Transpose are gone: a tensor has one device
// layout (HWC, or tokens x features) and remembers in its view how the model saw it.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/base/result.hpp"
#include "core/ir/layer.hpp"

namespace ares {

namespace qonnx {
struct ModelGraph;
}

/// Float nodes of the model with one input and one output, which the host computes; null: none.
using HostGraph = std::shared_ptr<const qonnx::ModelGraph>;

/// A model input: the host quantises the float values into `tensor` (round half to even). `view` has the model input's
/// own shape and, for each element of what is quantised (the input itself, or what `host` makes of it), its offset in
/// device order.
struct NetworkInput {
  std::string name;
  TensorId tensor = -1;
  ModelView view = {};
  HostGraph host = nullptr;
};

/// A model output; `view` is how the model sees `tensor` where the integer layers end: its shape and order differ from
/// the tensor's where the model reshapes it last. `host` makes the output of its real values.
struct NetworkOutput {
  std::string name;
  TensorId tensor = -1;
  ModelView view = {};
  HostGraph host = nullptr;
};

/// The model's shape of the output for one sample.
std::vector<int64_t> output_shape(const NetworkOutput& output);

/// What flows along an edge of the graph.
struct Flow {
  TensorId tensor = -1;
};

using LayerDag = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, Layer, Flow>;
static_assert(std::is_same_v<LayerId, LayerDag::vertex_descriptor>);

struct LayerGraph {
  std::string name;  ///< of the model, from its file
  LayerDag dag;
  std::vector<Tensor> tensors;
  std::vector<NetworkInput> inputs;
  std::vector<NetworkOutput> outputs;
  RequantPolicy policy = RequantPolicy::fast;
};

/// Layers in execution order (topological; ties by id, so the order is the same on every run).
std::vector<LayerId> execution_order(const LayerGraph& g);

/// Multiply-accumulates of one layer (weights x positions), 0 for layers without weights.
int64_t macs(const LayerGraph& g, LayerId layer);

/// The dims in which a layer reads its input: a linear layer reads {1, tokens, features} where the tensor itself may
/// have been produced as h x w x c (a Flatten between them); every other layer reads the tensor's own.
Dims input_dims(const LayerGraph& g, LayerId layer, std::size_t input = 0);

/// Checks what every part relies on: ids in range, sizes that agree, edges that match inputs, no cycle. The error names
/// the layer or tensor. Graphs read from files go through it.
Result<void> validate(const LayerGraph& g);

}  // namespace ares
