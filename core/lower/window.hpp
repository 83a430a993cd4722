// Geometry of windowed operators (convolution, pool), shared by their families.
#pragma once

#include "core/lower/family.hpp"

namespace ares {

/// Positions a dilated kernel spans.
inline int32_t reach(int32_t kernel, int32_t dilation) { return (kernel - 1) * dilation + 1; }

/// Input positions under `tile` outputs.
inline int32_t input_span(int32_t tile, int32_t stride, int32_t span) { return (tile - 1) * stride + span; }

/// Positions of a window of stride `stride` that spans `span`, under outputs of this extent.
inline Extent under(Extent outputs, int32_t stride, int32_t span) {
  outputs.halo = static_cast<int16_t>((outputs.halo - 1) * stride + span);
  outputs.scale = static_cast<int16_t>(outputs.scale * stride);
  return outputs;
}

inline RegionDim window_rows(const GroupShape& s, Extent rows) {
  rows = under(rows, s.window.sh, reach(s.window.kh, s.window.dh));
  return {rows, s.in.h, static_cast<int16_t>(-s.window.pt)};
}

inline RegionDim window_columns(const GroupShape& s, Extent columns) {
  columns = under(columns, s.window.sw, reach(s.window.kw, s.window.dw));
  return {columns, s.in.w, static_cast<int16_t>(-s.window.pl)};
}

/// Bytes of the input tile under a tile of th x tw outputs, padding included.
inline uint32_t input_tile_bytes(const GroupShape& s, int32_t th, int32_t tw, int32_t channels) {
  return static_cast<uint32_t>(input_span(th, s.window.sh, reach(s.window.kh, s.window.dh)) *
                               input_span(tw, s.window.sw, reach(s.window.kw, s.window.dw)) * channels);
}

}  // namespace ares
