#include <doctest/doctest.h>

#include "core/import/lowering.hpp"

using ares::qonnx::layer_name;

TEST_CASE("import: layer names are the module path, sanitised and unique") {
  CHECK(layer_name("/conv1/Conv", {}) == "conv1");
  CHECK(layer_name("/classifier/Gemm", {}) == "classifier");
  CHECK(layer_name("/features/features.0/conv/Conv_1", {}) == "features_features_0_conv");
  CHECK(layer_name("/pool1_quant/act_quant/export_handler/Quant", {}) == "pool1_quant");
  CHECK(layer_name("/relu1/act_quant/activation_impl/Relu", {}) == "relu1");
  CHECK(layer_name("Conv_3", {}) == "Conv_3");
  CHECK(layer_name("Conv#3", {}) == "Conv_3");
  CHECK(layer_name("/MaxPool", {}) == "MaxPool");
  CHECK(layer_name("//", {}) == "layer");
  CHECK(layer_name("\xc3\xa4/Conv", {}) == "layer");
  CHECK(layer_name("/conv1/Conv", {"conv1"}) == "conv1_Conv");
  CHECK(layer_name("/conv1/Conv", {"conv1", "conv1_Conv"}) == "conv1_2");
}
