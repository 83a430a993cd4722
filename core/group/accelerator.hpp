// What the convolution engine NE16 can do by itself, and how its constants are packed.
//
// It computes 3x3 and 1x1 convolutions of stride 1 or 2, depthwise ones of 3x3 and linear layers, of unsigned 8-bit
// inputs with weights of 2 to 8 bits, stored unsigned less one offset per layer, and requantises: acc * scale + bias,
// no less than 0, >> shift, no more than 255; scales are unsigned. That is the narrow form, rounded half up, where
// clipping to 0..255 clips as the layer does.
#pragma once

#include "core/group/group.hpp"

namespace ares {

inline constexpr int32_t job_channels_in = 16, job_channels_out = 32, job_patch = 3;

AcceleratorForm accelerator_form(const Weighted& layer, const Tensor& in, const Tensor& out);

/// What the accelerator adds to each stored weight: the least w - z_w of the layer.
int32_t job_weight_offset(const Weighted& layer);

/// Weights of one output channel: (groups of 16 input channels, bits, taps) of 16 bits. Of a depthwise layer, whose
/// weights have 8 bits here: the share of one in (bits, taps) of 16 bits for 16 channels.
inline constexpr int32_t job_depthwise_channel_bytes = 9;
inline int32_t job_channel_bytes(const AcceleratorForm& form, int32_t taps, int32_t channels) {
  return (channels + job_channels_in - 1) / job_channels_in * form.weight_bits * taps * 2;
}

}  // namespace ares
