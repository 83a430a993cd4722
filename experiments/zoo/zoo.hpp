// The reference networks: what studies, tests and benchmarks run on.
#pragma once

#include <span>
#include <string_view>

#include "core/builder/blocks.hpp"

namespace ares::zoo {

using namespace builder;  // every file of the zoo is written in its words

struct Network {
  std::string_view name;     ///< as ares-zoo takes it
  int number = 0;            ///< among the reference networks; 0: none of them
  std::string_view summary;  ///< a few words
  ModelGraph (*build)(ModelBuilder& b) = nullptr;
};

/// All of them, reference networks first, by number.
std::span<const Network> networks();

/// The network of that name, or null; also a collection of layers, which networks() leaves out.
const Network* find_network(std::string_view name);

/// The model with seeded weights and scales calibrated on `samples` seeded inputs.
ModelGraph build(const Network& network, const BuildOptions& options = {});

/// The model's inputs and what it gives for them, with a leading batch axis, in the model's order.
struct Samples {
  std::vector<std::vector<float>> inputs, outputs;
  std::vector<Shape> input_shapes, output_shapes;
};

/// `count` seeded inputs, uniform in -1..1, and their evaluation in real numbers.
Samples make_samples(const ModelGraph& model, int count, uint64_t seed);

// One list for each file.
std::span<const Network> small_cnns();
std::span<const Network> mlps();
std::span<const Network> residual_networks();
std::span<const Network> depthwise_networks();
std::span<const Network> sensor_networks();
std::span<const Network> tutorial_networks();
std::span<const Network> mlperf_tiny();
std::span<const Network> mobilenets();
std::span<const Network> transformers();
std::span<const Network> state_space_models();
std::span<const Network> luna_networks();
std::span<const Network> layer_collections();

}  // namespace ares::zoo
