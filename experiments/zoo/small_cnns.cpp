// Small convolutional networks on 28 x 28 pictures: one purpose each.
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

constexpr PoolSpec kHalf{.kernel = {2, 2}, .stride = {2, 2}};

Value picture(ModelBuilder& b, int64_t side = 28) {
  return b.quant("input_quant", b.input("input", {1, 1, side, side}));
}

ConvSpec square(int64_t out, int64_t kernel, int64_t pad, int64_t stride = 1) {
  return {.out = out, .kernel = {kernel, kernel}, .stride = {stride, stride}, .pads = same(pad)};
}

/// Convolution, ReLU, max pool, quantiser: modules convI, reluI, poolI, poolI_quant.
Value conv_pool(ModelBuilder& b, const std::string& i, const Value& x, const ConvSpec& conv) {
  const Value y = b.relu("relu" + i, b.conv("conv" + i, x, conv));
  return b.quant("pool" + i + "_quant", b.max_pool("pool" + i, y, kHalf));
}

/// Convolution, ReLU, quantiser.
Value conv_quant(ModelBuilder& b, const std::string& i, const Value& x, const ConvSpec& conv) {
  return b.quant("conv" + i + "_quant", b.relu("relu" + i, b.conv("conv" + i, x, conv)));
}

ModelGraph classify(ModelBuilder& b, const Value& flat, int64_t classes = 10) {
  const Value x = b.quant("classifier_quant", flat);
  return b.finish({b.linear("classifier", x, {.out = classes})});
}

ModelGraph pool_and_classify(ModelBuilder& b, const Value& x) {
  const Value pooled = b.quant("gap_quant", b.global_average_pool("gap", x));
  return b.finish({b.linear("classifier", b.flatten(pooled), {.out = 10})});
}

ModelGraph simple_cnn(ModelBuilder& b) {
  Value x = conv_pool(b, "1", picture(b), square(16, 3, 1));
  x = conv_pool(b, "2", x, square(32, 3, 1));
  return classify(b, b.flatten(x));
}

ModelGraph tiny_cnn(ModelBuilder& b) { return classify(b, b.flatten(conv_pool(b, "1", picture(b), square(8, 5, 2)))); }

ModelGraph densenet_basic(ModelBuilder& b) {
  const Value x1 = conv_quant(b, "1", picture(b), square(8, 3, 1));
  const Value x2 = conv_quant(b, "2", x1, square(8, 3, 1));
  Value x = b.quant("concat_quant", b.concat("", b.quant_shared("parts_quant", {x1, x2})));
  x = b.quant("avgpool_quant", b.average_pool("avgpool", x, kHalf));
  x = conv_quant(b, "3", x, square(16, 3, 1));
  x = b.quant("maxpool_quant", b.max_pool("maxpool", x, kHalf));
  return classify(b, b.flatten(x));
}

ModelGraph multi_tile_cnn(ModelBuilder& b) {
  Value x = conv_pool(b, "1", picture(b, 96), square(8, 3, 1));
  x = conv_pool(b, "2", x, square(16, 3, 1));
  x = conv_pool(b, "3", x, square(24, 3, 1));
  x = b.quant("pool4_quant", b.max_pool("pool4", x, kHalf));
  return classify(b, b.flatten(x));
}

ModelGraph bottleneck(ModelBuilder& b) {
  Value x = b.relu("relu1", b.conv("conv1", picture(b), square(32, 3, 1)));
  x = b.max_pool("pool1", x, kHalf);
  x = b.relu("relu2", b.conv("conv2", x, square(64, 1, 0)));
  x = b.relu("relu3", b.conv("conv3", x, square(32, 1, 0)));
  return pool_and_classify(b, b.max_pool("pool2", x, kHalf));
}

ModelGraph strided(ModelBuilder& b) {
  Value x = conv_quant(b, "1", picture(b), square(16, 3, 1));
  x = conv_quant(b, "2", x, square(32, 3, 1, 2));
  x = conv_quant(b, "3", x, square(32, 3, 1));
  x = conv_quant(b, "4", x, square(16, 3, 1, 2));
  return pool_and_classify(b, x);
}

ModelGraph paddings(ModelBuilder& b) {
  Value x = conv_quant(b, "1", picture(b), square(16, 3, 0));
  x = conv_quant(b, "2", x, square(32, 3, 1));
  x = conv_quant(b, "3", x, square(32, 5, 2));
  x = b.quant("pool_quant", b.max_pool("pool", x, kHalf));
  x = conv_quant(b, "4", x, square(16, 3, 0));
  return pool_and_classify(b, x);
}

/// An im2col row of 147 elements, no multiple of 4.
ModelGraph remainder(ModelBuilder& b) {
  Value x = conv_quant(b, "1", picture(b), square(3, 1, 0));
  x = conv_quant(b, "2", x, square(32, 7, 3, 2));
  return pool_and_classify(b, x);
}

const Network kNetworks[] = {
    {"simplecnn", 1, "two convolutions and a linear layer", simple_cnn},
    {"tinycnn", 2, "one 5x5 convolution and a linear layer", tiny_cnn},
    {"densenet_basic", 5, "two branches joined by channel", densenet_basic},
    {"multitilecnn", 6, "96x96 pictures, many tiles", multi_tile_cnn},
    {"bottleneck", 7, "1x1 convolutions out and in", bottleneck},
    {"stride2", 8, "strided convolutions", strided},
    {"padding", 9, "convolutions with and without padding", paddings},
    {"conv2d_remainder", 28, "a 7x7 convolution of 3 channels", remainder},
};

}  // namespace

std::span<const Network> small_cnns() { return kNetworks; }

}  // namespace ares::zoo
