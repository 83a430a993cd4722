// What the convolution engine NE16 can do by itself, and how its constants are packed.
//
// It computes 3x3 and 1x1 convolutions of stride 1 or 2, depthwise ones of 3x3 and linear layers, of unsigned 8-bit
// inputs with weights of 2 to 8 bits, stored unsigned less one offset per layer, and requantises: acc * scale + bias,
// no less than 0, >> shift, no more than 255; scales are unsigned. That is the narrow form, rounded half up, where
// clipping to 0..255 clips as the layer does.
#pragma once

#include "core/group/config.hpp"
#include "core/group/group.hpp"

namespace ares {

inline constexpr int32_t job_channels_in = 16, job_channels_out = 32, job_patch = 3;

AcceleratorForm accelerator_form(const Weighted& layer, const Tensor& in, const Tensor& out);

/// What the accelerator adds to each stored weight: the least w - z_w of the layer.
int32_t job_weight_offset(const Weighted& layer);

/// Pixels of a 1x1 window have no neighbours: a tile is taken as rows of a patch's width, and its end may be overrun.
inline bool job_takes_tokens(const GroupShape& s) {
  const Window& w = s.window;
  return s.family == Family::linear || (s.family == Family::conv && w.kh == 1 && w.sh == 1 && !is_padded(w));
}

/// Pixels of such a tile with those behind its end.
inline int32_t job_tokens(int32_t pixels) {
  return pixels < job_patch ? pixels : (pixels + job_patch - 1) / job_patch * job_patch;
}

/// Weights of one output channel: (groups of 16 input channels, bits, taps) of 16 bits. Of a depthwise layer, whose
/// weights have 8 bits here: the share of one in (groups of 16 channels, bits, taps) of 16 bits; 0: not whole bytes.
inline constexpr int32_t job_depthwise_group_bytes = 8 * 9 * 2;
inline int32_t job_depthwise_channel_bytes(int32_t channels) {
  const int32_t all = (channels + job_channels_in - 1) / job_channels_in * job_depthwise_group_bytes;
  return all % channels == 0 ? all / channels : 0;
}
inline int32_t job_channel_bytes(const AcceleratorForm& form, int32_t taps, int32_t channels) {
  return (channels + job_channels_in - 1) / job_channels_in * form.weight_bits * taps * 2;
}

/// Constants of a depthwise layer of which the workers compute the first `share` channels: theirs, then the
/// accelerator's, each as pack.hpp has them.
struct SharedConstants {
  int32_t weights_at = 0, params_at = 0;        ///< where the accelerator's begin, in bytes
  int32_t weights_bytes = 0, params_bytes = 0;  ///< all
};
SharedConstants shared_constants(const GroupShape& s, int32_t share);

/// Bytes of the first layer's weights and parameters under a config.
struct ConstantBytes {
  uint32_t weights = 0, params = 0;
};
ConstantBytes constants_of(const GroupShape& s, const Config& c);

}  // namespace ares
